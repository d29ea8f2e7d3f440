"""Counting in open intervals.

The hours are written out as open intervals in UTC with prefix sums, a span of years at a time and more when somebody
asks beyond it, so every question is a search by halves. All arithmetic is in microseconds.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from chassis.businesstime.hours import DAY_SECONDS, DayHours, Hours, NeverOpen, Pattern, Window
from chassis.businesstime.written import Written
from chassis.businesstime.zones import EPOCH_ORDINAL, TZDATA_VERSION, day_begins, offset_pieces, zone_named

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 1_000_000
_FIRST_YEAR, _LAST_YEAR = 1900, 2400
# How far `after` looks for open time before it says that there is none.
_SEARCH_YEARS = 120
# How many amounts have their last leg remembered.
_LEGS = 100


@dataclass(frozen=True, slots=True)
class Version:
    """Hours from a date on, as the clocks of their own zone show it; without one they always were.

    What is written counts as it is written; the hours tell the years beyond it.
    """

    hours: Hours
    valid_from: date | None = None
    written: Written | None = None


@dataclass(frozen=True, slots=True)
class _Table:
    """Open intervals of the years from `begin` to `end`: sorted, apart, with the open time before each."""

    first_year: int
    last_year: int
    begin: int
    end: int
    starts: list[int]
    ends: list[int]
    before: list[int]


@dataclass(slots=True)
class _Leg:
    """Moments from `first` to `last` after which one amount of open time leads to the same interval: from the first of
    them to `reached`, and from each later one as much later, or to the same moment where all of them are closed."""

    first: datetime
    last: datetime
    reached: datetime
    is_open: bool


class Calendar:
    """Open time of one set of hours, or of several that follow each other. Safe to share between threads; every answer
    is exact."""

    __slots__ = ("_legs", "_parts", "_table", "hours")

    def __init__(self, hours: Hours, versions: Sequence[Version] = ()) -> None:
        """Raises the CalendarError that names what is wrong with the hours. `versions` is for `of`."""
        self.hours = hours
        self._parts = _parts(versions or (Version(hours),))
        # Nothing is written out before somebody asks about some year.
        self._table = _Table(_LAST_YEAR, _FIRST_YEAR, 0, 0, [], [], [])
        # The leg that was found last for an amount: what begins within the same hours has it in common.
        self._legs: dict[timedelta, _Leg] = {}

    @classmethod
    def of(cls, versions: Sequence[Version]) -> Calendar:
        """Versions in the order in which they were made: each counts from its date on, whatever those before it say."""
        return cls(versions[-1].hours, versions)

    def write(self, first_year: int, last_year: int) -> Written:
        """The open intervals of these years (UTC)."""
        begin, end = _year_start(first_year), _year_start(last_year + 1)
        return Written.of(begin, end, self._open_seconds(begin, end), TZDATA_VERSION)

    def is_open(self, moment: datetime) -> bool:
        at = _micros(moment)
        table = self._covering(at, at)
        place = bisect_right(table.starts, at) - 1
        return place >= 0 and at < table.ends[place]

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Open time from one moment to another; negative where the second comes first."""
        begin, finish = _micros(start), _micros(end)
        if begin == finish:
            return timedelta(0)
        table = self._covering(begin, finish)
        return timedelta(0, 0, _open_before(table, finish) - _open_before(table, begin))

    def after(self, moment: datetime, amount: timedelta) -> datetime:
        """The first moment by which `amount` of open time has gone by; `moment` itself for nothing at all."""
        leg = self._legs.get(amount)
        if leg is not None and leg.first <= moment <= leg.last:
            return leg.reached + (moment - leg.first) if leg.is_open else leg.reached
        wanted = (amount.days * DAY_SECONDS + amount.seconds) * _SECOND + amount.microseconds
        if wanted < 0:
            raise ValueError("open time after a moment cannot be negative")
        if wanted == 0:
            return moment
        at = _micros(moment)
        table = self._covering(at, at)
        while True:
            goal = _open_before(table, at) + wanted
            place = bisect_left(table.before, goal) - 1
            # The last interval may be cut off by the end of the table; its end is a fact all the same.
            if place >= 0:
                reached = table.starts[place] + goal - table.before[place]
                if reached <= table.ends[place]:
                    self._remember(table, at, amount, reached, place)
                    return _moment(reached)
            if table.last_year >= min(moment.year + _SEARCH_YEARS, _LAST_YEAR):
                raise NeverOpen("holidays", f"open time within {_SEARCH_YEARS} years of {moment.isoformat()}")
            table = self._extend(table.first_year, table.last_year + 10)

    def _remember(self, table: _Table, at: int, amount: timedelta, reached: int, place: int) -> None:
        begun = bisect_right(table.starts, at) - 1
        if begun < 0:
            return
        if at < table.ends[begun]:
            first = max(table.starts[begun], at - (reached - table.starts[place] - 1))
            last = min(table.ends[begun] - 1, at + table.ends[place] - reached)
            leg = _Leg(_moment(first), _moment(last), _moment(reached - (at - first)), True)
        else:
            last = table.starts[begun + 1] if begun + 1 < len(table.starts) else at
            leg = _Leg(_moment(table.ends[begun]), _moment(last), _moment(reached), False)
        if len(self._legs) >= _LEGS:
            # What is left of a time that stood still is another amount each time.
            self._legs.clear()
        self._legs[amount] = leg

    def spans(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The open intervals within two moments, cut at both."""
        begin, finish = _micros(start), _micros(end)
        table = self._covering(begin, finish)
        place = max(0, bisect_right(table.starts, begin) - 1)
        for opens, closes in zip(table.starts[place:], table.ends[place:], strict=True):
            if opens >= finish:
                return
            first, last = max(opens, begin), min(closes, finish)
            if first < last:
                yield _moment(first), _moment(last)

    def _covering(self, first: int, last: int) -> _Table:
        table = self._table
        low, high = (first, last) if first <= last else (last, first)
        if table.begin <= low and high < table.end:
            return table
        years = [_moment(at).year for at in (low, high)]
        if years[0] < _FIRST_YEAR or years[1] > _LAST_YEAR:
            raise ValueError(f"a calendar knows the years {_FIRST_YEAR} to {_LAST_YEAR}")
        # A year before, for what began earlier; two more, for what falls due later.
        return self._extend(min(table.first_year, years[0] - 1), max(table.last_year, years[1] + 2))

    def _extend(self, first_year: int, last_year: int) -> _Table:
        # Two threads may compile at once: each table is right, and the wider one wins sooner or later.
        self._table = self._compile(first_year, last_year)
        return self._table

    def _compile(self, first_year: int, last_year: int) -> _Table:
        begin, end = _year_start(first_year), _year_start(last_year + 1)
        starts: list[int] = []
        ends: list[int] = []
        for opens, closes in self._open_seconds(begin, end):
            if ends and ends[-1] == opens:
                ends[-1] = closes
            else:
                starts.append(opens)
                ends.append(closes)
        before: list[int] = []
        total = 0
        for place, opens in enumerate(starts):
            starts[place] = opens * _SECOND
            before.append(total)
            total += (ends[place] - opens) * _SECOND
            ends[place] *= _SECOND
        return _Table(first_year, last_year, begin * _SECOND, end * _SECOND, starts, ends, before)

    def _open_seconds(self, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """Open intervals in UTC seconds, in order."""
        for part in self._parts:
            first, last = max(begin, part.begin), min(end, part.end)
            if first < last:
                yield from part.open_seconds(first, last)


# Before and after all years.
_ALWAYS = 10**12


@dataclass(frozen=True, slots=True)
class _Part:
    """What one version says of the time in which it counts."""

    begin: int
    end: int
    zone: ZoneInfo
    pattern: Pattern
    written: Written | None

    def open_seconds(self, begin: int, end: int) -> Iterator[tuple[int, int]]:
        written = self.written
        if written is None:
            yield from self._from_pattern(begin, end)
            return
        if begin < written.begin:
            yield from self._from_pattern(begin, min(end, written.begin))
        yield from written.intervals(begin, end)
        if end > written.end:
            yield from self._from_pattern(max(begin, written.end), end)

    def _from_pattern(self, begin: int, end: int) -> Iterator[tuple[int, int]]:
        # Within a constant offset local time is just a shift.
        for piece_begin, piece_end, offset in offset_pieces(self.zone, begin, end):
            low, high = piece_begin + offset, piece_end + offset
            for day in range(low // DAY_SECONDS, (high - 1) // DAY_SECONDS + 1):
                midnight = day * DAY_SECONDS
                for opens, closes in self.pattern.on(day + EPOCH_ORDINAL):
                    first, last = max(midnight + opens, low), min(midnight + closes, high)
                    if first < last:
                        yield first - offset, last - offset


def _parts(versions: Sequence[Version]) -> tuple[_Part, ...]:
    """The latest first, each takes what is left before the one made after it."""
    parts: list[_Part] = []
    end = _ALWAYS
    for version in reversed(versions):
        begin = -_ALWAYS
        if version.valid_from is not None:
            begin = day_begins(version.hours.zone, version.valid_from)
        if begin < end:
            zone, pattern = zone_named(version.hours.zone), Pattern(version.hours)
            parts.append(_Part(begin, end, zone, pattern, version.written))
            end = begin
        if end == -_ALWAYS:
            break
    else:
        # Of the time before the first version nobody said anything else.
        first = parts[-1]
        parts[-1] = _Part(-_ALWAYS, first.end, first.zone, first.pattern, first.written)
    return tuple(reversed(parts))


def compile_calendar(
    zone: str, windows: Iterable[Window], holidays: Iterable[date] = (), days: Iterable[DayHours] = ()
) -> Calendar:
    """A calendar to count in. Raises UnknownZone, InvalidWindow, InvalidDay, OverlappingWindows or NeverOpen."""
    return Calendar(Hours(zone, tuple(windows), frozenset(holidays), tuple(days)))


def always_open() -> Calendar:
    """Every moment is open: calendar time counts in the same way as business time."""
    return compile_calendar("UTC", (Window(day, "00:00", "24:00") for day in range(1, 8)))


def _open_before(table: _Table, at: int) -> int:
    """Open time from the table's begin up to a moment."""
    place = bisect_right(table.starts, at) - 1
    if place < 0:
        return 0
    closes = table.ends[place]
    return table.before[place] + (at if at < closes else closes) - table.starts[place]


def _micros(moment: datetime) -> int:
    since = moment - _EPOCH
    return (since.days * DAY_SECONDS + since.seconds) * _SECOND + since.microseconds


def _moment(micros: int) -> datetime:
    return _EPOCH + timedelta(0, 0, micros)


def _year_start(year: int) -> int:
    since = datetime(year, 1, 1, tzinfo=UTC) - _EPOCH
    return since.days * DAY_SECONDS
