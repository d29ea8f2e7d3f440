"""Promises, calendars and clocks as the console shows them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.console.domain.rules import Condition


@dataclass(frozen=True, slots=True)
class PolicyTarget:
    """One promise of a policy; an empty priority stands for every one without a line of its own."""

    name: str
    priority: str
    within: timedelta
    warn_before: timedelta
    time: str
    also_warn_before: tuple[timedelta, ...] = ()
    # Where the line says it itself: statuses in which its time stands still; `none` for never.
    pause_statuses: tuple[str, ...] = ()

    @property
    def leads(self) -> tuple[timedelta, ...]:
        """How long before due each warning comes, the earliest first."""
        return tuple(sorted({self.warn_before, *self.also_warn_before} - {timedelta(0)}, reverse=True))


@dataclass(frozen=True, slots=True)
class Policy:
    """What is promised to whom."""

    policy_id: str
    name: str
    position: int
    channels: tuple[str, ...]
    groups: tuple[str, ...]
    calendar_id: str
    targets: tuple[PolicyTarget, ...]
    pause_statuses: tuple[str, ...]
    version: int
    # What else must hold of a ticket; None where nothing is asked.
    condition: Condition | None = None
    # What counts beside people's public messages.
    counts: tuple[str, ...] = ()
    is_off: bool = False


@dataclass(frozen=True, slots=True)
class OpenWindow:
    """Hours of a weekday (1 is Monday), local, HH:MM."""

    weekday: int
    opens: str
    closes: str

    def share(self) -> tuple[float, float]:
        """Start and length as percent of the day; what passes midnight is cut there."""
        opens, closes = _minutes(self.opens), _minutes(self.closes)
        closes = closes if closes > opens else 1440
        return opens / 14.4, (closes - opens) / 14.4


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes or 0)


@dataclass(frozen=True, slots=True)
class Calendar:
    """When time counts."""

    calendar_id: str
    name: str
    zone: str
    windows: tuple[OpenWindow, ...]
    holidays: tuple[str, ...]
    version: int

    def on(self, weekday: int) -> tuple[OpenWindow, ...]:
        """The windows of one weekday, earliest first."""
        return tuple(sorted((w for w in self.windows if w.weekday == weekday), key=lambda w: w.opens))


@dataclass(frozen=True, slots=True)
class Pause:
    """A span in which time stood still; without an end it still does."""

    begins_at: datetime
    ends_at: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class TargetState:
    """One promise to one ticket, with what was used of it."""

    name: str
    state: str
    started_at: datetime | None
    due_at: datetime | None
    met_at: datetime | None
    within: timedelta
    elapsed: timedelta
    paused: timedelta
    late: timedelta
    is_breached: bool
    pauses: tuple[Pause, ...] = ()

    @property
    def used_percent(self) -> int:
        """Used time as a share of the whole bar, which grows when late."""
        whole = self.within + self.late
        return round(100 * min(self.elapsed, self.within) / whole) if whole else 0

    @property
    def late_percent(self) -> int:
        whole = self.within + self.late
        return round(100 * self.late / whole) if whole else 0


@dataclass(frozen=True, slots=True)
class TicketClock:
    """Every promise to one ticket."""

    ticket_id: str
    policy_id: str
    policy_name: str
    targets: tuple[TargetState, ...]
    # Versions of the ticket whose facts have not come: then nothing of it is said to be due.
    missing: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ClockSegment:
    """A span in which a promise's time ran, stood still or was closed; `elapsed` is what was used by its end."""

    begins_at: datetime
    ends_at: datetime
    kind: str
    reason: str
    elapsed: timedelta


@dataclass(frozen=True, slots=True)
class ExplainedTarget:
    """A promise with its spans, the last ones of them."""

    state: TargetState
    time: str
    zone: str
    segments: tuple[ClockSegment, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class ExplainedClock:
    """Why a ticket's promises stand where they stand."""

    policy_name: str
    targets: tuple[ExplainedTarget, ...]
    missing: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class AtRisk:
    """An open ticket whose promise is near or past."""

    ticket_id: str
    target: str
    due_at: datetime
    group_id: str
    channel_id: str
    is_breached: bool


@dataclass(frozen=True, slots=True)
class RiskCount:
    """How many tickets of a group or channel are overdue, or due within so many minutes from now."""

    place: str
    overdue: int
    within_15: int
    within_60: int


@dataclass(frozen=True, slots=True)
class AtRiskList:
    """The nearest of them, and how many there are by group and channel."""

    tickets: tuple[AtRisk, ...]
    counts_by_group: Mapping[str, int]
    # Where asked for, the worst first.
    by_group: tuple[RiskCount, ...] = ()
    by_channel: tuple[RiskCount, ...] = ()

    @property
    def total(self) -> int:
        return sum(self.counts_by_group.values())


def worst_first(counts: Iterable[RiskCount]) -> tuple[RiskCount, ...]:
    """One for each place, summed, what is overdue before what will be."""
    sums: dict[str, RiskCount] = {}
    for one in counts:
        before = sums.get(one.place, RiskCount(one.place, 0, 0, 0))
        sums[one.place] = RiskCount(
            one.place,
            before.overdue + one.overdue,
            before.within_15 + one.within_15,
            before.within_60 + one.within_60,
        )
    return tuple(
        sorted(sums.values(), key=lambda one: (-one.overdue, -one.within_15, -one.within_60, one.place))
    )
