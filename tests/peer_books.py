"""Policies and moments of other helpdesks, to tell their examples with."""

from datetime import UTC, date, datetime, timedelta

from chassis.businesstime import Hours, Window
from services.sla.domain.book import Book
from services.sla.domain.policy import NamedCalendar, PolicyTarget
from tests.ticket_story import a_line, a_policy

# Before all of the stories.
EARLY = datetime(2000, 1, 1, tzinfo=UTC)


def book(hours: Hours | None, *lines: PolicyTarget) -> Book:
    """A policy of these lines in these hours; calendar time where there are none."""
    if hours is None:
        return Book([a_policy(*lines, calendar_id="", saved_at=EARLY)])
    return Book([a_policy(*lines, saved_at=EARLY)], [NamedCalendar("office", "Office", hours, 1, EARLY)])


def line(name: str, minutes: float, **more: object) -> PolicyTarget:
    return a_line(name, minutes / 60, **more)


def open_on(days: range, opens: str, closes: str, zone: str = "UTC", *holidays: date) -> Hours:
    return Hours(zone, tuple(Window(day, opens, closes) for day in days), frozenset(holidays))


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


def minutes(length: timedelta) -> float:
    return length.total_seconds() / 60


def always(name: str, length: float, **more: object) -> PolicyTarget:
    return line(name, length, time="calendar", **more)


def winter(text: str) -> str:
    """UTC as the wall clock of Berlin, which tells stories, in winter."""
    return (datetime.fromisoformat(text) + timedelta(hours=1)).isoformat()
