"""Business time: how much open time lies between two moments, and which moment comes after so much of it.

A calendar is open when the wall clock of its zone shows a time inside the hours of the local date. Those are the hours
written for that date, where there are any; else none on a holiday; else the windows of the weekday. A window over
midnight of a week is two windows, one on each day, so a holiday closes the part that falls on it; hours written for
a date hold whole, past midnight too. A wall time that comes twice as clocks go back is open twice; one that is left
out as they go forward is open for no time at all.

A calendar has versions: before the day from which a version is valid, the version before it counts.
"""

from chassis.businesstime.assignment import Asker, Assignment, Whom, assignment_of, in_force
from chassis.businesstime.calendar import Calendar, Version, always_open, compile_calendar
from chassis.businesstime.hours import (
    CalendarError,
    DayHours,
    Hours,
    InvalidDay,
    InvalidWindow,
    NeverOpen,
    OverlappingWindows,
    UnknownZone,
    Window,
)
from chassis.businesstime.saved import NO_CALENDARS, CalendarNews, SavedCalendar, SavedCalendars, Timetable
from chassis.businesstime.written import Written
from chassis.businesstime.zones import TZDATA_VERSION, day_begins, zone_named

__all__ = [
    "NO_CALENDARS",
    "TZDATA_VERSION",
    "Asker",
    "Assignment",
    "Calendar",
    "CalendarError",
    "CalendarNews",
    "DayHours",
    "Hours",
    "InvalidDay",
    "InvalidWindow",
    "NeverOpen",
    "OverlappingWindows",
    "SavedCalendar",
    "SavedCalendars",
    "Timetable",
    "UnknownZone",
    "Version",
    "Whom",
    "Window",
    "Written",
    "always_open",
    "assignment_of",
    "compile_calendar",
    "day_begins",
    "in_force",
    "zone_named",
]
