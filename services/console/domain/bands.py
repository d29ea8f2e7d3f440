"""Overdue, due within the hour, later: how an agent reads a list."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.console.domain.tickets import AT_REST, Ticket

OVERDUE, SOON, LATER = "overdue", "soon", "later"
NAMES = (OVERDUE, SOON, LATER)


@dataclass(frozen=True, slots=True)
class Band:
    """One heading and its tickets, in the order they came."""

    name: str
    tickets: tuple[Ticket, ...]


def band_of(ticket: Ticket, at: datetime) -> str:
    """The band a ticket belongs to; a clock that stands still is never late."""
    clock = ticket.clock
    if clock is None or clock.is_paused or clock.due_at is None or ticket.status in AT_REST:
        return LATER
    if clock.due_at <= at:
        return OVERDUE
    return SOON if clock.due_at - at <= timedelta(hours=1) else LATER


def bands(tickets: Iterable[Ticket], at: datetime) -> Sequence[Band]:
    """The tickets under their headings; bands without any are left out."""
    parted: dict[str, list[Ticket]] = {name: [] for name in NAMES}
    for ticket in tickets:
        parted[band_of(ticket, at)].append(ticket)
    return [Band(name, tuple(members)) for name, members in parted.items() if members]
