"""Ticket numbers, taken from the store a block at a time: one write for hundreds of tickets, at the price of gaps."""

import threading

from pymongo import ReturnDocument

from chassis.clock import monotonic
from chassis.mongo import Documents, named_failures

BLOCK = 200
# In a flood a block of 200 is gone within one batch, and to take the next costs the batch a journaled write's time.
MOST = 3_200
_SOON = 1.0


class Numbers:
    """Gives each number once, in any number of processes and threads.

    A block that is used up within a second is followed by one twice as large, up to MOST; so the gap that a process
    leaves behind is large only where a second's tickets are many.
    """

    def __init__(self, database: Documents, block: int = BLOCK) -> None:
        self._counters = database["counters"]
        self._least = self._block = block
        self._lock = threading.Lock()
        self._next = self._end = 0
        self._taken_at = float("-inf")

    def take(self) -> int:
        """A number that nobody else gets. Raises Unavailable."""
        with self._lock:
            if self._next == self._end:
                self._take_block()
            number = self._next
            self._next += 1
            return number

    def _take_block(self) -> None:
        is_soon = monotonic() - self._taken_at < _SOON
        block = min(self._block * 2, MOST) if is_soon else self._least
        with named_failures():
            row = self._counters.find_one_and_update(
                {"_id": "ticket_number"},
                {"$inc": {"last": block}},
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        assert row is not None
        self._block, self._taken_at = block, monotonic()
        self._end = row["last"] + 1
        self._next = self._end - block
