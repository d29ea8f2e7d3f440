"""Ticket numbers, taken from the store a block at a time: one write for hundreds of tickets, at the price of gaps."""

import threading

from pymongo import ReturnDocument

from chassis.mongo import Documents, named_failures

BLOCK = 200


class Numbers:
    """Gives each number once, in any number of processes and threads."""

    def __init__(self, database: Documents, block: int = BLOCK) -> None:
        self._counters = database["counters"]
        self._block = block
        self._lock = threading.Lock()
        self._next = self._end = 0

    def take(self) -> int:
        """A number that nobody else gets. Raises Unavailable."""
        with self._lock:
            if self._next == self._end:
                with named_failures():
                    row = self._counters.find_one_and_update(
                        {"_id": "ticket_number"},
                        {"$inc": {"last": self._block}},
                        upsert=True,
                        return_document=ReturnDocument.AFTER,
                    )
                assert row is not None
                self._end = row["last"] + 1
                self._next = self._end - self._block
            number = self._next
            self._next += 1
            return number
