"""Brings what runs under what was saved last: a new version for all reaches tickets that nothing happens to."""

from datetime import timedelta

import structlog

from chassis.batches import BatchRunner, Task
from chassis.clock import Clock
from chassis.leases import Lease
from chassis.mongo import Documents, named_failures
from services.sla.adapters.mongo.book import Shelf
from services.sla.domain.commands import TurnPage
from services.sla.domain.history import AT_REST

# A batch that began before a save may write what it made of the book of before: as late as this nobody does.
_SETTLED = timedelta(minutes=1)


class PageTurner:
    """Settles tickets again that were settled under an older page of the book, in the order of their ids."""

    def __init__(
        self, database: Documents, clock: Clock, shelf: Shelf, runner: BatchRunner, *, batch: int
    ) -> None:
        self._clocks = database["clocks"]
        self._clock = clock
        self._shelf = shelf
        self._runner = runner
        self._batch = batch
        self._log = structlog.get_logger(__name__)
        self._page, self._after, self._is_done = "", "", False

    def turn(self, lease: Lease) -> bool:
        """One turn: a batch of what somebody still waits for. Asks for more until it has been through the store."""
        with named_failures():
            _, book = self._shelf.newest()
            if book.page != self._page:
                self._page, self._after, self._is_done = book.page, "", False
            if self._is_done:
                return False
            older = {
                "_id": {"$gt": self._after},
                "page": {"$ne": book.page},
                "ticket.status": {"$nin": sorted(AT_REST)},
            }
            rows = list(self._clocks.find(older, {"_id": 1}).sort("_id").limit(self._batch))
        if not rows:
            self._after = ""
            self._is_done = self._clock.now() - book.turned_at > _SETTLED
            return False
        self._after = rows[-1]["_id"]
        outcomes = self._runner.run([Task("", TurnPage(row["_id"])) for row in rows])
        failed = [outcome.error for outcome in outcomes if outcome.error is not None]
        if failed:
            # They are met again on the next way through.
            self._log.error("pages_not_turned", tickets=len(failed), error=str(failed[0])[:500])
        self._log.info("pages_turned", tickets=len(rows) - len(failed))
        return True
