"""Whose turn it is, where several queues share one worker."""

from collections.abc import Mapping, Sequence


class Turns:
    """Whose turn it is: each lane gets of the facts handled a share by its weight, however large its bundles are, and
    one that was idle gets its next turn at once but no arrears (start-time fair queueing)."""

    def __init__(self, weights: Mapping[str, int]) -> None:
        self._weights = dict(weights)
        self._next = dict.fromkeys(weights, 0.0)
        self._now = 0.0

    def join(self, queue: str, weight: int) -> None:
        """One queue more, or another weight for one that is known."""
        self._weights[queue] = weight
        self._next.setdefault(queue, self._now)

    def whose(self, waiting: Sequence[str]) -> str:
        """Which of the queues that have something comes next."""
        queue = min(waiting, key=lambda queue: (max(self._next[queue], self._now), -self._weights[queue]))
        self._now = max(self._next[queue], self._now)
        return queue

    def took(self, queue: str, facts: int) -> None:
        """Note how much its turn held."""
        self._next[queue] = max(self._next[queue], self._now) + facts / self._weights[queue]
