"""What a warning says is so: random rules are run on random events, and none of them makes a warning a liar."""

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from chassis.conditions import Condition, Group, Test
from services.rules.application.vocabulary import find_field, find_read, vocabulary
from services.rules.domain.analysis.checks import check_rules
from services.rules.domain.heard import Heard
from services.rules.domain.rule import Rule, compile_rule, in_order
from services.rules.domain.rule_set import RuleSet
from services.rules.domain.run import Memory, run_rules
from tests.heard_facts import a_rule, changed, opened

STATUS = ("new", "open")
WORDS = ("re", "refund", "refunded")
TAGS = ("pay", "pay/card")


def _tests() -> st.SearchStrategy[Condition]:
    def test(
        field: str, operators: tuple[str, ...], values: tuple[str, ...], most: int = 2
    ) -> st.SearchStrategy[Test]:
        several = st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True).map(tuple)
        return st.builds(Test, st.just(field), st.sampled_from(operators), several)

    return st.one_of(
        test("status", ("is", "is_not", "changed_to"), STATUS, 1),
        test("status", ("any_of",), STATUS),
        test("subject", ("is", "contains", "contains_any", "contains_none", "starts_with"), WORDS, 1),
        test("tags", ("contains", "any_of", "none_of", "subtree"), TAGS),
        test("time_in_status", ("within", "older_than"), ("1h", "2h"), 1),
        st.sampled_from([Test("tags", "is_not_set"), Test("is_automatic", "is", ("true",))]),
    )


def _conditions() -> st.SearchStrategy[Condition]:
    one = _tests()
    joined = st.sampled_from(["all", "all", "any", "none"])
    return st.one_of(one, st.builds(Group, joined, st.lists(one, max_size=3).map(tuple)))


_ACTIONS = st.one_of(
    st.sampled_from(STATUS).map(lambda status: ("set_status", {"status": status})),
    st.sampled_from(TAGS).map(lambda tag: ("add_tag", {"tag": tag})),
    st.sampled_from((*TAGS, "pay/*")).map(lambda tag: ("remove_tag", {"tag": tag})),
    st.just(("reply", {"text": "Thank you."})),
)


@st.composite
def rule_lists(draw: st.DrawFn) -> list[Rule]:
    """Up to three rules; the first ones often ask for the same, so that they meet."""
    conditions = draw(st.lists(_conditions(), min_size=1, max_size=2))
    return [
        a_rule(
            f"r{place}",
            draw(_ACTIONS),
            when=draw(st.sampled_from(conditions)),
            events=draw(st.sampled_from([("ticket_opened",), ("ticket_changed",)])),
            position=place,
            stop=draw(st.booleans()),
        )
        for place in range(draw(st.integers(1, 3)))
    ]


def _facts() -> list[Heard]:
    """Everything that can be, as far as the tests above can tell it apart."""
    found = []
    subjects = ("", "re", "x re", "refund", "a refunded", "re refund")
    for status, subject, tags in product(STATUS, subjects, ((), ("pay",), ("pay/card",), TAGS)):
        values: dict[str, Any] = {"status": status, "subject": subject, "tags": tags}
        for is_automatic in (False, True):
            heard = opened(is_automatic=is_automatic)
            found.append(replace(heard, ticket=replace(heard.ticket, **values)))
        for old in STATUS:
            heard = changed({"status": (old, status)} if old != status else {})
            found.append(replace(heard, ticket=replace(heard.ticket, **values)))
    ages = (timedelta(minutes=30), timedelta(hours=1), timedelta(minutes=90), timedelta(hours=3))
    for status, subject, tags, age in product(STATUS, ("re", "refund"), ((), TAGS), ages):
        for heard in (opened(), changed({})):
            since = heard.occurred_at - age
            ticket = replace(heard.ticket, status=status, subject=subject, tags=tags, status_since=since)
            found.append(replace(heard, ticket=ticket))
    return found


FACTS = _facts()


@settings(max_examples=500)
@given(rule_lists())
def test_no_event_makes_a_warning_a_liar(rules: list[Rule]) -> None:
    compiled = in_order([compile_rule(rule, vocabulary()) for rule in rules])
    warnings = check_rules(compiled, find_field)
    running = RuleSet(1, compiled)
    for heard in FACTS if warnings else ():
        verdict = run_rules(running, heard, find_read, Memory())
        steps = {match.rule.rule.rule_id: match.steps for match in verdict.matches}
        for one in warnings:
            match one.kind:
                case "never_matches" | "shadowed":
                    assert one.rule_id not in steps
                case "never_answers" | "changes_nothing":
                    assert not steps.get(one.rule_id)
                case "undone" if one.rule_id in steps and not verdict.stopped_by:
                    assert one.others[0] in steps


@pytest.mark.parametrize("kind", ["never_matches", "shadowed", "undone", "changes_nothing"])
def test_random_rules_give_every_reason_to_warn(kind: str) -> None:
    def is_warned(rules: list[Rule]) -> bool:
        compiled = in_order([compile_rule(rule, vocabulary()) for rule in rules])
        return any(one.kind == kind for one in check_rules(compiled, find_field))

    find(rule_lists(), is_warned, settings=settings(max_examples=5_000, database=None))
