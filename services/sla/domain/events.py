"""Facts: what has become true of a promise."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.sla.domain.policy import NamedCalendar
from services.sla.domain.snapshot import Snapshot
from services.sla.domain.timer import Timer


@dataclass(frozen=True, slots=True)
class Target:
    """What happened to one target of a ticket. `epoch` counts how often it was armed."""

    ticket: Snapshot
    name: str
    policy_id: str
    started_at: datetime
    due_at: datetime | None
    # When the fact became true.
    happened_at: datetime
    elapsed: timedelta
    within: timedelta
    epoch: int


@dataclass(frozen=True, slots=True)
class TimerWarned:
    """It will be missed unless somebody acts. `lead` is how long before due this was wanted, `nth` counts the warnings
    of one arming."""

    target: Target
    lead: timedelta
    nth: int


@dataclass(frozen=True, slots=True)
class TimerBreached:
    """It was missed."""

    target: Target


@dataclass(frozen=True, slots=True)
class TimerMet:
    """It was kept. After a breach of the same run this takes the breach back: an answer in time was heard late."""

    target: Target


# Said of every ticket there is, and a frozen one takes four times as long to make.
@dataclass(slots=True)
class ClockChanged:
    """What a list shows of the ticket is other than before."""

    ticket: Snapshot
    epoch: int
    target: str = ""
    due_at: datetime | None = None
    is_paused: bool = False
    is_breached: bool = False


@dataclass(frozen=True, slots=True)
class TimerFired:
    """What somebody wanted to hear of has come; the timer as it was armed."""

    timer: Timer


@dataclass(frozen=True, slots=True)
class CalendarChanged:
    """A version of a calendar was saved."""

    calendar: NamedCalendar


# What is said of a ticket's clock.
Fact = TimerWarned | TimerBreached | TimerMet | ClockChanged
