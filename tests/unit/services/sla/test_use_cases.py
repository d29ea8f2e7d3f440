"""Sla's use cases, on memory."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from chassis.businesstime import Hours, Window
from chassis.errors import Conflict, InvalidFields
from services.sla.domain.commands import FillGap, FireAlarm, ObserveTicket, SaveCalendar, SavePolicy
from services.sla.domain.events import ClockChanged, TimerBreached, TimerMet
from services.sla.domain.policy import NamedCalendar
from services.sla.domain.policy_check import check_policy
from tests.fakes.sla import MemoryPolicies, MemorySla
from tests.ticket_story import OFFICE, STANDARD, Story, a_line, berlin


def sla(when: str) -> MemorySla:
    return MemorySla(berlin(when), MemoryPolicies([STANDARD], [OFFICE]))


def kinds(ports: MemorySla) -> list[type]:
    return [type(fact) for fact in ports.said]


def test_a_fact_makes_a_clock_and_the_same_fact_again_changes_nothing() -> None:
    ports, story = sla("03-02 09:00"), Story("03-02 09:00")
    ports.run(ObserveTicket(*story.facts[0]))
    ports.run(ObserveTicket(*story.facts[0]))
    assert kinds(ports) == [ClockChanged]


def test_an_alarm_fires_when_it_is_due_and_once() -> None:
    ports = sla("03-02 09:00")
    ports.run(ObserveTicket(*Story("03-02 09:00").facts[0]))
    ports.run(FireAlarm("t1"))
    assert kinds(ports) == [ClockChanged]
    ports.now = berlin("03-02 13:00")
    ports.run(FireAlarm("t1"))
    ports.run(FireAlarm("t1"))
    ports.run(FireAlarm("nobody"))
    assert kinds(ports) == [ClockChanged, TimerBreached, ClockChanged]


def test_an_alarm_that_was_moved_does_not_fire() -> None:
    ports, story = sla("03-02 09:00"), Story("03-02 09:00").agent("03-02 10:00", status="pending")
    ports.run(ObserveTicket(*story.facts[0]))
    ports.now = berlin("03-02 10:00")
    ports.run(ObserveTicket(*story.facts[1]))
    ports.now = berlin("03-02 13:00")
    ports.run(FireAlarm("t1"))
    assert TimerBreached not in kinds(ports)


def test_the_log_makes_good_what_was_supposed() -> None:
    ports = sla("03-02 12:00")
    story = Story("03-02 09:00").agent("03-02 10:00").change("03-02 11:00", status="pending")
    ports.run(ObserveTicket(*story.facts[2]))
    entries = tuple(entry for _, _, entry in story.facts if entry is not None)
    ports.run(FillGap("t1", entries, 3))
    record = ports.clocks.get("t1")
    assert record is not None
    assert record.history.entries == story.history().entries
    assert kinds(ports).count(TimerMet) == 1


def test_where_the_log_has_a_hole_too_it_is_asked_again_later_and_the_gap_is_as_old_as_it_was() -> None:
    ports = sla("03-02 12:00")
    story = Story("03-02 09:00").agent("03-02 10:00").change("03-02 11:00", status="pending")
    ports.run(ObserveTicket(*story.facts[2]))
    ports.now = berlin("03-02 12:10")
    opening = story.facts[0][2]
    assert opening is not None
    ports.run(FillGap("t1", (opening,), 1))
    record = ports.clocks.get("t1")
    assert record is not None
    assert (record.gap_since, record.asked_at) == (berlin("03-02 12:00"), berlin("03-02 12:10"))
    assert (record.history.missing, record.history.is_whole) == ((2,), False)
    ports.run(ObserveTicket(*story.facts[1]))
    assert (record.gap_since, record.asked_at) == (None, None)


def test_a_policy_gets_an_id_a_version_and_its_moment() -> None:
    ports = sla("03-02 09:00")
    kept = ports.run(SavePolicy(replace(STANDARD, policy_id="", name="Gold", position=2), 0))
    assert (kept.policy_id, kept.version, kept.saved_at) == ("id-1", 1, berlin("03-02 09:00"))
    assert ports.run(SavePolicy(replace(STANDARD, name="Silver"), 1)).version == 2
    with pytest.raises(Conflict):
        ports.run(SavePolicy(STANDARD, 1))


def test_a_calendar_that_would_never_be_open_again_is_refused() -> None:
    ports = sla("03-02 09:00")
    always_closed = frozenset(date(2026, 1, 5) + timedelta(weeks=week) for week in range(4_999))
    hours = Hours("UTC", (Window(1, "09:00", "10:00"),), always_closed)
    # Ninety-five years of Mondays are holidays: after them it is open once more.
    assert ports.run(SaveCalendar(NamedCalendar("", "Rare", hours), 0)).version == 1
    with pytest.raises(InvalidFields) as refusal:
        ports.run(SaveCalendar(NamedCalendar("", "Never", Hours("UTC", ())), 0))
    assert refusal.value.fields[0].field == "calendar.windows"


def test_a_target_of_no_time_or_of_a_lifetime_is_refused() -> None:
    for hours in (0, 24 * 3_660):
        with pytest.raises(InvalidFields) as refusal:
            check_policy(replace(STANDARD, targets=(a_line("first_reply", hours),)), frozenset({"office"}))
        assert refusal.value.fields[0].field == "policy.targets[0].within_seconds"


def test_two_lines_for_one_priority_are_refused() -> None:
    twice = (a_line("first_reply", 1), a_line("first_reply", 2))
    with pytest.raises(InvalidFields) as refusal:
        check_policy(replace(STANDARD, targets=twice), frozenset({"office"}))
    assert [wrong.field for wrong in refusal.value.fields] == ["policy.targets[1].priority"]


def test_a_warning_after_the_due_moment_or_of_no_time_is_refused_and_so_are_too_many() -> None:
    def refused(*leads: float) -> list[str]:
        line = a_line("first_reply", 1, also_warn_before=tuple(timedelta(minutes=one) for one in leads))
        with pytest.raises(InvalidFields) as refusal:
            check_policy(replace(STANDARD, targets=(line,)), frozenset({"office"}))
        return [wrong.field for wrong in refusal.value.fields]

    at = "policy.targets[0].also_warn_before_seconds"
    assert refused(30, 60) == [f"{at}[1]"]
    assert refused(0) == [f"{at}[0]"]
    assert refused(*range(1, 12)) == [at]
