"""Timers that others set: under each epoch once, whatever the order in which they are asked for."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import InvalidField, InvalidFields
from services.sla.domain.commands import ArmTimer, CancelTimer, FireTimer
from services.sla.domain.timer import CANCELLED, FIRED, Origin, Timer, TimerName
from tests.fakes.sla import MemorySla
from tests.ticket_story import berlin

NINE = berlin("03-02 09:00")
TEN = berlin("03-02 10:00")


def a_timer(epoch: int = 1, **more: Any) -> Timer:
    return Timer(TimerName("reminders", "call-back", epoch), more.pop("due_at", TEN), **more)


def fire(ports: MemorySla) -> list[int]:
    """Every timer's alarm rings; answers the epochs under which something was said so far."""
    for timer_id in list(ports.timers.rows):
        ports.run(FireTimer(timer_id))
    return [fact.timer.name.epoch for fact in ports.timers.fired]


def test_a_timer_fires_once_and_not_before_its_moment() -> None:
    ports = MemorySla(NINE)
    assert ports.run(ArmTimer(a_timer(payload=b"call her", ticket_id="t1"))) == "armed"
    ports.now = TEN - timedelta(milliseconds=1)
    assert fire(ports) == []
    ports.now = TEN
    assert fire(ports) == [1]
    assert fire(ports) == [1]
    assert (ports.timers.fired[0].timer.payload, ports.timers.fired[0].timer.ticket_id) == (b"call her", "t1")


def test_a_timer_that_was_moved_fires_at_its_new_moment_only() -> None:
    ports = MemorySla(NINE)
    ports.run(ArmTimer(a_timer()))
    ports.run(ArmTimer(a_timer(2, due_at=TEN + timedelta(hours=1))))
    ports.now = TEN
    assert fire(ports) == []
    ports.now = TEN + timedelta(hours=1)
    assert fire(ports) == [2]


def test_an_arming_that_was_overtaken_changes_nothing() -> None:
    ports = MemorySla(NINE)
    ports.run(ArmTimer(a_timer(2)))
    assert ports.run(ArmTimer(a_timer(1, due_at=NINE))) == "stale"
    assert ports.run(CancelTimer(TimerName("reminders", "call-back", 1))) == "stale"
    assert fire(ports) == []


def test_a_repeat_gets_the_answer_of_before() -> None:
    ports = MemorySla(NINE)
    assert [ports.run(ArmTimer(a_timer())) for _ in range(2)] == ["armed", "armed"]
    ports.now = TEN
    fire(ports)
    assert ports.run(ArmTimer(a_timer())) == FIRED
    assert fire(ports) == [1]


def test_what_was_taken_back_does_not_fire_and_is_armed_again_under_another_epoch() -> None:
    ports = MemorySla(NINE)
    ports.run(ArmTimer(a_timer()))
    assert ports.run(CancelTimer(TimerName("reminders", "call-back", 1))) == CANCELLED
    assert ports.run(ArmTimer(a_timer())) == CANCELLED
    ports.now = TEN
    assert fire(ports) == []
    assert ports.run(ArmTimer(a_timer(2))) == "armed"
    assert fire(ports) == [2]


def test_what_was_taken_back_before_its_arming_came_is_never_armed() -> None:
    ports = MemorySla(NINE)
    assert ports.run(CancelTimer(TimerName("reminders", "call-back", 3))) == CANCELLED
    assert ports.run(ArmTimer(a_timer(3))) == CANCELLED
    ports.now = TEN
    assert fire(ports) == []


def test_what_has_fired_cannot_be_taken_back() -> None:
    ports = MemorySla(TEN)
    ports.run(ArmTimer(a_timer()))
    fire(ports)
    assert ports.run(CancelTimer(TimerName("reminders", "call-back", 1))) == FIRED


def test_one_epoch_names_one_moment() -> None:
    ports = MemorySla(NINE)
    ports.run(ArmTimer(a_timer()))
    with pytest.raises(InvalidField, match="a higher one for another moment"):
        ports.run(ArmTimer(a_timer(due_at=TEN + timedelta(minutes=1))))


@pytest.mark.parametrize(
    ("timer", "field"),
    [
        (Timer(TimerName("Reminders", "k", 1), TEN), "owner"),
        (Timer(TimerName("a:b", "k", 1), TEN), "owner"),
        (Timer(TimerName("reminders", "", 1), TEN), "key"),
        (Timer(TimerName("reminders", "k" * 201, 1), TEN), "key"),
        (Timer(TimerName("reminders", "k", 0), TEN), "epoch"),
        (a_timer(due_at=TEN + timedelta(days=3_700)), "due_at"),
        (a_timer(payload=b"x" * 16_385), "payload"),
        (a_timer(ticket_id="t" * 201), "ticket_id"),
    ],
)
def test_what_no_timer_can_be_is_refused_by_its_field(timer: Timer, field: str) -> None:
    with pytest.raises(InvalidFields) as refusal:
        MemorySla(NINE).run(ArmTimer(timer))
    assert [wrong.field for wrong in refusal.value.fields] == [field]


EPOCHS = st.integers(1, 5)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("arm"), EPOCHS),
            st.tuples(st.just("cancel"), EPOCHS),
            st.tuples(st.just("fire"), st.just(0)),
        ),
        max_size=30,
    )
)
def test_no_epoch_fires_twice_nor_after_a_higher_one_was_known(asked: list[tuple[str, int]]) -> None:
    ports, highest = MemorySla(TEN), 0
    for what, epoch in asked:
        before = len(ports.timers.fired)
        if what == "fire":
            fire(ports)
            assert all(fact.timer.name.epoch == highest for fact in ports.timers.fired[before:])
            continue
        name = TimerName("reminders", "call-back", epoch)
        ports.run(ArmTimer(Timer(name, NINE, origin=Origin())) if what == "arm" else CancelTimer(name))
        highest = max(highest, epoch)
    fired = [fact.timer.name.epoch for fact in ports.timers.fired]
    assert fired == sorted(set(fired))
