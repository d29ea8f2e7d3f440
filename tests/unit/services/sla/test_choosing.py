"""Which policy is a ticket's: by position, filters and conditions, at each moment of its history."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chassis.conditions import Condition, Group, Test
from chassis.errors import InvalidFields
from services.sla.domain.policy import Policy
from services.sla.domain.policy_check import check_policy
from tests.ticket_story import STANDARD, Story, a_book, a_line, a_policy, berlin


def gold(condition: Condition, **more: Any) -> Policy:
    """A policy that is asked before the standard one."""
    policy = a_policy(a_line("first_reply", 1), a_line("resolution", 9), policy_id="gold", position=0)
    return replace(policy, condition=condition, **more)


def chosen(story: Story, condition: Condition, when: str = "03-02 10:00") -> str:
    return story.at(when, a_book(STANDARD, gold(condition)))["resolution"].policy_id


def test_a_condition_asks_what_a_ticket_carries() -> None:
    story = Story(
        "03-02 09:00",
        priority="high",
        group="claims",
        agent="ann",
        subject="My refund",
        sender="bob@shop.example",
        requester="c-17",
        mailbox="vip@relaydesk.example",
        plan="gold",
    )
    for test in (
        Test("channel", "is", ("support",)),
        Test("priority", "any_of", ("high", "urgent")),
        Test("group", "is", ("claims",)),
        Test("agent", "is_set"),
        Test("subject", "contains", ("refund",)),
        Test("sender_domain", "is", ("shop.example",)),
        Test("requester", "is", ("c-17",)),
        Test("mailbox", "starts_with", ("vip@",)),
        Test("fields.plan", "is", ("gold",)),
    ):
        assert chosen(story, test) == "gold", test
        assert chosen(story, Group("none", (test,))) == "standard", test


def test_a_condition_that_holds_later_holds_from_the_beginning_of_what_is_open() -> None:
    vip = Test("tags", "subtree", ("vip",))
    story = Story("03-02 09:00").agent("03-02 09:30").tags("03-02 10:00", "vip/gold")
    states = story.at("03-02 11:00", a_book(STANDARD, gold(vip)))
    assert (states["resolution"].policy_id, states["resolution"].due_at) == ("gold", berlin("03-02 18:00"))
    # The first reply was done before.
    assert (states["first_reply"].policy_id, states["first_reply"].within) == (
        "standard",
        timedelta(hours=4),
    )
    story.tags("03-02 12:00")
    assert chosen(story, vip, "03-02 13:00") == "standard"


def test_the_first_by_position_that_fits_is_the_policy_and_filters_and_condition_must_both_hold() -> None:
    story = Story("03-02 09:00", group="claims", priority="urgent")
    urgent = Test("priority", "is", ("urgent",))
    both = gold(urgent, groups=("claims",), channels=("support",))
    assert story.at("03-02 10:00", a_book(STANDARD, both))["resolution"].policy_id == "gold"
    elsewhere = replace(both, channels=("chat",))
    assert story.at("03-02 10:00", a_book(STANDARD, elsewhere))["resolution"].policy_id == "standard"
    last = replace(both, position=9)
    assert story.at("03-02 10:00", a_book(STANDARD, last))["resolution"].policy_id == "standard"


def test_a_policy_that_a_rule_set_needs_no_condition_to_hold_but_has_to_be_on() -> None:
    story = Story("03-02 09:00", sla_policy="gold")
    never = gold(Test("agent", "is", ("nobody",)))
    assert story.at("03-02 10:00", a_book(STANDARD, never))["resolution"].policy_id == "gold"
    off = replace(never, is_off=True)
    assert story.at("03-02 10:00", a_book(STANDARD, off))["resolution"].policy_id == "standard"


def refused(policy: Policy, *others: Policy) -> dict[str, str]:
    with pytest.raises(InvalidFields) as refusal:
        check_policy(policy, frozenset({"office"}), others)
    return {wrong.field: wrong.expected for wrong in refusal.value.fields}


def test_what_no_fact_of_a_ticket_carries_is_refused_by_its_name_with_the_reason() -> None:
    found = refused(gold(Group("all", (Test("group", "is_set"), Test("organisation", "is", ("acme",))))))
    ((field, expected),) = found.items()
    assert field == "policy.condition.all.conditions[1].test.field"
    assert expected.startswith("one of channel, ")
    assert "not organisation: no fact of a ticket carries it" in expected
    for name in ("type", "status", "text", "created_at"):
        ((_, expected),) = refused(gold(Test(name, "is", ("x",)))).items()
        assert f"not {name}: " in expected
    ((_, expected),) = refused(gold(Test("moon", "is", ("full",)))).items()
    assert "moon" not in expected


def test_a_condition_is_checked_as_in_rules() -> None:
    assert refused(gold(Test("priority", "is", ("asap",)))) == {
        "policy.condition.test.values[0]": "one of low, medium, high, urgent"
    }
    assert "policy.condition.test.operator" in refused(gold(Test("tags", "is", ("x",))))


def test_two_policies_of_one_position_are_refused_with_the_name_of_the_other() -> None:
    other = a_policy(a_line("resolution", 9), policy_id="other", name="Silver", position=1)
    assert refused(STANDARD, other) == {"policy.position": "a position of its own: 1 is that of Silver"}
    check_policy(replace(STANDARD, position=2), frozenset({"office"}), [other, STANDARD])
    # What is off stands in nobody's way.
    check_policy(STANDARD, frozenset({"office"}), [replace(other, is_off=True)])


def test_every_mistake_is_named_at_once() -> None:
    lines = (
        a_line("first_reply", 0),
        a_line("last_reply", 24 * 3_653),
        a_line("resolution", 1, priority="asap", time="moon", pause_statuses=("solved",)),
    )
    found = refused(
        a_policy(
            *lines,
            position=-1,
            calendar_id="nowhere",
            channels=("",),
            pause_statuses=("asleep",),
            counts=("smileys",),
            applies_to="yesterday",
        )
    )
    assert set(found) == {
        "policy.position",
        "policy.calendar_id",
        "policy.channels[0]",
        "policy.targets[0].within_seconds",
        "policy.targets[0].warn_before_seconds",
        "policy.targets[1].name",
        "policy.targets[1].within_seconds",
        "policy.targets[2].priority",
        "policy.targets[2].time",
        "policy.targets[2].pause_statuses[0]",
        "policy.pause_statuses[0]",
        "policy.counts[0]",
        "policy.applies_to",
    }
    assert found["policy.targets[0].within_seconds"] == "1 second to 366 days"
    assert found["policy.pause_statuses[0]"] == "one of new, open, pending, on_hold"
