"""How many bytes of mail all mailboxes of a process hold together."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Budget:
    """Bytes that may be in hand at the same time; who wants more than there is at all gets all of it, alone."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._left = most
        self._changed = threading.Condition()

    @contextmanager
    def spending(self, size: int) -> Iterator[None]:
        """Wait until so many are free, and hold them for as long as the block lasts."""
        wanted = min(size, self._most)
        with self._changed:
            self._changed.wait_for(lambda: self._left >= wanted)
            self._left -= wanted
        try:
            yield
        finally:
            with self._changed:
                self._left += wanted
                self._changed.notify_all()
