"""What the queues' counters say: rates, how long the rest will take, how old the oldest message is.

A broker tells how many messages lie in a queue and, where it has a management API, how many were published and
acknowledged since it started. Nothing is taken from a queue to look at it: a peek would count as a delivery.
"""

import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

# Rates are told over this long, as on every board.
WINDOW = timedelta(minutes=15)
# How far back an arrival is remembered; a message older than that is "at least as old".
_MEMORY = timedelta(hours=24)
# Between two remembered points of the far past; the last WINDOW is kept whole.
_COARSE = timedelta(minutes=1)
_GROWS_BY = 1.05

DEAD = ".dead"
# Facts and jobs that wait for their next try.
_LATER = ("delay.", "celery_delayed_")
INTAKE = "intake."


@dataclass(frozen=True, slots=True)
class Reading:
    """One queue as the broker tells it. `published` and `acked` count since the broker started; 0 where unknown."""

    queue: str
    ready: int
    unacked: int = 0
    consumers: int = 0
    published: int = 0
    acked: int = 0


@dataclass(frozen=True, slots=True)
class QueueState:
    """One queue at one moment, and what came and left since the look before. Rates are per second over WINDOW."""

    queue: str
    ready: int
    unacked: int
    consumers: int
    came: int
    left: int
    since_last: timedelta
    came_per_second: float
    left_per_second: float
    oldest: timedelta

    @property
    def drain_seconds(self) -> float:
        """How long what waits will take at the present rate; infinite where the queue grows or nobody takes from
        it."""
        return drain_seconds(self.ready, self.came_per_second, self.left_per_second)


@dataclass(frozen=True, slots=True)
class QueueMinutes:
    """One queue over one bucket of time: its highest waiting, its mean rates, and the last that was seen in it."""

    queue: str
    at: datetime
    ready: int
    unacked: int
    consumers: int
    came_per_second: float
    left_per_second: float
    last_ready: int
    last_unacked: int
    last_drain_seconds: float
    oldest_seconds: float


def drain_seconds(ready: int, came_per_second: float, left_per_second: float) -> float:
    """Seconds until nothing waits. A queue grows where 5 % more comes than leaves and over a second's work waits."""
    if ready <= 0:
        return 0.0
    if left_per_second <= 0:
        return math.inf
    if came_per_second > left_per_second * _GROWS_BY and ready > left_per_second:
        return math.inf
    return ready / left_per_second


def dead_letters(states: Iterable[tuple[str, int]]) -> Mapping[str, int]:
    """How many messages lie in each dead-letter queue, of (queue, messages)."""
    return {queue: messages for queue, messages in states if queue.endswith(DEAD)}


def is_work(queue: str) -> bool:
    """Whether what lies there waits for somebody to take it: not laid aside, not waiting for its next try."""
    return not queue.endswith(DEAD) and not queue.startswith(_LATER)


@dataclass(frozen=True, slots=True)
class _Point:
    """How many messages had come and left by then, since we began to look."""

    at: datetime
    came: int
    left: int


@dataclass(slots=True)
class _Track:
    """One queue's past: all looks of the last WINDOW, and one a minute of the time before."""

    last: Reading
    near: deque[_Point]
    far: deque[_Point] = field(default_factory=deque)

    def newest_first(self) -> Iterator[_Point]:
        yield from reversed(self.near)
        yield from reversed(self.far)

    def forget(self, now: datetime) -> None:
        """Let the past grow coarse, and end after a day."""
        while len(self.near) > 1 and now - self.near[0].at > WINDOW:
            point = self.near.popleft()
            if not self.far or point.at - self.far[-1].at >= _COARSE:
                self.far.append(point)
        while self.far and now - self.far[0].at > _MEMORY:
            self.far.popleft()


class QueueWatch:
    """Remembers what was read, to tell rates and ages. Not for several threads.

    Messages leave a queue in the order they came. So with N of them there, the oldest is the N-th latest to have come;
    when that was is known to between two looks. What came before the first look is "at least that old".
    """

    def __init__(self) -> None:
        self._tracks: dict[str, _Track] = {}

    def look(self, readings: Sequence[Reading], at: datetime) -> list[QueueState]:
        """Take in one look at all queues; queues that are gone are forgotten."""
        states = [self._look(reading, at) for reading in readings]
        for gone in set(self._tracks) - {reading.queue for reading in readings}:
            del self._tracks[gone]
        return states

    def _look(self, reading: Reading, at: datetime) -> QueueState:
        there = reading.ready + reading.unacked
        track = self._tracks.get(reading.queue)
        if track is None:
            # What lies there already counts as come before all that we see come.
            track = self._tracks[reading.queue] = _Track(reading, deque([_Point(at, there, 0)]))
            before = track.near[-1]
        else:
            before = track.near[-1]
            came, left = _flow(track.last, reading)
            track.near.append(_Point(at, before.came + came, before.left + left))
            track.last = reading
            track.forget(at)
        now = track.near[-1]
        came_rate, left_rate = _rates(track.near[0], now)
        return QueueState(
            queue=reading.queue,
            ready=reading.ready,
            unacked=reading.unacked,
            consumers=reading.consumers,
            came=now.came - before.came,
            left=now.left - before.left,
            since_last=now.at - before.at,
            came_per_second=came_rate,
            left_per_second=left_rate,
            oldest=_oldest(track, there),
        )


def _flow(before: Reading, now: Reading) -> tuple[int, int]:
    """How many came and left between two looks.

    What is there grows by what comes and shrinks by what leaves, whatever the counters missed: a publisher that closed
    its connection at once, a message that a queue passed on when its time was up, a broker without statistics.
    """
    grown = (now.ready + now.unacked) - (before.ready + before.unacked)
    # A counter that went back began anew with the broker.
    published = now.published - before.published if now.published >= before.published else now.published
    acked = now.acked - before.acked if now.acked >= before.acked else now.acked
    left = max(acked, published - grown, -grown, 0)
    return left + grown, left


def _rates(begin: _Point, now: _Point) -> tuple[float, float]:
    seconds = (now.at - begin.at).total_seconds()
    if seconds <= 0:
        return 0.0, 0.0
    return (now.came - begin.came) / seconds, (now.left - begin.left) / seconds


def _oldest(track: _Track, there: int) -> timedelta:
    if there <= 0:
        return timedelta(0)
    now = track.near[-1]
    # So many had come before the oldest of those that are there.
    its_place = now.came - there
    later = now
    for point in track.newest_first():
        if point.came <= its_place:
            # It came between the two looks, at the pace of the others. Multiplied first: a pace that was rounded up
            # would lead beyond now.
            since = (later.at - point.at) * (its_place + 1 - point.came) / (later.came - point.came)
            return now.at - (point.at + since)
        later = point
    return now.at - later.at
