"""Zammad's examples, by their numbers: where ours come to something else, docs/sla.md says why.

zammad/zammad, spec/models/ticket/escalation_examples.rb and spec/lib/escalation_spec.rb. Its times are UTC, its hours Berlin's:
an hour ahead in March, two in June.
"""

from datetime import timedelta

import pytest

from services.sla.domain.book import Book
from tests.peer_books import always, at, book, line, minutes, open_on
from tests.ticket_story import Story, berlin

_ZAMMAD = open_on(range(1, 6), "08:00", "18:00", "Europe/Berlin")
_EVERY_DAY = open_on(range(1, 8), "09:00", "18:00", "Europe/Berlin")
STANDARD = book(_ZAMMAD, line("first_reply", 60), line("next_reply", 120), line("resolution", 180))


def zammad(pausing: tuple[str, ...], first: float, solution: float) -> Book:
    lines = (line("first_reply", first, pause_statuses=pausing), line("resolution", solution))
    return book(_EVERY_DAY, *lines)


def test_zammad_a_mail_at_half_past_nine_is_due_at_half_past_ten_and_closed_by_half_past_twelve() -> None:
    states = Story("2013-03-21T10:30").at("2013-03-21T10:31", STANDARD)
    assert states["first_reply"].due_at == at("2013-03-21T10:30")
    assert states["resolution"].due_at == at("2013-03-21T12:30")
    # Zammad runs its update target from the same mail, until 11:30; here the first message waits for the first reply alone.
    assert "next_reply" not in states


@pytest.mark.parametrize(("answered", "used", "left"), [("11:00", 30, 30), ("15:00", 270, -210)])
def test_zammad_the_first_response_in_time_and_over(answered: str, used: float, left: float) -> None:
    story = Story("2013-03-21T10:30").agent(f"2013-03-21T{answered}")
    first = story.at("2013-03-21T16:00", STANDARD)["first_reply"]
    assert (minutes(first.elapsed), 60 - minutes(first.elapsed)) == (used, left)
    assert minutes(first.late) == max(0.0, -left)


@pytest.mark.parametrize(("closed", "used", "left"), [("12:30", 120, 60), ("14:00", 210, -30)])
def test_zammad_closed_in_time_and_over(closed: str, used: float, left: float) -> None:
    story = Story("2013-03-21T10:30").change(f"2013-03-21T{closed}", status="closed")
    resolution = story.at("2013-03-21T16:00", STANDARD)["resolution"]
    assert (minutes(resolution.elapsed), 180 - minutes(resolution.elapsed)) == (used, left)


def test_zammad_a_customer_at_five_past_twelve_is_answered_by_five_past_two() -> None:
    story = Story("2013-03-21T10:30").agent("2013-03-21T13:00").requester("2013-03-21T13:05")
    assert story.at("2013-03-21T13:06", STANDARD)["next_reply"].due_at == at("2013-03-21T14:05")


def test_zammad_five_hours_pending_leave_an_hour_which_ends_with_the_day_and_not_the_next_morning() -> None:
    story = Story("2013-06-04T11:00").change("2013-06-04T12:00", status="pending")
    story.change("2013-06-04T17:00", status="open")
    first = story.at("2013-06-04T17:30", zammad(("pending",), 120, 250))["first_reply"]
    # Zammad has 07:00 of the next day: between the two no minute is open.
    assert first.due_at == at("2013-06-04T16:00")
    assert first.calendar.between(at("2013-06-04T16:00"), at("2013-06-05T07:00")) == timedelta(0)


def test_zammad_half_an_hour_pending_is_no_part_of_response_and_solution() -> None:
    story = Story("2013-06-04T11:00").change("2013-06-04T12:00", status="pending")
    story.change("2013-06-04T12:30", status="open").agent("2013-06-04T12:45")
    story.change("2013-06-04T14:00", status="closed")
    states = story.at("2013-06-04T15:00", zammad(("pending",), 120, 250))
    assert {name: minutes(state.elapsed) for name, state in states.items()} == {
        "first_reply": 75,
        "resolution": 150,
    }


def test_zammad_a_ticket_that_came_pending_and_was_closed_took_no_time() -> None:
    story = Story("2013-06-04T11:00", status="pending").change("2013-06-04T14:00", status="closed")
    resolution = story.at("2013-06-04T15:00", zammad(("pending",), 120, 240))["resolution"]
    assert (resolution.state, minutes(resolution.elapsed)) == ("met", 0)


def test_zammad_open_for_half_an_hour_between_two_pauses_took_half_an_hour() -> None:
    story = Story("2013-06-04T11:00", status="pending").change("2013-06-04T12:30", status="open")
    story.change("2013-06-04T13:00", status="pending").change("2013-06-04T14:00", status="closed")
    resolution = story.at("2013-06-04T15:00", zammad(("pending",), 120, 240))["resolution"]
    assert (minutes(resolution.elapsed), 240 - minutes(resolution.elapsed)) == (30, 210)


def test_zammad_round_the_clock_a_solution_of_75_minutes_is_due_before_the_pause_at_90() -> None:
    lines = (always("first_reply", 60), always("resolution", 75))
    story = Story("03-02 08:00").change("03-02 09:00", status="open").agent("03-02 09:15")
    story.change("03-02 09:30", status="pending")
    states = story.at("03-02 10:00", book(None, *lines))
    assert states["resolution"].due_at == berlin("03-02 09:15")
    # Answered after 75 of 60 minutes.
    assert (minutes(states["first_reply"].elapsed), minutes(states["first_reply"].late)) == (75, 15)
