"""The days of an iCalendar file (RFC 5545) on which it has an event of whole days."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from dateutil.rrule import rrulestr
from icalendar import Calendar, Event

from services.sla.domain.special_day import NamedDay

_MOST_DAYS = 2_000
_LONGEST_EVENT = 60
_EARLIEST = 1970
_REPEATED = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
# A calendar that is closed for more of a year than this is no calendar of holidays.
_MOST_A_YEAR = 183


class NoCalendar(Exception):
    """Why these bytes are no calendar of days, in words."""


def days_of_file(body: bytes, first: date, last: date) -> tuple[NamedDay, ...]:
    """Those from the first to the last day, each once, in order. Raises NoCalendar."""
    if b"BEGIN:VCALENDAR" not in body[:1_000].upper():
        raise NoCalendar("it is no iCalendar file")
    try:
        found: dict[date, str] = {}
        for component in Calendar.from_ical(body).walk("VEVENT"):
            if not isinstance(component, Event) or str(component.get("STATUS", "")).upper() == "CANCELLED":
                continue
            name = " ".join(str(component.get("SUMMARY", "")).split())[:200]
            for day in _days(component, first, last):
                found.setdefault(day, name)
                if len(found) > _MOST_DAYS:
                    raise NoCalendar(f"it has more than {_MOST_DAYS} days")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError) as error:
        raise NoCalendar(f"it is no iCalendar file: {str(error)[:200]}") from None
    for year in range(first.year, last.year + 1):
        if sum(day.year == year for day in found) > _MOST_A_YEAR:
            raise NoCalendar(f"it closes more than half of {year}")
    return tuple(NamedDay(day, name) for day, name in sorted(found.items()))


def _days(event: Event, first: date, last: date) -> Iterator[date]:
    begins = _read(event, "DTSTART").dt
    if isinstance(begins, datetime):
        # An appointment closes nothing.
        return
    if begins.year < _EARLIEST:
        raise NoCalendar(f"it has an event that begins in {begins.year}")
    length = _length(event, begins)
    if not 0 < length <= _LONGEST_EVENT:
        raise NoCalendar(f"it has an event of {length} days")
    excluded = set(_excluded(event))
    for start in _starts(event, begins, first - timedelta(days=_LONGEST_EVENT), last):
        if start in excluded:
            continue
        for number in range(length):
            day = start + timedelta(days=number)
            if first <= day <= last:
                yield day


def _read(event: Event, name: str) -> Any:
    """A property, whose type in the package is every type there is; what is none of dates is refused by its use."""
    return event.get(name)


def _length(event: Event, begins: date) -> int:
    if "DTEND" in event:
        ends = _read(event, "DTEND").dt
        ends = ends.date() if isinstance(ends, datetime) else ends
        return max((ends - begins).days, 1) if ends >= begins else 0
    return max(_read(event, "DURATION").dt.days, 1) if "DURATION" in event else 1


def _starts(event: Event, begins: date, first: date, last: date) -> Iterator[date]:
    rule = _read(event, "RRULE")
    if rule is None:
        yield begins
        return
    if isinstance(rule, list) or rule.get("FREQ", [""])[0] not in _REPEATED:
        raise NoCalendar("it repeats an event in a way that no holiday has")
    midnight = datetime(begins.year, begins.month, begins.day)  # noqa: DTZ001 - dates have no zone
    text = ";".join(part for part in rule.to_ical().decode().split(";") if not part.startswith("UNTIL="))
    until = rule.get("UNTIL", [last])[0]
    until = until.date() if isinstance(until, datetime) else until
    for start in islice(rrulestr(text, dtstart=midnight), _MOST_DAYS * 20):
        if start.date() > min(until, last):
            return
        if start.date() >= first:
            yield start.date()


def _excluded(event: Event) -> Iterator[date]:
    listed = _read(event, "EXDATE") or []
    for dates in listed if isinstance(listed, list) else [listed]:
        for one in dates.dts:
            yield one.dt.date() if isinstance(one.dt, datetime) else one.dt
