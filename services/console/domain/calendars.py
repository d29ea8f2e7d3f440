"""Calendars as the editor has them: what a person types, and what a year of it comes to."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from chassis.errors import InvalidField

_HOURS = re.compile(r"(\d\d:\d\d)\s*[-–]\s*(\d\d:\d\d)")
_LINE = re.compile(r"(\d{4}-\d\d-\d\d)\s+(closed|as ([1-7])|\d\d:\d\d[^A-Za-z]*)\s*(.*)")
Hours = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class OwnDay:
    """A date with hours of its own, those of a weekday (1 is Monday), or none."""

    day: str
    hours: Hours
    like_weekday: int
    name: str


@dataclass(frozen=True, slots=True)
class CalendarDraft:
    """A calendar as it is typed. `weekdays` are seven lines of hours, `days` and `feeds` have a line for each."""

    calendar_id: str = ""
    version: int = 0
    name: str = ""
    zone: str = ""
    weekdays: tuple[str, ...] = ("",) * 7
    days: str = ""
    country: str = ""
    region: str = ""
    feeds: str = ""
    valid_from: str = ""
    applies_to: str = "running"
    domains: str = ""
    groups: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    is_company: bool = False


@dataclass(frozen=True, slots=True)
class YearDay:
    """One date; `kind` is usual, special or closed."""

    day: date
    kind: str
    name: str
    hours: Hours
    open: timedelta

    @property
    def shown(self) -> str:
        """What a cell of the year is: closed for a named reason, off as every week, special or open."""
        return self.kind if self.kind != "usual" else "open" if self.open else "off"


@dataclass(frozen=True, slots=True)
class FeedState:
    """How a feed is; without a failure it is well."""

    url: str
    days: int
    failure: str = ""


@dataclass(frozen=True, slots=True)
class CalendarYear:
    """A year day by day, and the dates of the next 60 days that saving would change, before and after."""

    name: str
    zone: str
    year: int
    days: tuple[YearDay, ...]
    changes: tuple[tuple[YearDay, YearDay], ...] = ()
    feeds: tuple[FeedState, ...] = ()

    def month(self, month: int) -> tuple[YearDay, ...]:
        return tuple(one for one in self.days if one.day.month == month)

    @property
    def notable(self) -> tuple[YearDay, ...]:
        """The dates that are not like their weekday."""
        return tuple(one for one in self.days if one.kind != "usual")

    @property
    def open(self) -> timedelta:
        return sum((one.open for one in self.days), timedelta(0))


def hours_in(text: str, field: str) -> Hours:
    """As `09:00-12:00, 13:00-18:00`; nothing is closed. Raises InvalidField."""
    rest = _HOURS.sub("", text).replace(",", "").strip()
    if rest:
        raise InvalidField(field, "hours as 09:00-12:00, 13:00-18:00", text.strip()[:80])
    return tuple((opens, closes) for opens, closes in _HOURS.findall(text))


def own_days(text: str) -> Iterator[OwnDay]:
    """A line for each: the date, then hours, `closed` or `as 5`, then a name. Raises InvalidField."""
    for line in filter(None, (line.strip() for line in text.splitlines())):
        found = _LINE.fullmatch(line)
        if found is None:
            raise InvalidField("calendar.days", "2026-12-24 09:00-13:00 Name, or closed, or as 5", line[:80])
        day, what, weekday, name = found.groups()
        hours = () if what == "closed" or weekday else hours_in(what, "calendar.days")
        yield OwnDay(day, hours, int(weekday or 0), name.strip())


def written_hours(hours: Hours) -> str:
    return ", ".join(f"{opens}-{closes}" for opens, closes in hours)


def written_day(one: OwnDay) -> str:
    what = f"as {one.like_weekday}" if one.like_weekday else written_hours(one.hours) or "closed"
    return f"{one.day} {what} {one.name}".strip()
