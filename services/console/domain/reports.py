"""The fifteen minutes as the console shows them."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Durations:
    """Seconds of calendar time."""

    count: int
    sum_seconds: float
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class BoardChannel:
    """One channel's flow; `drain_seconds` is -1 where its queue grows."""

    channel_id: str
    in_per_minute: float
    out_per_minute: float
    ready: int
    unacked: int
    consumers: int
    drain_seconds: float
    latency: Durations
    spark: tuple[int, ...]
    dead_letters: int
    oldest_seconds: float

    @property
    def is_growing(self) -> bool:
        return self.drain_seconds < 0


@dataclass(frozen=True, slots=True)
class BoardPoint:
    """One minute."""

    at: datetime
    arrived: int
    completed: int
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class Board:
    """What happened between two moments."""

    begins_at: datetime
    ends_at: datetime
    channels: tuple[BoardChannel, ...]
    points: tuple[BoardPoint, ...]
    opened: int
    solved: int
    messages_in: int
    messages_out: int
    breached: int
    dead_letters: int
    waiting: int
    latency: Durations

    @property
    def minutes(self) -> float:
        return max((self.ends_at - self.begins_at).total_seconds() / 60, 1)

    @property
    def arrived_per_minute(self) -> float:
        return sum(channel.in_per_minute for channel in self.channels)

    @property
    def completed_per_minute(self) -> float:
        return sum(channel.out_per_minute for channel in self.channels)


@dataclass(frozen=True, slots=True)
class QueueLoad:
    """A queue in one minute."""

    queue: str
    at: datetime
    ready: int
    unacked: int
    consumers: int
    published_per_second: float
    acked_per_second: float
