"""How many bytes of mail all mailboxes of a process hold together."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Budget:
    """Bytes that may be in hand at the same time; who wants more than there is at all gets all of it, alone.

    Whoever came first is served first: much is never free at once where those who want little go before.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._left = most
        self._waiting: deque[object] = deque()
        self._changed = threading.Condition()

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)

    @contextmanager
    def spending(self, size: int) -> Iterator[None]:
        """Wait until so many are free, and hold them for as long as the block lasts."""
        wanted, me = min(size, self._most), object()
        with self._changed:
            self._waiting.append(me)
            self._changed.wait_for(lambda: self._waiting[0] is me and self._left >= wanted)
            self._waiting.popleft()
            self._left -= wanted
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._left += wanted
                self._changed.notify_all()
