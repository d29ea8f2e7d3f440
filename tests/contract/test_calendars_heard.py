"""Whoever hears of calendars counts in them as sla does: the same calendar for a ticket, the same time to the second."""

from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.businesstime import Asker, Hours, SavedCalendars, Window
from services.reports.adapters import calendars as reports_calendars
from services.rules.adapters import calendars as rules_calendars
from services.sla.adapters.calendar_facts import calendar_changed_to_wire, facts_page
from services.sla.domain.book import Book
from services.sla.domain.calendar_days import written_out
from services.sla.domain.events import CalendarChanged
from services.sla.domain.policy import BUSINESS, NamedCalendar, Policy, PolicyTarget
from services.sla.domain.snapshot import Snapshot
from tests.saved_calendars import ASKERS, FIRST, MOMENTS, saved_calendars

RESOLUTION = PolicyTarget("resolution", timedelta(hours=8), time=BUSINESS)
EVERYBODY = Policy("p", "Everybody", 0, "", (RESOLUTION,))
LISTENERS: list[Any] = [rules_calendars, reports_calendars]


def heard(listener: Any, calendars: list[NamedCalendar]) -> SavedCalendars:
    facts = [calendar_changed_to_wire(CalendarChanged(one)) for one in calendars]
    news = [listener.news_of(fact) for fact in facts]
    return SavedCalendars([listener.calendar_of_bytes(one.told) for one in news])


def ticket_of(asker: Asker) -> Snapshot:
    about = ("", "", "", "", asker.sender, "")
    return Snapshot("t", 1, FIRST, "open", "medium", asker.channel, group=asker.group, about=about)


@pytest.mark.parametrize("listener", LISTENERS, ids=lambda one: one.__name__.split(".")[1])
@settings(max_examples=40, deadline=None)
@given(
    saved_calendars(),
    ASKERS,
    st.tuples(MOMENTS, MOMENTS, MOMENTS).map(sorted),
    st.randoms(use_true_random=False),
)
def test_a_listener_counts_as_sla_does_in_whatever_order_it_hears(
    listener: ModuleType, calendars: list[NamedCalendar], asker: Asker, moments: list[datetime], chance: Any
) -> None:
    began, ended, looked = moments
    ticket = ticket_of(asker)
    edition = Book([EVERYBODY], calendars).at(looked, began)
    its_own = edition.calendar(EVERYBODY, RESOLUTION, ticket, ticket.values)
    chance.shuffle(calendars)
    told = heard(listener, calendars).at(looked, began).calendar(asker)
    assert told.between(began, ended) == its_own.between(began, ended)
    assert told.is_open(looked) == its_own.is_open(looked)
    # The year after nothing is written out: there the hours tell.
    late = ended + timedelta(days=365)
    assert told.between(late, late + timedelta(days=9)) == its_own.between(late, late + timedelta(days=9))


@settings(max_examples=25, deadline=None)
@given(saved_calendars(), ASKERS, MOMENTS)
def test_what_is_saved_later_changes_nothing_of_an_earlier_moment(
    calendars: list[NamedCalendar], asker: Asker, moment: datetime
) -> None:
    by_then = [one for one in calendars if one.saved_at is not None and one.saved_at <= moment]
    early, late = heard(rules_calendars, by_then), heard(rules_calendars, calendars)
    day_before = moment - timedelta(days=1)
    found = [known.at(moment).calendar(asker).between(day_before, moment) for known in (early, late)]
    assert found[0] == found[1]


def test_the_busiest_calendar_there_may_be_is_said_in_a_third_of_a_megabyte() -> None:
    # A hundred windows a week: fourteen of each day, and two.
    windows = [Window(day, f"{hour:02}:00", f"{hour:02}:30") for day in range(1, 8) for hour in range(1, 16)][
        :100
    ]
    calendar = NamedCalendar("busy", "Busy", Hours("Europe/Berlin", tuple(windows)), 1, FIRST)
    fact = calendar_changed_to_wire(CalendarChanged(written_out(calendar, FIRST)))
    assert fact.ByteSize() < 350_000


def test_who_asks_gets_every_version_page_by_page() -> None:
    windows = tuple(
        Window(day, f"{hour:02}:00", f"{hour:02}:30") for day in range(1, 8) for hour in range(9, 18)
    )
    versions = [
        written_out(NamedCalendar(name, name, Hours("UTC", windows), version, FIRST), FIRST)
        for name in ("south", "a:b", "north")
        for version in (1, 2, 3)
    ]
    found: list[tuple[str, int]] = []
    token, pages = "", 0
    while pages == 0 or token:
        answer = facts_page([versions], token)
        found += [(fact.calendar_id, fact.version) for fact in answer.calendars]
        token, pages = answer.next_page_token, pages + 1
    assert pages > 1
    assert sorted(found) == found
    assert sorted(found) == sorted((one.calendar_id, one.version) for one in versions)
