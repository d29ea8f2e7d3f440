"""A clock explained: every span with its reason, and together they are what was counted."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.sla.domain.clock import evaluate
from services.sla.domain.explanation import explained
from tests.ticket_story import STANDARD, Story, a_book, a_line, a_policy
from tests.unit.services.sla.test_record import BOTH, stories

BOOK = a_book(STANDARD)


def told(story: Story, target: str, when: str) -> list[str]:
    """The spans as a person would say them."""
    state = story.at(when, BOOK)[target]
    return [
        f"{one.since:%d %H:%M}-{one.to:%d %H:%M} {one.kind} {one.reason}".strip() for one in explained(state)
    ]


def test_a_pause_is_told_with_its_status() -> None:
    # In UTC, an hour behind Berlin.
    story = Story("03-02 09:00").change("03-02 13:00", status="pending").change("03-02 17:00", status="open")
    assert told(story, "resolution", "03-02 17:30") == [
        "02 08:00-02 12:00 running",
        "02 12:00-02 16:00 paused pending",
        "02 16:00-02 16:30 running",
    ]


def test_nights_and_weekends_are_closed_hours_and_holidays_are_told() -> None:
    assert told(Story("04-02 17:00"), "resolution", "04-07 10:00") == [
        "02 15:00-02 16:00 running",
        "02 16:00-07 07:00 closed holiday",
        "07 07:00-07 08:00 running",
    ]
    assert told(Story("03-06 17:00"), "resolution", "03-09 10:00") == [
        "06 16:00-06 17:00 running",
        "06 17:00-09 08:00 closed outside_hours",
        "09 08:00-09 09:00 running",
    ]


def test_calendar_time_is_never_closed() -> None:
    book = a_book(a_policy(a_line("resolution", 90, time="calendar"), calendar_id=""))
    state = Story("03-06 17:00").at("03-09 10:00", book)["resolution"]
    assert [(one.kind, one.to - one.since) for one in explained(state)] == [("running", timedelta(hours=65))]


def test_a_target_that_is_done_is_told_to_its_end_and_one_that_begins_now_not_at_all() -> None:
    story = Story("03-02 09:00").agent("03-02 10:00")
    assert told(story, "first_reply", "03-02 17:00") == ["02 08:00-02 09:00 running"]
    assert told(Story("03-02 09:00"), "first_reply", "03-02 09:00") == []


@given(stories(), st.integers(0, 200))
def test_the_spans_have_no_gap_and_are_what_was_counted(story: Story, later: int) -> None:
    now = story.facts[-1][1] + timedelta(hours=later)
    for state in evaluate(story.history(), BOTH, now):
        spans = explained(state)
        assert [one.since for one in spans[1:]] == [one.to for one in spans[:-1]]
        if spans:
            assert (spans[0].since, spans[-1].to) == (state.started_at, state.ended_at or now)
        running = sum((one.to - one.since for one in spans if one.kind == "running"), timedelta(0))
        assert running == state.elapsed == (spans[-1].elapsed if spans else timedelta(0))
        paused = {one.reason for one in spans if one.kind == "paused"}
        assert paused <= {pause.reason for pause in state.pauses}
