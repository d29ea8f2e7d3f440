"""A calendar as a person reads it: day by day, and what another version would change."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from chassis.businesstime import Calendar, day_begins, zone_named
from services.sla.domain.calendar_days import closed_days
from services.sla.domain.policy import NamedCalendar, counted_in

USUAL = "usual"
SPECIAL = "special"
CLOSED = "closed"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class YearDay:
    """One date: (opens, closes) by the clocks of the zone, and how much time that is."""

    day: date
    kind: str
    name: str
    hours: tuple[tuple[str, str], ...]
    open: timedelta


def days_of(versions: Sequence[NamedCalendar], first: date, last: date) -> Iterator[YearDay]:
    """Every date from the first to the last, as the clocks of the newest version's zone show it."""
    newest, counted = versions[-1], counted_in(versions)
    # What a date is called is said by the version that counts on it.
    told = [
        (one.valid_from or date.min, closed_days(one), {day.day: day.name for day in one.days})
        for one in reversed(versions)
    ]
    day = first
    while day <= last:
        closed, special = next(
            ((closed, special) for since, closed, special in told if since <= day), told[-1][1:]
        )
        kind, name = USUAL, ""
        if day in closed:
            kind, name = CLOSED, closed[day]
        elif day in special:
            kind, name = SPECIAL, special[day]
        hours, amount = _hours_on(counted, newest.hours.zone, day)
        yield YearDay(day, kind, name, hours, amount)
        day += _DAY


def changes(
    before: Sequence[NamedCalendar], after: Sequence[NamedCalendar], first: date, last: date
) -> Iterator[tuple[YearDay, YearDay]]:
    """Dates on which the hours are others, or which are called otherwise."""
    if not before:
        return
    for ours, theirs in zip(days_of(before, first, last), days_of(after, first, last), strict=True):
        if ours != theirs:
            yield ours, theirs


def _hours_on(counted: Calendar, zone: str, day: date) -> tuple[tuple[tuple[str, str], ...], timedelta]:
    begins, ends = (datetime.fromtimestamp(day_begins(zone, one), UTC) for one in (day, day + _DAY))
    local = zone_named(zone)
    hours = []
    for opens, closes in counted.spans(begins, ends):
        until = "24:00" if closes == ends else f"{closes.astimezone(local):%H:%M}"
        hours.append((f"{opens.astimezone(local):%H:%M}", until))
    return tuple(hours), counted.between(begins, ends)
