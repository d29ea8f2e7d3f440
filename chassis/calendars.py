"""Calendars that another service saves: heard, asked for when somebody starts, kept, and counted in.

A version never changes, so each is kept once however often and in whatever order it is told.
"""

import threading
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from pymongo import IndexModel

from chassis.batches import BatchRunner, Task
from chassis.businesstime import (
    Calendar,
    CalendarNews,
    DayHours,
    Hours,
    SavedCalendar,
    SavedCalendars,
    Version,
    Whom,
    Window,
    Written,
)
from chassis.leases import Lease
from chassis.mongo import Documents, named_failures
from chassis.units import Unit

CALENDARS = "calendars"
_PAGE = "calendars_page"
_COUNT = "count"
INDEXES: Mapping[str, Sequence[IndexModel]] = {CALENDARS: [IndexModel("nth")], _PAGE: []}
_NEW = "new"


class ToldHours(Protocol):
    """Hours of a weekday or of a date."""

    @property
    def weekday(self) -> int: ...

    @property
    def day(self) -> str: ...

    @property
    def opens(self) -> str: ...

    @property
    def closes(self) -> str: ...


class ToldCalendar(Protocol):
    """One version of a calendar, as the message of the contract has it."""

    @property
    def calendar_id(self) -> str: ...

    @property
    def version(self) -> int: ...

    @property
    def zone(self) -> str: ...

    @property
    def applies_to(self) -> str: ...

    @property
    def valid_from(self) -> str: ...

    @property
    def begins_seconds(self) -> int: ...

    @property
    def ends_seconds(self) -> int: ...

    @property
    def lengths_seconds(self) -> Iterable[int]: ...

    @property
    def tzdata_version(self) -> str: ...

    @property
    def weekdays(self) -> Iterable[ToldHours]: ...

    @property
    def closed_days(self) -> Iterable[str]: ...

    @property
    def days(self) -> Iterable[ToldHours]: ...

    @property
    def domains(self) -> Iterable[str]: ...

    @property
    def groups(self) -> Iterable[str]: ...

    @property
    def channels(self) -> Iterable[str]: ...

    @property
    def is_company(self) -> bool: ...


def calendar_as_told(told: ToldCalendar, saved_at: datetime | None) -> SavedCalendar:
    """What was said of a calendar, ready to count in. Raises ValueError for what is no calendar."""
    dates: dict[str, list[tuple[str, str]]] = {}
    for one in told.days:
        dates.setdefault(one.day, []).append((one.opens, one.closes))
    hours = Hours(
        told.zone,
        tuple(Window(one.weekday, one.opens, one.closes) for one in told.weekdays),
        frozenset(map(date.fromisoformat, told.closed_days)),
        tuple(DayHours(date.fromisoformat(day), tuple(pairs)) for day, pairs in dates.items()),
    )
    written = None
    if told.ends_seconds > told.begins_seconds:
        lengths = tuple(told.lengths_seconds)
        written = Written(told.begins_seconds, told.ends_seconds, lengths, told.tzdata_version)
    valid_from = date.fromisoformat(told.valid_from) if told.valid_from else None
    version = Version(hours, valid_from, written)
    # Who cannot count in it hears it now and not when something is to be counted.
    Calendar.of([version])
    return SavedCalendar(
        told.calendar_id,
        told.version,
        version,
        saved_at,
        told.applies_to == _NEW,
        Whom(tuple(told.domains), tuple(told.groups), tuple(told.channels), told.is_company),
    )


class CalendarShelf:
    """What is kept, in memory. One small read tells whether there is more by now."""

    def __init__(self, database: Documents, read: Callable[[bytes], SavedCalendar]) -> None:
        self._database = database
        self._read = read
        self._lock = threading.Lock()
        self._known: list[SavedCalendar] = []
        self._newest = SavedCalendars()

    def newest(self) -> tuple[int, SavedCalendars]:
        """All that is kept, and its page: how many versions these are. Raises Unavailable."""
        with self._lock, named_failures():
            page = page_of(self._database)
            if page != len(self._known):
                rows = self._database[CALENDARS].find({"nth": {"$lte": page}}).sort("nth")
                self._known = [self._read(zlib.decompress(row["told"])) for row in rows]
                self._newest = SavedCalendars(self._known)
            return page, self._newest

    def at(self, page: int) -> SavedCalendars:
        """What was kept when that was the page. Raises Unavailable."""
        present, calendars = self.newest()
        return calendars if page == present else SavedCalendars(self._known[:page])


def page_of(database: Documents) -> int:
    row = database[_PAGE].find_one({"_id": _COUNT})
    return int(row["count"]) if row else 0


class BatchCalendars:
    """The calendars as one batch finds them, where it asks, and those that it keeps."""

    def __init__(self, unit: Unit, shelf: CalendarShelf) -> None:
        self._unit = unit
        self._shelf = shelf
        self._found: SavedCalendars | None = None
        self._known: set[str] = set()
        self._new: dict[str, CalendarNews] = {}
        # How many versions the batch counted in; None where nothing asked for any.
        self.page: int | None = None

    def newest(self) -> SavedCalendars:
        """Every version that is kept; the same for the whole batch. Raises Unavailable."""
        if self._found is None:
            self.page, self._found = self._shelf.newest()
        return self._found

    def load(self, news: Sequence[CalendarNews]) -> None:
        """Which of these are kept already."""
        if news:
            wanted = {"_id": {"$in": [_row_id(one) for one in news]}}
            with named_failures():
                self._known = {row["_id"] for row in self._unit.database[CALENDARS].find(wanted, {"_id": 1})}

    def keep(self, news: CalendarNews) -> None:
        """At the end of the batch, where it is not kept yet."""
        if _row_id(news) not in self._known:
            self._new[_row_id(news)] = news

    def stage(self) -> None:
        if not self._new:
            return
        with named_failures():
            page = page_of(self._unit.database)
        for nth, (row_id, news) in enumerate(self._new.items(), page + 1):
            # A year of office hours repeats itself, and is a thirtieth of its length then.
            self._unit.insert(CALENDARS, {"_id": row_id, "nth": nth, "told": zlib.compress(news.told)})
        count = page + len(self._new)
        # Two batches at once would each give the same places: the second is decided again.
        if page == 0:
            self._unit.insert(_PAGE, {"_id": _COUNT, "count": count})
        else:
            self._unit.update(_PAGE, {"_id": _COUNT, "count": page}, {"$set": {"count": count}})


class CalendarAsker:
    """Asks for everything, so that nothing rests on having heard it from the beginning. `ask` answers a page and the
    token of the next, empty after the last; `command` makes of each what the runner handles."""

    def __init__(
        self,
        ask: Callable[[str], tuple[Sequence[CalendarNews], str]],
        command: Callable[[CalendarNews], object],
        runner: BatchRunner,
    ) -> None:
        self._ask = ask
        self._command = command
        self._runner = runner

    def look(self, lease: Lease) -> bool:
        """One turn. Raises Unavailable where nobody answers: then it is tried again."""
        token = ""
        while True:
            news, token = self._ask(token)
            for outcome in self._runner.run([Task("", self._command(one)) for one in news]):
                if outcome.error is not None:
                    raise outcome.error
            if not token:
                return False


def _row_id(news: CalendarNews) -> str:
    return f"{news.calendar_id}:{news.number}"
