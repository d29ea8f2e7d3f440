"""When a clock is counted again: where counting would say the same it is left, and a new version counts for what runs."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from services.sla.domain.book import Book
from services.sla.domain.events import TimerBreached
from services.sla.domain.record import ClockRecord
from tests.ticket_story import OFFICE, Story, a_book, a_line, a_policy, berlin
from tests.unit.services.sla.test_record import PLAIN, WARNED, hear, heard, names, settle, stories

CLAIMS = a_policy(
    a_line("first_reply", 3, warn_before=timedelta(hours=1)),
    a_line("resolution", 18),
    policy_id="claims",
    position=0,
    groups=("claims",),
)
GOLD = a_policy(
    a_line("first_reply", 4), policy_id="gold", position=9, channels=("elsewhere",), pause_statuses=("open",)
)
LATER = (
    replace(PLAIN, version=2, saved_at=berlin("03-02 13:00"), pause_statuses=("pending", "on_hold")),
    replace(CLAIMS, version=2, saved_at=berlin("03-03 10:00"), targets=(a_line("next_reply", 1),)),
    replace(CLAIMS, version=3, saved_at=berlin("03-03 15:00"), groups=("parcels",)),
    replace(
        PLAIN, version=3, saved_at=berlin("03-03 17:00"), applies_to="new", counts=("notes", "bot_answers")
    ),
    replace(CLAIMS, version=4, saved_at=berlin("03-04 10:00"), counts=("notes",)),
)
CLOSED = replace(
    OFFICE,
    version=2,
    saved_at=berlin("03-03 12:00"),
    hours=replace(OFFICE.hours, holidays=frozenset({date(2026, 3, 4)})),
)


@cache
def _book(policies: int, calendars: int) -> Book:
    return a_book(PLAIN, CLAIMS, GOLD, *LATER[:policies], calendars=(OFFICE, CLOSED)[:calendars])


def book_of(moment: datetime) -> Book:
    """All that was saved by then."""
    saved = sum(policy.saved_at is not None and policy.saved_at <= moment for policy in LATER)
    return _book(saved, 2 if moment >= berlin("03-03 12:00") else 1)


def standing(record: ClockRecord) -> tuple[object, ...]:
    return (
        record.said,
        record.armed,
        record.shown,
        record.epoch,
        record.alarm_at,
        record.gap_since,
        record.history,
    )


@given(
    stories(),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=2),
    st.lists(st.sampled_from([-2.0, 0.0, 0.5, 3.0, 1_800.0, 20_000.0]), min_size=18, max_size=18),
)
def test_where_nothing_has_to_be_counted_counting_would_say_the_same(
    story: Story, moved: list[tuple[int, int]], delays: list[float]
) -> None:
    order = list(range(len(story.facts)))
    for source, goal in moved:
        # One comes late or early, and perhaps twice.
        order.insert(goal, order[source % len(order)])
    quick, plain = heard(story, order[0]), heard(story, order[0])
    now = berlin("03-02 09:00")
    for place, delay in zip(order, delays, strict=False):
        for record in (quick, plain):
            hear(record, story, place)
        # The clock that stamps a fact and the one that settles may differ by seconds.
        now = max(now, story.facts[place][1] + timedelta(seconds=delay))
        book = book_of(now)
        plain.history.mark = None
        assert quick.settle(book, now) == plain.settle(book, now)
        assert standing(quick) == standing(plain)


def test_a_group_under_the_same_promise_is_not_counted_again_and_a_message_is() -> None:
    story = Story("03-02 09:00").change("03-02 09:10", group="parcels").requester("03-02 09:20")
    record = heard(story, 0)
    record.settle(WARNED, berlin("03-02 09:00"))
    counted = []
    for place, when in ((1, "03-02 09:10"), (2, "03-02 09:20")):
        hear(record, story, place)
        record.settle(WARNED, berlin(when))
        counted.append(record.is_counted)
    assert counted == [False, True]


def test_an_alarm_that_has_passed_is_counted_whatever_came() -> None:
    story = Story("03-02 09:00").change("03-02 12:00", group="parcels")
    record = heard(story, 0)
    record.settle(WARNED, berlin("03-02 09:00"))
    hear(record, story, 1)
    assert names(settle(record, "03-02 12:00")) == [("TimerWarned", "first_reply", 1)]


def test_what_fell_due_between_two_clocks_that_disagree_is_said_while_time_stands_still() -> None:
    book = a_book(a_policy(a_line("resolution", 4)))
    story = Story("03-02 09:00").change("2026-03-02T13:00:01", status="pending")
    record = heard(story.change("03-02 13:05", group="parcels"), 0, 1)
    # The clock that stamps facts was ahead: by the other one nothing is missed yet, and no alarm is set.
    assert settle(record, "2026-03-02T12:59:59", book) == []
    hear(record, story, 2)
    assert names(settle(record, "03-02 13:05", book)) == [("TimerBreached", "resolution", 1)]


def test_a_shorter_promise_for_what_runs_is_missed_at_the_moment_it_was_saved() -> None:
    record = heard(Story("03-02 09:00"))
    settle(record, "03-02 09:00", WARNED)
    shorter = a_policy(a_line("first_reply", 1), version=2, saved_at=berlin("03-02 10:30"))
    (breach,) = settle(record, "03-02 10:31", a_book(*WARNED.newest.policies, shorter))
    assert isinstance(breach, TimerBreached)
    assert (breach.target.due_at, breach.target.happened_at, breach.target.epoch) == (
        berlin("03-02 10:00"),
        berlin("03-02 10:30"),
        2,
    )


def test_a_longer_promise_for_what_runs_is_breached_anew_or_met_and_takes_the_breach_back() -> None:
    story = Story("03-02 09:00").agent("03-02 15:00")
    record = heard(story, 0)
    assert names(settle(record, "03-02 14:00", WARNED))[-1] == ("TimerBreached", "first_reply", 1)
    longer = a_policy(a_line("first_reply", 8), version=2, saved_at=berlin("03-02 14:00"))
    book = a_book(*WARNED.newest.policies, longer)
    assert settle(record, "03-02 14:01", book) == []
    assert record.alarm_at == berlin("03-02 17:00")
    hear(record, story, 1)
    assert names(settle(record, "03-02 15:00", book)) == [("TimerMet", "first_reply", 2)]


def test_a_version_that_was_saved_unseen_is_counted_with_at_the_next_fact() -> None:
    story = Story("03-02 09:00").nothing("03-02 09:30").change("03-02 09:40", group="parcels")
    record = heard(story, 0, 1)
    settle(record, "03-02 09:30", WARNED)
    shorter = a_policy(a_line("first_reply", 2), version=2, saved_at=berlin("03-02 09:20"))
    hear(record, story, 2)
    settle(record, "03-02 09:40", a_book(*WARNED.newest.policies, shorter))
    assert record.alarm_at == berlin("03-02 11:00")
