"""What sla is asked to do."""

from dataclasses import dataclass
from datetime import datetime

from services.sla.domain.history import Entry
from services.sla.domain.policy import NamedCalendar, Policy
from services.sla.domain.snapshot import Snapshot
from services.sla.domain.timer import Timer, TimerName


@dataclass(slots=True)
class ObserveTicket:
    """Something happened to a ticket; `entry` is None where no clock cares for it."""

    snapshot: Snapshot
    at: datetime
    entry: Entry | None = None


@dataclass(frozen=True, slots=True)
class FireAlarm:
    """A moment has come at which something becomes true of a ticket by itself."""

    ticket_id: str


@dataclass(frozen=True, slots=True)
class ArmTimer:
    """Somebody wants to hear of a moment."""

    timer: Timer


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """Nobody wants to hear of it any more: of this epoch and every one before it."""

    name: TimerName


@dataclass(frozen=True, slots=True)
class FireTimer:
    """The moment of a timer has come."""

    timer_id: str


@dataclass(frozen=True, slots=True)
class TurnPage:
    """A policy or a calendar was saved since the ticket's clock was settled."""

    ticket_id: str


@dataclass(frozen=True, slots=True)
class FillGap:
    """The ticket's log from its beginning up to a version."""

    ticket_id: str
    entries: tuple[Entry, ...]
    seen_to: int


@dataclass(frozen=True, slots=True)
class SavePolicy:
    """Make a policy (without an id, or with one that is free and expected version 0) or change it."""

    policy: Policy
    expected_version: int


@dataclass(frozen=True, slots=True)
class SaveCalendar:
    """Make a calendar or change it, likewise."""

    calendar: NamedCalendar
    expected_version: int
