"""Conditions that ask about time: open hours, and how long ago something was."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.businesstime import (
    Asker,
    Hours,
    SavedCalendar,
    SavedCalendars,
    Version,
    Whom,
    Window,
    compile_calendar,
)
from chassis.conditions import Test, compile_condition
from services.rules.application.vocabulary import find_field, find_read
from services.rules.domain.heard import Heard, SetField
from services.rules.domain.run import Memory, explain, run_rules
from services.rules.domain.view import View
from tests.heard_facts import TICKET, a_rule, a_set, changed

# Monday 9 to 17 in Lisbon, which is UTC in March until the 29th.
OFFICE = tuple(Window(day, "09:00", "17:00") for day in range(1, 6))
NIGHT = (Window(1, "20:00", "04:00"), Window(2, "20:00", "04:00"))
SAVED = datetime(2026, 1, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)


def saved(name: str, windows: tuple[Window, ...], number: int = 1, **more: object) -> SavedCalendar:
    whom = Whom(**{key: more.pop(key) for key in list(more) if key in Whom.__slots__})  # type: ignore[arg-type]
    counts = Version(Hours("Europe/Lisbon", windows))
    return SavedCalendar(name, number, counts, **{"saved_at": SAVED, "whom": whom, **more})  # type: ignore[arg-type]


CALENDARS = SavedCalendars(
    [saved("office", OFFICE, is_company=True), saved("night", NIGHT, groups=("night",))]
)


def an_event(moment: datetime, **ticket: object) -> Heard:
    return replace(changed({}), ticket=replace(TICKET, **ticket), occurred_at=moment)  # type: ignore[arg-type]


def holds(heard: Heard, field: str, operator: str, *values: str, known: SavedCalendars = CALENDARS) -> bool:
    asks = compile_condition(Test(field, operator, values), find_field)
    return asks.holds(View(heard, find_read, lambda: known))


def test_business_hours_are_those_of_the_tickets_calendar() -> None:
    noon, night = at("03-02 12:00"), at("03-02 22:00")
    assert holds(an_event(noon), "in_business_hours", "is", "true")
    assert holds(an_event(night), "in_business_hours", "is", "false")
    assert holds(an_event(noon, group="night"), "in_business_hours", "is", "false")
    assert holds(an_event(night, group="night"), "in_business_hours", "is", "true")


def test_without_a_calendar_it_is_always_open() -> None:
    nothing = SavedCalendars()
    heard = an_event(at("03-01 03:00"), created_at=at("02-28 03:00"))
    assert holds(heard, "in_business_hours", "is", "true", known=nothing)
    assert holds(heard, "business_time_since_created", "within", "24h", known=nothing)
    assert not holds(heard, "business_time_since_created", "within", "23h 59m", known=nothing)


@pytest.mark.parametrize(
    ("field", "of_ticket"),
    [
        ("since_created", "created_at"),
        ("since_requester_wrote", "last_requester_message_at"),
        ("since_agent_wrote", "last_agent_message_at"),
        ("in_status", "status_since"),
    ],
)
def test_a_length_is_counted_in_calendar_time_and_in_open_hours(field: str, of_ticket: str) -> None:
    # From Friday 16:00 to Monday 10:00: an hour and an hour are open.
    heard = an_event(at("03-09 10:00"), **{of_ticket: at("03-06 16:00")})
    assert holds(heard, f"time_{field}", "within", "66h")
    assert not holds(heard, f"time_{field}", "older_than", "2d18h")
    assert holds(heard, f"time_{field}", "older_than", "65h 59m 59s")
    assert holds(heard, f"business_time_{field}", "within", "2h")
    assert not holds(heard, f"business_time_{field}", "within", "1h 59m 59s")
    assert holds(heard, f"business_time_{field}", "older_than", "119m")


@pytest.mark.parametrize(
    "name", ["time_since_agent_wrote", "business_time_since_agent_wrote", "time_in_status"]
)
def test_what_never_was_is_neither_within_nor_older(name: str) -> None:
    heard = an_event(at("03-02 12:00"))
    assert not holds(heard, name, "within", "3650d")
    assert not holds(heard, name, "older_than", "0s")
    assert holds(heard, name, "is_not_set")


def test_a_status_that_a_rule_before_has_set_is_new() -> None:
    heard = an_event(at("03-02 12:00"), status="pending", status_since=at("02-02 12:00"))
    view = View(heard, find_read, lambda: CALENDARS)
    asks = compile_condition(Test("time_in_status", "older_than", ("1h",)), find_field)
    assert asks.holds(view)
    view.apply(SetField("status", "open"))
    assert not asks.holds(view)


def test_a_group_that_a_rule_before_has_set_brings_its_calendar() -> None:
    view = View(an_event(at("03-02 22:00")), find_read, lambda: CALENDARS)
    asks = compile_condition(Test("in_business_hours", "is", ("true",)), find_field)
    assert not asks.holds(view)
    view.apply(SetField("group", "night"))
    assert asks.holds(view)


def test_the_version_of_the_moment_counts_whenever_it_is_run_again() -> None:
    # From Wednesday on they close at noon; what happened on Tuesday afternoon happened in business hours.
    short = tuple(Window(day, "09:00", "12:00") for day in range(1, 6))
    later = SavedCalendars(
        [
            saved("office", OFFICE, is_company=True),
            saved("office", short, 2, saved_at=at("03-04 08:00"), is_company=True),
        ]
    )
    assert holds(an_event(at("03-03 15:00")), "in_business_hours", "is", "true", known=later)
    assert holds(an_event(at("03-04 15:00")), "in_business_hours", "is", "false", known=later)


def test_nobody_looks_for_calendars_where_no_rule_asks_for_them() -> None:
    def none() -> SavedCalendars:
        raise AssertionError("looked for")

    rules = a_set(a_rule("old", when=("time_since_created", "older_than", "1h"), events=("ticket_changed",)))
    assert run_rules(rules, an_event(at("03-09 10:00")), find_read, Memory(), none).matches


def test_an_explanation_says_how_long_it_was() -> None:
    when = ("business_time_since_created", "older_than", "90m")
    rules = a_set(a_rule("late", when=when, events=("ticket_changed",)))
    heard = an_event(at("03-09 10:00"), created_at=at("03-06 16:00"))
    (trace,) = explain(rules, heard, find_read, {}, {}, lambda: CALENDARS)
    (test,) = trace.tests
    assert (test.field, test.expected, test.actual, test.holds) == (when[0], ("90m",), "2h", True)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 40 * 86_400), st.integers(0, 20 * 86_400), st.integers(0, 400 * 3_600), st.booleans())
def test_within_and_older_than_say_what_business_time_says(
    began: int, lasted: int, limit: int, is_night: bool
) -> None:
    start = at("03-05 00:00") + timedelta(seconds=began)
    heard = an_event(start + timedelta(seconds=lasted), created_at=start, group="night" if is_night else "")
    calendar = compile_calendar("Europe/Lisbon", NIGHT if is_night else OFFICE)
    counted = calendar.between(start, heard.occurred_at)
    assert holds(heard, "business_time_since_created", "within", f"{limit}s") is (
        counted <= timedelta(seconds=limit)
    )
    assert holds(heard, "business_time_since_created", "older_than", f"{limit}s") is (
        counted > timedelta(seconds=limit)
    )
    assert holds(heard, "in_business_hours", "is", "true") is calendar.is_open(heard.occurred_at)
    assert CALENDARS.at(heard.occurred_at).calendar_id(Asker(group=heard.ticket.group)) == (
        "night" if is_night else "office"
    )
