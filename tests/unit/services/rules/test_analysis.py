"""What is odd about rules is told before they run, by the line; and only what is certain."""

from collections.abc import Sequence
from typing import Any

import pytest

from chassis.conditions import Condition, Group, Test
from services.rules.application.vocabulary import find_field, vocabulary
from services.rules.domain.analysis.checks import check_rules
from services.rules.domain.rule import Rule, compile_rule, in_order
from tests.heard_facts import MONDAY, a_rule

CHANGED = ("ticket_changed",)


def warned(*rules: Rule) -> list[tuple[str, str]]:
    return [(warning.rule_id, warning.kind) for warning in check(*rules)]


def check(*rules: Rule) -> list[Any]:
    return check_rules(in_order([compile_rule(rule, vocabulary()) for rule in rules]), find_field)


def every(*tests: Sequence[str]) -> Group:
    return Group("all", tuple(Test(field, operator, tuple(values)) for field, operator, *values in tests))


def either(*tests: Sequence[str]) -> Group:
    return Group("any", every(*tests).conditions)


def none(*tests: Sequence[str]) -> Group:
    return Group("none", every(*tests).conditions)


@pytest.mark.parametrize(
    "condition",
    [
        every(("status", "is", "open"), ("status", "is", "pending")),
        every(("status", "is", "open"), ("status", "is_not", "Open")),
        every(("channel", "any_of", "a", "b"), ("channel", "none_of", "B", "A")),
        every(("subject", "is", "refund"), ("subject", "contains", "invoice")),
        every(("subject", "contains", "refunded"), ("subject", "contains_none", "refund")),
        every(("subject", "starts_with", "Re: a"), ("subject", "contains_none", "RE:")),
        every(("tags", "contains", "vip", "claim"), ("tags", "none_of", "claim")),
        every(("tags", "any_of", "pay/card", "pay/cash"), ("tags", "is_not_set")),
        Group("all", (Test("tags", "contains", ("pay/card",)), none(("tags", "subtree", "pay")))),
        every(("message_count", "greater", "5"), ("message_count", "less", "5")),
        every(("message_count", "is", "3"), ("message_count", "greater", "7")),
        every(("time_in_status", "older_than", "1d"), ("time_in_status", "within", "24h")),
        every(
            ("created_at", "after", "2026-03-01T00:00:00Z"), ("created_at", "before", "2026-03-01T00:00:00Z")
        ),
        every(("group", "is_not_set"), ("group", "is", "claims")),
        every(("is_automatic", "is", "true"), ("is_automatic", "is_not", "true")),
        either(),
        Group(
            "all",
            (
                either(("status", "is", "new"), ("status", "is", "open")),
                none(("status", "any_of", "new", "open")),
            ),
        ),
        none(("status", "is_not", "open"), ("status", "is_not", "new")),
        every(("target", "is_set")),
        every(("timer", "is", "reminders:x")),
    ],
)
def test_a_condition_that_contradicts_itself_is_named(condition: Condition) -> None:
    (warning,) = check(a_rule("a", when=condition))
    assert (warning.kind, warning.path, warning.others) == ("never_matches", "rule.condition", ())


@pytest.mark.parametrize(
    "condition",
    [
        every(),
        every(("status", "is_not", "open"), ("status", "is_not", "pending")),
        every(("subject", "contains", "refund"), ("subject", "contains_none", "refunded")),
        every(("subject", "starts_with", "a"), ("subject", "starts_with", "b")),
        every(("subject", "matches", "^a"), ("subject", "contains", "b")),
        every(("subject", "contains", "{{un||in}}voice"), ("subject", "contains_none", "unvoice")),
        every(("tags", "any_of", "a", "b"), ("tags", "none_of", "a")),
        every(("message_count", "greater", "5"), ("message_count", "less", "7")),
        every(("status", "is", "open"), ("status", "changed_to", "pending")),
        every(("time_in_status", "older_than", "1d"), ("time_in_status", "within", "25h")),
        either(("status", "is", "new"), ("status", "is", "open")),
        none(("status", "is", "open"), ("status", "is", "pending")),
    ],
)
def test_what_may_hold_is_left_in_peace(condition: Condition) -> None:
    assert warned(a_rule("a", when=condition)) == []


def test_an_event_at_which_the_condition_never_holds_is_named_by_its_place() -> None:
    both = a_rule("a", when=("status", "changed_to", "open"), events=("target_breached", "ticket_changed"))
    (warning,) = check(both)
    assert (warning.kind, warning.path) == ("event_never_matches", "rule.events[0]")
    assert warned(a_rule("a", when=("visibility", "is", "internal"), events=("agent_answered",))) == [
        ("a", "never_matches")
    ]


def test_a_rule_behind_one_that_always_stops_is_shadowed() -> None:
    above = a_rule("above", when=("channel", "any_of", "shop", "desk"), stop=True)
    below = a_rule("below", when=every(("channel", "is", "Shop"), ("subject", "contains", "x")), position=1)
    (warning,) = check(above, below)
    assert (warning.rule_id, warning.kind, warning.others) == ("below", "shadowed", ("above",))


def test_several_rules_may_shadow_one_together() -> None:
    rules = [
        a_rule("new", when=("status", "is", "new"), stop=True),
        a_rule("open", when=("status", "is", "open"), stop=True),
        a_rule("below", when=("status", "any_of", "new", "open"), position=1),
    ]
    (warning,) = check(*rules)
    assert warning.others == ("new", "open")


