"""Fires what falls due: who has a share of the alarms has claimed what is due in it, and a batch of that takes effect in
one transaction.

The share only keeps replicas from doing the same work; what makes an effect happen once is the compare-and-set on the
clock's edition. A member that slept past its lease finds the editions moved on.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from chassis.batches import BatchRunner, Task
from chassis.clock import Clock
from chassis.failpoints import failpoint
from chassis.leases import Lease
from chassis.mongo import Document, Documents, named_failures
from chassis.shares import Share
from services.sla.adapters.measures import Measures
from services.sla.domain.commands import FireAlarm

# A clock that cannot be settled is tried again after this, so that it holds up nobody.
_SET_ASIDE = timedelta(minutes=1)


class AlarmPoller:
    """Looks for alarms of the shards that are ours."""

    def __init__(
        self,
        database: Documents,
        clock: Clock,
        runner: BatchRunner,
        measures: Measures,
        *,
        batch: int,
    ) -> None:
        self._clocks = database["clocks"]
        self._clock = clock
        self._runner = runner
        self._measures = measures
        self._batch = batch
        self._log = structlog.get_logger(__name__)

    def fire(self, share: Share) -> bool:
        """One turn: everything due now, at most a batch of it. Asks for more where the batch was full."""
        now = self._clock.now()
        wanted = {"shard": {"$in": sorted(share.parts)}, "alarm_at": {"$lte": now}}
        with named_failures():
            due = list(
                self._clocks.find(wanted, {"alarm_at": 1, "edition": 1}).sort("alarm_at").limit(self._batch)
            )
        self._measures.look("alarms", (now - due[0]["alarm_at"]).total_seconds() if due else 0.0)
        if not due:
            return False
        failpoint("after-claim-before-fire")
        outcomes = self._runner.run([Task("", FireAlarm(row["_id"])) for row in due])
        done = self._clock.now()
        for row, outcome in zip(due, outcomes, strict=True):
            if outcome.error is None:
                self._measures.effect.observe(max(0.0, (done - row["alarm_at"]).total_seconds()))
            else:
                self._set_aside(row, outcome.error, done)
        return len(due) == self._batch

    def _set_aside(self, row: Document, error: Exception, now: datetime) -> None:
        self._log.error("alarm_failed", ticket_id=row["_id"], error=f"{type(error).__name__}: {error}"[:500])
        with named_failures():
            self._clocks.update_one(
                {"_id": row["_id"], "edition": row["edition"]}, {"$set": {"alarm_at": now + _SET_ASIDE}}
            )


class GapFiller:
    """Takes from the tickets' log what the bus has not brought in time."""

    def __init__(
        self,
        database: Documents,
        clock: Clock,
        runner: BatchRunner,
        read_log: Callable[[str], object],
        patience: timedelta,
    ) -> None:
        self._clocks = database["clocks"]
        self._clock = clock
        self._runner = runner
        self._read_log = read_log
        self._patience = patience
        self._log = structlog.get_logger(__name__)

    def fill(self, lease: Lease) -> bool:
        """One turn: up to 50 tickets whose gap did not close by itself."""
        limit = 50
        with named_failures():
            since = self._clock.now() - self._patience
            rows = list(self._clocks.find({"gap_since": {"$lte": since}}, {"_id": 1}).limit(limit))
        if not rows:
            return False
        tasks = [Task("", self._read_log(row["_id"])) for row in rows]
        outcomes = self._runner.run(tasks)
        failed = [outcome.error for outcome in outcomes if outcome.error is not None]
        self._log.info("gaps_filled", tickets=len(rows) - len(failed), failed=len(failed))
        return len(rows) == limit and not failed
