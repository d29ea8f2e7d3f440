"""Other promises for a past period, as the console asks for them and shows what they come to."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from chassis.errors import InvalidField

UNDER_WAY = ("queued", "running")


@dataclass(frozen=True, slots=True)
class WhatIfDraft:
    """What a person typed. An empty id leaves the policy, or the calendar, as it was."""

    begin: datetime
    end: datetime
    policy_id: str = ""
    # Hours of each of the policy's targets, in their order.
    within: tuple[str, ...] = ()
    # The calendar that the policy counts in.
    counted_in: str = ""
    calendar_id: str = ""
    # Seven lines of hours.
    weekdays: tuple[str, ...] = ("",) * 7


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How many targets came to what."""

    met: int = 0
    breached: int = 0
    open: int = 0
    cancelled: int = 0

    @property
    def in_time(self) -> float | None:
        """The share that was kept of what is decided, in percent; None where nothing is."""
        decided = self.met + self.breached
        return 100 * self.met / decided if decided else None


@dataclass(frozen=True, slots=True)
class Sum:
    """Of one target: in all, or of one channel, group or tag."""

    target: str
    by: str
    value: str
    before: Outcomes
    after: Outcomes
    newly_breached: int
    no_longer_breached: int


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A question, how far it is, and what it came to."""

    what_if_id: str
    state: str
    reason: str
    begin: datetime
    end: datetime
    as_of: datetime
    # What is asked for: names of policies, and of calendars with their hours.
    drafts: tuple[str, ...]
    done: int
    total: int
    tickets: int
    incomplete: int
    kept_until: datetime
    sums: tuple[Sum, ...] = ()

    @property
    def is_under_way(self) -> bool:
        return self.state in UNDER_WAY

    def by(self, name: str) -> tuple[Sum, ...]:
        return tuple(one for one in self.sums if one.by == name)


@dataclass(frozen=True, slots=True)
class Side:
    """What became of a target, when it was due, and what was left of its time: less than nothing where it is late."""

    outcome: str
    due_at: datetime | None
    spare: timedelta


@dataclass(frozen=True, slots=True)
class Turn:
    """A target that turns; a side is None where it is not promised."""

    ticket_id: str
    target: str
    turn: str
    before: Side | None
    after: Side | None
    channel_id: str
    group_id: str


@dataclass(frozen=True, slots=True)
class TurnPage:
    turns: tuple[Turn, ...]
    next_token: str = ""


def day_in(text: str, field: str, zone: ZoneInfo) -> datetime:
    """The beginning of a day as a form sends it. Raises InvalidField."""
    try:
        return datetime.combine(date.fromisoformat(text), time(), zone)
    except ValueError:
        raise InvalidField(field, "a day as 2026-11-01", text[:80]) from None


def hours_in(text: str, field: str) -> timedelta:
    """Hours as 4, 1.5 or 0,5. Raises InvalidField."""
    try:
        seconds = round(float(text.replace(",", ".")) * 3_600)
        return timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        raise InvalidField(field, "hours, such as 4 or 1.5", text[:80]) from None
