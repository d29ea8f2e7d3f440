"""Durations in the open hours of a ticket's calendar, beside those in calendar time."""

from datetime import UTC, datetime
from itertools import permutations

import pytest

from chassis.businesstime import Hours, SavedCalendar, SavedCalendars, Version, Whom, Window
from services.reports.domain.figures import (
    FIRST_REPLY,
    FIRST_REPLY_BUSINESS,
    RESOLUTION,
    RESOLUTION_BUSINESS,
    Figures,
)
from tests.fakes.ticket_facts import MONDAY, TicketLife
from tests.unit.services.reports.conftest import Counted

HOUR = 60
DAY = 24 * HOUR
# The hour after the ticket began is open on every day, and nothing else.
OPEN = tuple(Window(day, f"{MONDAY.hour:02}:00", f"{MONDAY.hour + 1:02}:00") for day in range(1, 8))
ALWAYS = tuple(Window(day, "00:00", "24:00") for day in range(1, 8))
SAVED = datetime(2020, 1, 1, tzinfo=UTC)


def saved(name: str, windows: tuple[Window, ...], whom: Whom, number: int = 1) -> SavedCalendar:
    return SavedCalendar(name, number, Version(Hours("UTC", windows)), SAVED, whom=whom)


@pytest.fixture
def counted() -> Counted:
    counted = Counted()
    counted.calendars.known = SavedCalendars(
        [
            saved("company", OPEN, Whom(is_company=True)),
            saved("night", ALWAYS, Whom(groups=("night",))),
        ]
    )
    return counted


def sums(figures: Figures, *names: str) -> list[float]:
    return [figures.duration(name).sum_milliseconds / 60_000 for name in names]


def test_a_first_reply_is_counted_in_open_hours_too(counted: Counted) -> None:
    life = TicketLife()
    counted.hear_all([life.opens(), life.answers(DAY + 30)])
    assert sums(counted.total, FIRST_REPLY, FIRST_REPLY_BUSINESS) == [DAY + 30, HOUR + 30]


def test_the_calendar_of_the_tickets_group_counts(counted: Counted) -> None:
    life = TicketLife()
    counted.hear_all([life.opens(), life.changes(1, group="night"), life.answers(DAY)])
    assert sums(counted.total, FIRST_REPLY, FIRST_REPLY_BUSINESS) == [DAY, DAY]


def test_without_a_calendar_every_moment_is_open(counted: Counted) -> None:
    counted.calendars.known = SavedCalendars()
    life = TicketLife()
    counted.hear_all([life.opens(), life.answers(90, status="solved")])
    assert sums(counted.total, FIRST_REPLY_BUSINESS, RESOLUTION_BUSINESS) == [90, 90]


@pytest.mark.parametrize("order", list(permutations(range(2))))
def test_a_later_resolution_is_counted_alike_in_whatever_order_its_ends_are_heard(
    counted: Counted, order: tuple[int, ...]
) -> None:
    life = TicketLife()
    counted.hear_all([life.opens(), life.answers(10, status="solved")])
    ends = [life.hears(DAY), life.answers(2 * DAY, status="solved")]
    for place in order:
        counted.hear_all([ends[place]])
    # Of the day between the reopening and the solution one hour is open.
    assert sums(counted.total, RESOLUTION) == [10 + DAY]
    assert counted.total.duration(RESOLUTION_BUSINESS).count == 2
    assert sums(counted.total, RESOLUTION_BUSINESS) == [10 + HOUR]
