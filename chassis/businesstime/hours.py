"""What a person writes down about a calendar, and what of it cannot be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

DAY_SECONDS = 86_400
_WEEK_SECONDS = 7 * DAY_SECONDS
# Open seconds of a day: from midnight, sorted, apart.
Spans = tuple[tuple[int, int], ...]


class CalendarError(ValueError):
    """A calendar that cannot be kept. `field` names the wrong part, `expected` what would do."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: {expected}")
        self.field = field
        self.expected = expected


class UnknownZone(CalendarError):
    """The zone is no IANA name."""


class InvalidWindow(CalendarError):
    """A window whose weekday or hours do not exist."""


class InvalidDay(CalendarError):
    """A date whose hours are written twice."""


class OverlappingWindows(CalendarError):
    """Two windows share some time."""


class NeverOpen(CalendarError):
    """No moment is open, so nothing could ever fall due."""


@dataclass(frozen=True, slots=True)
class Window:
    """Open hours that begin on a weekday (1 is Monday), local time.

    `closes` at or before `opens` lies on the next day; 24:00 is the midnight that ends the day.
    """

    weekday: int
    opens: str
    closes: str


@dataclass(frozen=True, slots=True)
class DayHours:
    """The hours of one date, in place of its weekday's and whether or not it is a holiday: (opens, closes) as in Window.

    No hours close the date.
    """

    day: date
    hours: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Hours:
    """What a person writes down about a calendar."""

    zone: str
    windows: tuple[Window, ...]
    holidays: frozenset[date] = frozenset()
    days: tuple[DayHours, ...] = ()


class Pattern:
    """The open seconds of every local date."""

    __slots__ = ("_days", "_holidays", "_weekdays")

    def __init__(self, hours: Hours) -> None:
        """Raises InvalidWindow, InvalidDay, OverlappingWindows or NeverOpen."""
        self._weekdays = _weekly_spans(hours.windows)
        self._holidays = frozenset(day.toordinal() for day in hours.holidays)
        self._days, late = _written_spans(hours.days)
        # What is left of a written night is open beside the hours that the next date has anyhow.
        for ordinal, span in late.items():
            self._days[ordinal] = _joined((*self.on(ordinal), span))

    def on(self, ordinal: int) -> Spans:
        """Of the date with this ordinal."""
        spans = self._days.get(ordinal)
        if spans is not None:
            return spans
        # The ordinal 1 was a Monday.
        return () if ordinal in self._holidays else self._weekdays[(ordinal - 1) % 7]


def _written_spans(days: Iterable[DayHours]) -> tuple[dict[int, Spans], dict[int, tuple[int, int]]]:
    """By ordinal, the hours of written dates, and what of them falls on the next date."""
    spans: dict[int, Spans] = {}
    late: dict[int, tuple[int, int]] = {}
    for place, one in enumerate(days):
        ordinal = one.day.toordinal()
        if ordinal in spans:
            raise InvalidDay(
                f"days[{place}].day", f"a day written once: {one.day.isoformat()} is there twice"
            )
        fields = [f"days[{place}].hours[{number}]" for number in range(len(one.hours))]
        found = sorted((*_seconds(*pair, at), at) for pair, at in zip(one.hours, fields, strict=True))
        for (_, closes, first), (opens, _, second) in pairwise(found):
            if opens < closes:
                raise OverlappingWindows(max(first, second), "hours apart from the others of the day")
        spans[ordinal] = tuple((opens, min(closes, DAY_SECONDS)) for opens, closes, _ in found)
        if found and found[-1][1] > DAY_SECONDS:
            late[ordinal + 1] = (0, found[-1][1] - DAY_SECONDS)
            _check_next_morning(days, one, late[ordinal + 1][1], found[-1][2])
    return spans, late


def _check_next_morning(days: Iterable[DayHours], one: DayHours, until: int, field: str) -> None:
    for other in days:
        if other.day.toordinal() == one.day.toordinal() + 1 and any(
            _seconds(*pair, field)[0] < until for pair in other.hours
        ):
            raise OverlappingWindows(field, f"hours apart from those of {other.day.isoformat()}")


def _joined(spans: Iterable[tuple[int, int]]) -> Spans:
    joined: list[tuple[int, int]] = []
    for opens, closes in sorted(spans):
        if joined and opens <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(closes, joined[-1][1]))
        else:
            joined.append((opens, closes))
    return tuple(joined)


def _weekly_spans(windows: tuple[Window, ...]) -> Mapping[int, Spans]:
    """Open seconds of each weekday, Monday is 0; windows over midnight are cut in two."""
    if not windows:
        raise NeverOpen("windows", "at least one open window a week")
    placed = sorted((*_week_seconds(window, place), place) for place, window in enumerate(windows))
    following = [*placed[1:], (placed[0][0] + _WEEK_SECONDS, placed[0][1] + _WEEK_SECONDS, placed[0][2])]
    for (_, closes, place), (opens, _, other) in zip(placed, following, strict=True):
        if opens < closes:
            raise OverlappingWindows(
                f"windows[{max(place, other)}]", f"hours apart from {_named(windows[min(place, other)])}"
            )
    days: list[list[tuple[int, int]]] = [[] for _ in range(7)]
    for opens, closes, _ in placed:
        day, start = divmod(opens, DAY_SECONDS)
        end = closes - day * DAY_SECONDS
        days[day].append((start, min(end, DAY_SECONDS)))
        if end > DAY_SECONDS:
            days[(day + 1) % 7].append((0, end - DAY_SECONDS))
    return {day: tuple(sorted(spans)) for day, spans in enumerate(days)}


def _week_seconds(window: Window, place: int) -> tuple[int, int]:
    """When a window opens and closes, in seconds since Monday 00:00."""
    if not 1 <= window.weekday <= 7:
        raise InvalidWindow(f"windows[{place}].weekday", "1 (Monday) to 7 (Sunday)")
    opens, closes = _seconds(window.opens, window.closes, f"windows[{place}]")
    midnight = (window.weekday - 1) * DAY_SECONDS
    return midnight + opens, midnight + closes


def _seconds(opens: str, closes: str, field: str) -> tuple[int, int]:
    """When hours begin and end, in seconds since the midnight before they open."""
    first = _clock_seconds(opens, f"{field}.opens")
    last = _clock_seconds(closes, f"{field}.closes")
    if first == DAY_SECONDS:
        raise InvalidWindow(f"{field}.opens", "HH:MM from 00:00 to 23:59")
    return first, last if last > first else last + DAY_SECONDS


def _clock_seconds(text: str, field: str) -> int:
    hours, colon, minutes = text.partition(":")
    digits = hours + minutes
    if colon and len(hours) == len(minutes) == 2 and digits.isascii() and digits.isdigit():
        seconds = int(hours) * 3_600 + int(minutes) * 60
        if seconds <= DAY_SECONDS and int(minutes) < 60:
            return seconds
    raise InvalidWindow(field, "HH:MM from 00:00 to 24:00")


def _named(window: Window) -> str:
    return f"weekday {window.weekday} {window.opens}-{window.closes}"