@pytest.mark.parametrize(
    ("above", "below"),
    [
        ({"when": ("channel", "is", "shop")}, {"when": ("channel", "is", "shop")}),
        ({"when": ("channel", "is", "shop"), "stop": True}, {"when": ("channel", "any_of", "shop", "desk")}),
        ({"stop": True}, {"events": ("ticket_opened", "note_added")}),
        (
            {"when": ("subject", "contains", "refunds"), "stop": True},
            {"when": ("subject", "contains", "refund")},
        ),
        ({"stop": True, "enabled": False}, {}),
        ({"stop": True, "active_from": MONDAY}, {}),
    ],
)
def test_a_rule_that_may_still_match_is_not_shadowed(above: Any, below: Any) -> None:
    assert warned(a_rule("above", **above), a_rule("below", position=1, **below)) == []


def test_a_rule_between_that_changes_what_is_asked_for_lets_the_last_one_match() -> None:
    above = a_rule("above", when=("status", "is", "pending"), stop=True)
    between = a_rule("between", ("set_status", {"status": "pending"}), position=1)
    below = a_rule("below", when=("status", "is", "pending"), position=2)
    assert ("below", "shadowed") not in warned(above, between, below)
    assert ("below", "shadowed") in warned(above, below)


def test_what_a_later_rule_takes_back_is_named_by_its_action() -> None:
    first = a_rule(
        "first",
        ("add_tag", {"tag": "x"}),
        ("set_group", {"group": "claims"}),
        when=("subject", "contains", "refund"),
    )
    later = a_rule(
        "later",
        ("set_group", {"group": "sales"}),
        when=("subject", "contains_any", "fund", "other"),
        position=1,
    )
    (warning,) = check(first, later)
    assert (warning.rule_id, warning.kind, warning.path, warning.others) == (
        "first",
        "undone",
        "rule.actions[1]",
        ("later",),
    )


def test_a_later_rule_sees_what_the_first_one_did() -> None:
    first = a_rule("first", ("set_status", {"status": "open"}), when=("status", "is", "new"))
    wakes = a_rule("wakes", ("set_status", {"status": "pending"}), when=("status", "is", "open"), position=1)
    sleeps = a_rule("sleeps", ("set_status", {"status": "pending"}), when=("status", "is", "new"), position=1)
    assert warned(first, wakes) == [("first", "undone")]
    assert warned(first, sleeps) == []


def test_a_tag_that_is_added_and_taken_away_is_told() -> None:
    adds = a_rule("adds", ("add_tag", {"tag": "pay/card"}))
    takes = a_rule("takes", ("remove_tag", {"tag": "pay/*"}), position=1)
    other = a_rule("other", ("remove_tag", {"tag": "payment"}), position=1)
    assert warned(adds, takes) == [("adds", "undone")]
    assert warned(adds, other) == []


def test_rules_that_wake_each_other_and_take_each_other_back_go_in_a_circle() -> None:
    there = a_rule(
        "there", ("set_status", {"status": "open"}), when=("status", "changed_to", "pending"), events=CHANGED
    )
    back = a_rule(
        "back", ("set_status", {"status": "pending"}), when=("status", "changed_to", "open"), events=CHANGED
    )
    found = check(there, back)
    assert [(one.rule_id, one.kind, one.others) for one in found] == [
        ("back", "may_loop", ("there",)),
        ("there", "may_loop", ("back",)),
    ]


def test_three_rules_may_make_a_circle() -> None:
    steps = [("new", "open"), ("open", "pending"), ("pending", "new")]
    rules = [
        a_rule(old, ("set_status", {"status": new}), when=("status", "changed_to", old), events=CHANGED)
        for old, new in steps
    ]
    assert {kind for _, kind in warned(*rules)} == {"may_loop"}
    assert warned(*rules[:2]) == []


def test_rules_that_wake_each_other_and_agree_come_to_an_end_by_themselves() -> None:
    tag = a_rule(
        "tag", ("add_tag", {"tag": "vip"}), when=("priority", "changed_to", "urgent"), events=CHANGED
    )
    urgent = a_rule(
        "urgent", ("set_priority", {"priority": "urgent"}), when=("tags", "contains", "vip"), events=CHANGED
    )
    assert warned(tag, urgent) == []


def test_an_answer_that_only_machines_would_get_never_leaves() -> None:
    text = {"text": "Thank you."}
    assert warned(a_rule("a", ("reply", text), when=("is_automatic", "is", "true"))) == [
        ("a", "never_answers")
    ]
    assert warned(a_rule("a", ("reply", text), when=("status", "is", "spam"))) == [("a", "never_answers")]
    assert warned(a_rule("a", ("reply", text))) == []


def test_a_notice_for_automatic_mail_is_told() -> None:
    notify = ("notify", {"to": "group", "text": "Look."})
    assert warned(a_rule("a", notify)) == [("a", "mails_on_automatic")]
    assert warned(a_rule("a", notify, when=("is_automatic", "is", "false"))) == []
    assert warned(a_rule("a", notify, events=("target_breached",))) == []


def test_an_action_that_changes_nothing_is_told() -> None:
    opens = ("set_status", {"status": "open"})
    assert warned(a_rule("a", opens, when=("status", "is", "open"))) == [("a", "changes_nothing")]
    pends = ("set_status", {"status": "pending"})
    assert warned(a_rule("a", pends, opens, when=("status", "is", "open"))) == []


def test_a_condition_with_more_cases_than_can_be_looked_at_is_left_alone() -> None:
    pairs = tuple(either(("subject", "contains", f"a{n}"), ("text", "contains", f"b{n}")) for n in range(12))
    never = every(("status", "is", "open"), ("status", "is", "new")).conditions
    assert warned(a_rule("a", when=Group("all", pairs + never))) == []


def test_rules_that_are_off_are_not_spoken_of() -> None:
    assert warned(a_rule("a", when=either(), enabled=False)) == []
