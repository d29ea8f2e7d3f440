"""Business time: how much open time lies between two moments, and which moment comes after so much of it.

A calendar is open when the wall clock of its zone shows a time inside one of its windows and the local date
is no holiday. That sentence is the whole definition: a window over midnight is two windows, one on each day,
so a holiday closes the part that falls on it; a wall time that comes twice as clocks go back is open twice; one
that is left out as they go forward is open for no time at all.

The weekly pattern is written out as open intervals in UTC with prefix sums, a span of years at a time and
more when somebody asks beyond it, so every question is a search by halves. All arithmetic is in microseconds.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 1_000_000
_DAY_SECONDS = 86_400
_WEEK_SECONDS = 7 * _DAY_SECONDS
# A probe a day finds every change of offset: since 1900 no zone has changed twice within 95 hours (tzdata, all zones).
_PROBE_SECONDS = _DAY_SECONDS
_FIRST_YEAR, _LAST_YEAR = 1900, 2400
# How far `after` looks for open time before it says that there is none.
_SEARCH_YEARS = 120
# How many amounts have their last leg remembered.
_LEGS = 100


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


class OverlappingWindows(CalendarError):
    """Two windows share some time of the week."""


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
class Hours:
    """What a person writes down about a calendar."""

    zone: str
    windows: tuple[Window, ...]
    holidays: frozenset[date] = frozenset()


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
    """Open time of one set of hours. Safe to share between threads; every answer is exact."""

    __slots__ = ("_legs", "_pattern", "_table", "_zone", "hours")

    def __init__(self, hours: Hours) -> None:
        """Raises the CalendarError that names what is wrong with the hours."""
        self.hours = hours
        self._zone = _zone(hours.zone)
        self._pattern = _weekly_pattern(hours.windows)
        # Nothing is written out before somebody asks about some year.
        self._table = _Table(_LAST_YEAR, _FIRST_YEAR, 0, 0, [], [], [])
        # The leg that was found last for an amount: what begins within the same hours has it in common.
        self._legs: dict[timedelta, _Leg] = {}

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
        wanted = (amount.days * _DAY_SECONDS + amount.seconds) * _SECOND + amount.microseconds
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
        """Open intervals in UTC seconds, in order: within a constant offset local time is just a shift."""
        holidays = self.hours.holidays
        for piece_begin, piece_end, offset in _offset_pieces(self._zone, begin, end):
            low, high = piece_begin + offset, piece_end + offset
            for day in range(low // _DAY_SECONDS, (high - 1) // _DAY_SECONDS + 1):
                # The day 0 of the epoch was a Thursday.
                spans = self._pattern[(day + 3) % 7]
                if not spans or (holidays and date.fromordinal(day + 719_163) in holidays):
                    continue
                midnight = day * _DAY_SECONDS
                for opens, closes in spans:
                    first, last = max(midnight + opens, low), min(midnight + closes, high)
                    if first < last:
                        yield first - offset, last - offset


def compile_calendar(zone: str, windows: Iterable[Window], holidays: Iterable[date] = ()) -> Calendar:
    """A calendar to count in. Raises UnknownZone, InvalidWindow, OverlappingWindows or NeverOpen."""
    return Calendar(Hours(zone, tuple(windows), frozenset(holidays)))


def always_open() -> Calendar:
    """Every moment is open: calendar time counts in the same way as business time."""
    return compile_calendar("UTC", (Window(day, "00:00", "24:00") for day in range(1, 8)))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # A folder of zones ("Europe"), a path, and what is no name at all each fail in their own way.
        raise UnknownZone("zone", "an IANA time zone such as Europe/Lisbon") from None


def _weekly_pattern(windows: tuple[Window, ...]) -> tuple[tuple[tuple[int, int], ...], ...]:
    """Open seconds of each weekday from Monday on; windows over midnight are cut in two."""
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
        day, start = divmod(opens, _DAY_SECONDS)
        end = closes - day * _DAY_SECONDS
        days[day].append((start, min(end, _DAY_SECONDS)))
        if end > _DAY_SECONDS:
            days[(day + 1) % 7].append((0, end - _DAY_SECONDS))
    return tuple(tuple(sorted(spans)) for spans in days)


def _week_seconds(window: Window, place: int) -> tuple[int, int]:
    """When a window opens and closes, in seconds since Monday 00:00."""
    if not 1 <= window.weekday <= 7:
        raise InvalidWindow(f"windows[{place}].weekday", "1 (Monday) to 7 (Sunday)")
    opens = _clock_seconds(window.opens, f"windows[{place}].opens")
    closes = _clock_seconds(window.closes, f"windows[{place}].closes")
    if opens == _DAY_SECONDS:
        raise InvalidWindow(f"windows[{place}].opens", "HH:MM from 00:00 to 23:59")
    if closes <= opens:
        closes += _DAY_SECONDS
    midnight = (window.weekday - 1) * _DAY_SECONDS
    return midnight + opens, midnight + closes


def _clock_seconds(text: str, field: str) -> int:
    hours, colon, minutes = text.partition(":")
    digits = hours + minutes
    if colon and len(hours) == len(minutes) == 2 and digits.isascii() and digits.isdigit():
        seconds = int(hours) * 3_600 + int(minutes) * 60
        if seconds <= _DAY_SECONDS and int(minutes) < 60:
            return seconds
    raise InvalidWindow(field, "HH:MM from 00:00 to 24:00")


def _named(window: Window) -> str:
    return f"weekday {window.weekday} {window.opens}-{window.closes}"


def _offset_pieces(zone: ZoneInfo, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The span cut where the zone's offset from UTC changes: (begin, end, offset), all in seconds."""
    piece, offset = begin, _offset(zone, begin)
    at = begin
    while at < end:
        ahead = min(at + _PROBE_SECONDS, end)
        after = _offset(zone, ahead)
        if after != offset:
            change = _change(zone, at, ahead, offset)
            yield piece, change, offset
            # The probe is repeated from the change on: the zone may have changed again before `ahead`.
            piece, offset, at = change, _offset(zone, change), change
            continue
        at = ahead
    if piece < end:
        yield piece, end, offset


def _change(zone: ZoneInfo, low: int, high: int, offset: int) -> int:
    """The first second in (low, high] at which the offset is another."""
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle) == offset:
            low = middle
        else:
            high = middle
    return high


def _offset(zone: ZoneInfo, at: int) -> int:
    offset = datetime.fromtimestamp(at, zone).utcoffset()
    return offset.days * _DAY_SECONDS + offset.seconds if offset is not None else 0


def _open_before(table: _Table, at: int) -> int:
    """Open time from the table's begin up to a moment."""
    place = bisect_right(table.starts, at) - 1
    if place < 0:
        return 0
    closes = table.ends[place]
    return table.before[place] + (at if at < closes else closes) - table.starts[place]


def _micros(moment: datetime) -> int:
    since = moment - _EPOCH
    return (since.days * _DAY_SECONDS + since.seconds) * _SECOND + since.microseconds


def _moment(micros: int) -> datetime:
    return _EPOCH + timedelta(0, 0, micros)


def _year_start(year: int) -> int:
    since = datetime(year, 1, 1, tzinfo=UTC) - _EPOCH
    return since.days * _DAY_SECONDS
