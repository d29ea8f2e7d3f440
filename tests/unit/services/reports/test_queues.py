"""What the queues' counters say."""

import math
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.reports.domain.queues import (
    QueueState,
    QueueWatch,
    Reading,
    dead_letters,
    drain_seconds,
    is_work,
)
from tests.fakes.ticket_facts import MONDAY

LOOK = timedelta(seconds=5)


def _look_at(*readings: Reading, every: timedelta = LOOK) -> list[QueueState]:
    """One queue, look after look."""
    watch = QueueWatch()
    return [watch.look([reading], MONDAY + every * n)[0] for n, reading in enumerate(readings)]


def test_rates_are_told_from_what_came_and_left() -> None:
    first, second = _look_at(
        Reading("q", ready=0, published=1000, acked=1000),
        Reading("q", ready=20, unacked=5, published=1100, acked=1075),
    )
    assert (first.came, first.left, first.came_per_second) == (0, 0, 0)
    assert (second.came, second.left) == (100, 75)
    assert (second.came_per_second, second.left_per_second) == (20, 15)


def test_a_rate_is_the_mean_of_fifteen_minutes() -> None:
    readings = [Reading("q", 0, published=n * 60, acked=n * 60) for n in range(30)]
    readings += [Reading("q", 0, published=1740, acked=1740)] * 15
    states = _look_at(*readings, every=timedelta(minutes=1))
    assert states[29].left_per_second == 1
    assert states[-1].left_per_second == 0


def test_a_broker_that_began_anew_counts_from_nothing() -> None:
    _, state = _look_at(Reading("q", 0, published=1000, acked=1000), Reading("q", 0, published=30, acked=30))
    assert (state.came, state.left) == (30, 30)


def test_what_the_counters_missed_is_told_by_what_is_there() -> None:
    _, grown, shrunk = _look_at(Reading("q", 0), Reading("q", 40), Reading("q", 10))
    assert (grown.came, grown.left) == (40, 0)
    assert (shrunk.came, shrunk.left) == (0, 30)


@given(
    st.lists(
        st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(0, 99), st.integers(0, 99)), min_size=2
    )
)
@example([(0, 0, 0, 0), (0, 1, 0, 28)])
def test_what_is_there_is_what_came_less_what_left(looks: list[tuple[int, int, int, int]]) -> None:
    published = acked = 0
    readings = []
    for ready, unacked, more, less in looks:
        published, acked = published + more, acked + less
        readings.append(Reading("q", ready, unacked, published=published, acked=acked))
    states = _look_at(*readings)
    assert all(state.came >= 0 and state.left >= 0 for state in states)
    there = readings[0].ready + readings[0].unacked
    assert (
        there + sum(state.came - state.left for state in states) == readings[-1].ready + readings[-1].unacked
    )
    assert all(state.oldest >= timedelta(0) for state in states)


def test_the_oldest_message_is_as_old_as_the_nth_latest_arrival() -> None:
    *_, state = _look_at(
        Reading("q", 0, published=0),
        Reading("q", 10, published=10),
        Reading("q", 10, published=10),
        Reading("q", 10, published=10),
    )
    # They came between the first look and the second, a tenth of it after the first for the oldest.
    assert state.oldest == timedelta(seconds=14.5)


def test_in_a_queue_that_flows_the_oldest_message_is_young() -> None:
    *_, state = _look_at(*(Reading("q", 2, published=500 * n, acked=max(500 * n - 2, 0)) for n in range(5)))
    assert state.oldest < timedelta(milliseconds=50)


def test_what_lay_there_before_the_first_look_is_at_least_as_old_as_that() -> None:
    *_, state = _look_at(*(Reading("q", 7, published=900) for _ in range(13)))
    assert state.oldest == timedelta(minutes=1)


def test_an_empty_queue_has_no_oldest_message() -> None:
    *_, state = _look_at(Reading("q", 3), Reading("q", 0))
    assert state.oldest == timedelta(0)


def test_an_old_message_is_remembered_for_hours() -> None:
    readings = [Reading("q", 0, published=0), *(Reading("q", 1, published=1) for _ in range(4 * 60))]
    *_, state = _look_at(*readings, every=timedelta(minutes=1))
    assert timedelta(minutes=239) <= state.oldest <= timedelta(minutes=240)


def test_a_queue_that_is_gone_is_forgotten() -> None:
    watch = QueueWatch()
    watch.look([Reading("q", 5, published=5)], MONDAY)
    watch.look([], MONDAY + LOOK)
    (state,) = watch.look([Reading("q", 5, published=5)], MONDAY + 2 * LOOK)
    assert (state.came, state.oldest) == (0, timedelta(0))


@pytest.mark.parametrize(
    ("ready", "came", "left", "seconds"),
    [
        (0, 10, 0, 0),
        (100, 0, 10, 10),
        (100, 10, 10, 10),
        (100, 12, 10, math.inf),
        (5, 12, 10, 0.5),
        (100, 0, 0, math.inf),
    ],
    ids=["empty", "drains", "keeps up", "grows", "less than a second's work", "nobody takes"],
)
def test_a_queue_drains_or_grows(ready: int, came: float, left: float, seconds: float) -> None:
    assert drain_seconds(ready, came, left) == seconds


def test_dead_letters_are_what_lies_in_dead_letter_queues() -> None:
    assert dead_letters([("sla.dead", 3), ("sla.email", 9), ("rules.dead", 0)]) == {
        "sla.dead": 3,
        "rules.dead": 0,
    }


def test_waiting_for_the_next_try_is_no_work() -> None:
    names = ["sla.email", "intake.support", "sla.dead", "delay.10m", "celery_delayed_3", "ingest.jobs"]
    assert [name for name in names if is_work(name)] == ["sla.email", "intake.support", "ingest.jobs"]
