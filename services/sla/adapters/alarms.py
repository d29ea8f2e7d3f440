"""Fires what falls due, clocks and timers alike: both have `alarm_at` while something is armed.

Who has a share of the shards has claimed what is due in them, and a batch of that takes effect in one transaction. The
share only keeps replicas from doing the same work; what makes an effect happen once is the compare-and-set on the row's
edition. A member that slept past its lease finds the editions moved on.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from pymongo.collection import Collection
from pymongo.cursor import Cursor

from chassis.batches import BatchRunner, Task
from chassis.clock import Clock
from chassis.failpoints import failpoint
from chassis.mongo import Document, named_failures
from chassis.shares import Share
from services.sla.adapters.measures import Measures

# What cannot take effect is tried again after this, so that it holds up nobody.
_SET_ASIDE = timedelta(minutes=1)


class AlarmPoller:
    """Looks for what is due in our shards of one collection; `fires` makes the command of a row's id."""

    def __init__(
        self,
        rows: Collection[Document],
        fires: Callable[[str], object],
        clock: Clock,
        runner: BatchRunner,
        measures: Measures,
        *,
        batch: int,
    ) -> None:
        self._rows = rows
        self._fires = fires
        self.clock = clock
        self._runner = runner
        self._measures = measures
        self._batch = batch
        self._log = structlog.get_logger(__name__)

    def fire(self, share: Share) -> bool:
        """One turn: everything due now, at most a batch of it. Asks for more where the batch was full."""
        now = self.clock.now()
        due = self.due(share, now)
        self._measures.look(self._rows.name, (now - due[0]["alarm_at"]).total_seconds() if due else 0.0)
        if not due:
            return False
        failpoint("after-claim-before-fire")
        outcomes = self._runner.run([Task("", self._fires(row["_id"])) for row in due])
        done = self.clock.now()
        for row, outcome in zip(due, outcomes, strict=True):
            if outcome.error is None:
                self._measures.took_effect((done - row["alarm_at"]).total_seconds())
            else:
                self._set_aside(row, outcome.error, done)
        return len(due) == self._batch

    def due(self, share: Share, now: datetime) -> list[Document]:
        """What is due longest, at most a batch of it."""
        with named_failures():
            return list(self.look(share, now))

    def look(self, share: Share, now: datetime) -> Cursor[Document]:
        """The same as a question that was not asked yet."""
        wanted = {"shard": {"$in": sorted(share.parts)}, "alarm_at": {"$lte": now}}
        rows = self._rows.find(wanted, {"alarm_at": 1, "edition": 1}).sort("alarm_at").limit(self._batch)
        # One round trip: unless told, the server begins with 101.
        return rows.batch_size(self._batch + 1)

    def _set_aside(self, row: Document, error: Exception, now: datetime) -> None:
        self._measures.failed(self._rows.name)
        self._log.error(
            "alarm_failed",
            rows=self._rows.name,
            row_id=row["_id"],
            error=f"{type(error).__name__}: {error}"[:500],
        )
        with named_failures():
            self._rows.update_one(
                {"_id": row["_id"], "edition": row["edition"]}, {"$set": {"alarm_at": now + _SET_ASIDE}}
            )
