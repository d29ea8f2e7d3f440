"""The board: what came and went in the last minutes, by channel, and what waits now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.reports.domain import figures as names
from services.reports.domain.figures import Figures
from services.reports.domain.histogram import Histogram
from services.reports.domain.queues import DEAD, INTAKE, QueueMinutes, dead_letters, is_work
from services.reports.domain.tally import Key, minute_of, moment_of

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Window:
    """Whole minutes, of which the last may not be over yet."""

    first_minute: int
    last_minute: int
    ends_at: datetime

    @property
    def begins_at(self) -> datetime:
        return moment_of(self.first_minute)

    @property
    def minutes(self) -> float:
        """How much of it has passed."""
        return (self.ends_at - self.begins_at) / _MINUTE


@dataclass(frozen=True, slots=True)
class ChannelBoard:
    """One channel in the window. `drain_seconds` is infinite where its queue grows; `spark` are arrivals a minute."""

    channel: str
    arrived: int
    completed: int
    spark: tuple[int, ...]
    message_to_ticket: Histogram
    ready: int
    unacked: int
    consumers: int
    drain_seconds: float
    oldest_seconds: float
    dead_letters: int


@dataclass(frozen=True, slots=True)
class Point:
    """One minute of all channels."""

    at: datetime
    arrived: int
    message_to_ticket: Histogram

    @property
    def completed(self) -> int:
        """Messages that became entries in that minute, whenever they had arrived."""
        return self.message_to_ticket.count


@dataclass(frozen=True, slots=True)
class Board:
    """The whole board."""

    window: Window
    channels: tuple[ChannelBoard, ...]
    points: tuple[Point, ...]
    whole: Figures
    dead_letters: int
    waiting: int


def window_of(span: timedelta, end: datetime) -> Window:
    """As many minutes as the span has, the last of them the one that `end` is in or closes."""
    last = minute_of(end - timedelta(microseconds=1))
    return Window(last - span // _MINUTE + 1, last, end)


def board_of(window: Window, minutes: Iterable[tuple[Key, Figures]], loads: Sequence[QueueMinutes]) -> Board:
    """The board of a window's minutes (by channel) and of what was last seen of each queue."""
    by_minute: dict[int, Figures] = {}
    by_channel: dict[str, dict[int, Figures]] = {}
    whole = Figures()
    for key, figures in minutes:
        whole.merge(figures)
        by_minute.setdefault(key.minute, Figures()).merge(figures)
        of_channel = by_channel.setdefault(key.value, {})
        of_channel.setdefault(key.minute, Figures()).merge(figures)
    queues = {load.queue: load for load in loads}
    waits = [(load.queue, load.last_ready) for load in loads]
    dead = dead_letters(waits)
    return Board(
        window=window,
        channels=tuple(
            _channel(name, by_channel.get(name, {}), window, queues)
            for name in sorted(_channels(by_channel, queues))
        ),
        points=tuple(
            _point(minute, by_minute.get(minute, Figures()))
            for minute in range(window.first_minute, window.last_minute + 1)
        ),
        whole=whole,
        dead_letters=sum(dead.values()),
        waiting=sum(ready for queue, ready in waits if is_work(queue)),
    )


def _channels(by_channel: Mapping[str, object], queues: Mapping[str, object]) -> set[str]:
    quiet = {
        queue.removeprefix(INTAKE)
        for queue in queues
        if queue.startswith(INTAKE) and not queue.endswith(DEAD)
    }
    return quiet | {channel for channel in by_channel if channel}


def _channel(
    name: str, minutes: Mapping[int, Figures], window: Window, queues: Mapping[str, QueueMinutes]
) -> ChannelBoard:
    whole = names.merged(minutes.values())
    load = queues.get(INTAKE + name)
    dead = queues.get(INTAKE + name + DEAD)
    latency = whole.duration(names.MESSAGE_TO_TICKET)
    return ChannelBoard(
        channel=name,
        arrived=whole[names.ARRIVED],
        completed=latency.count,
        spark=tuple(
            minutes[minute][names.ARRIVED] if minute in minutes else 0
            for minute in range(window.first_minute, window.last_minute + 1)
        ),
        message_to_ticket=latency,
        ready=load.last_ready if load else 0,
        unacked=load.last_unacked if load else 0,
        consumers=load.consumers if load else 0,
        drain_seconds=load.last_drain_seconds if load else 0.0,
        oldest_seconds=load.oldest_seconds if load else 0.0,
        dead_letters=dead.last_ready if dead else 0,
    )


def _point(minute: int, figures: Figures) -> Point:
    return Point(moment_of(minute), figures[names.ARRIVED], figures.duration(names.MESSAGE_TO_TICKET))
