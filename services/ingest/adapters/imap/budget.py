"""How many bytes of mail all mailboxes of a process hold together."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager


class Budget:
    """Bytes that may be in hand at the same time, a quarter of them for those who want no more than `small`.

    A large mail of a server that is slow holds its bytes for minutes: what is small does not wait for it.
    """

    def __init__(self, most: int, small: int) -> None:
        self._small = small
        self._for_small = _Share(most // 4)
        self._for_large = _Share(most - most // 4)

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return self._for_small.waiting + self._for_large.waiting

    def spending(self, size: int) -> AbstractContextManager[None]:
        """Wait until so many are free, and hold them for as long as the block lasts."""
        return (self._for_small if size <= self._small else self._for_large).spending(size)


class _Share:
    """Who wants more than there is at all gets all of it, alone.

    Whoever came first is served first: much is never free at once where those who want little go before.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._left = most
        self._waiting: deque[object] = deque()
        self._changed = threading.Condition()

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @contextmanager
    def spending(self, size: int) -> Iterator[None]:
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
