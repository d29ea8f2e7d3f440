"""Calendars with all their versions, for those who count in what another service saves."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from chassis.businesstime.assignment import Asker, Assignment, Whom, assignment_of, in_force
from chassis.businesstime.calendar import Calendar, Version, always_open

_BEFORE = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SavedCalendar:
    """One version of a calendar: what it says of open time, whose it is, and from when on."""

    calendar_id: str
    number: int
    counts: Version
    saved_at: datetime | None = None
    # Only what begins after it was saved counts in it.
    is_for_new: bool = False
    whom: Whom = field(default_factory=Whom)


@dataclass(frozen=True, slots=True)
class CalendarNews:
    """A version of a calendar on its way to those who keep it; `told` is what was said of it, as it was said."""

    calendar_id: str
    number: int
    told: bytes


class Timetable:
    """What is in force for what began in one span, looked at in another."""

    def __init__(
        self, assignment: Assignment, calendars: dict[str, Calendar], around_the_clock: Calendar
    ) -> None:
        self._assignment = assignment
        self._calendars = calendars
        self._around_the_clock = around_the_clock

    def calendar_id(self, asker: Asker) -> str:
        """Empty where no calendar is for it: then its time is counted around the clock."""
        return self._assignment.calendar_id(asker)

    def calendar(self, asker: Asker) -> Calendar:
        return self._calendars.get(self.calendar_id(asker), self._around_the_clock)


class SavedCalendars:
    """Every version that is known. Safe to share between threads; what it answers of a moment rests on nothing that was
    saved after it."""

    def __init__(self, versions: Iterable[SavedCalendar] = ()) -> None:
        self._versions = sorted(versions, key=lambda one: one.number)
        self._begins = sorted({one.saved_at for one in self._versions if one.saved_at is not None})
        self._timetables: dict[tuple[int, int], Timetable] = {}
        # What was compiled for one timetable counts in others too.
        self._counted: dict[tuple[str, tuple[int, ...]], Calendar] = {}
        self._around_the_clock = always_open()

    def at(self, moment: datetime, began: datetime | None = None) -> Timetable:
        """What is in force at a moment for what began then, or earlier."""
        place = bisect_right(self._begins, moment)
        since = place if began is None else min(place, bisect_right(self._begins, began))
        found = self._timetables.get((since, place))
        if found is None:
            found = self._timetables[since, place] = self._timetable(self._begin(since), self._begin(place))
        return found

    def _begin(self, place: int) -> datetime:
        return self._begins[place - 1] if place else _BEFORE

    def _timetable(self, began: datetime, moment: datetime) -> Timetable:
        held: dict[str, list[SavedCalendar]] = {}
        for one in self._versions:
            if in_force(one.saved_at, one.is_for_new, began, moment):
                held.setdefault(one.calendar_id, []).append(one)
        calendars = {calendar_id: self._count_in(versions) for calendar_id, versions in held.items()}
        return Timetable(assignment_of(held.values()), calendars, self._around_the_clock)

    def _count_in(self, versions: list[SavedCalendar]) -> Calendar:
        key = versions[-1].calendar_id, tuple(one.number for one in versions)
        calendar = self._counted.get(key)
        if calendar is None:
            calendar = self._counted[key] = Calendar.of([one.counts for one in versions])
        return calendar


NO_CALENDARS = SavedCalendars()
