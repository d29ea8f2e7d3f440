"""Takes from the tickets' log what the bus has not brought in time."""

from collections.abc import Callable
from datetime import timedelta

import structlog

from chassis.batches import BatchRunner, Task
from chassis.clock import Clock
from chassis.leases import Lease
from chassis.mongo import Documents, named_failures


class GapFiller:
    """Looks for tickets with a gap that did not close by itself."""

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
            gone = {"gap_since": {"$lte": since}, "asked_at": {"$not": {"$gt": since}}}
            rows = list(self._clocks.find(gone, {"_id": 1}).limit(limit))
        if not rows:
            return False
        tasks = [Task("", self._read_log(row["_id"])) for row in rows]
        outcomes = self._runner.run(tasks)
        failed = [outcome.error for outcome in outcomes if outcome.error is not None]
        self._log.info("gaps_filled", tickets=len(rows) - len(failed), failed=len(failed))
        return len(rows) == limit and not failed
