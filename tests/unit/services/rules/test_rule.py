"""What is wrong with a rule is named by its path; templates are texts and no programs."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from chassis.conditions import Group, Test
from chassis.errors import InvalidFields
from services.rules import actions
from services.rules.application.vocabulary import described_fields, vocabulary
from services.rules.domain.rule import Rule, compile_rule
from services.rules.domain.template import LONGEST_TEXT, TemplateMistake, check_template, render
from tests.heard_facts import a_rule

ACTIONS = Path(str(actions.__file__)).parent


def mistakes(rule: Rule) -> dict[str, str]:
    with pytest.raises(InvalidFields) as refusal:
        compile_rule(rule, vocabulary())
    return {wrong.field: wrong.expected for wrong in refusal.value.fields}


def test_every_mistake_of_a_rule_is_told_at_once() -> None:
    rule = Rule(
        "r",
        " ",
        ("ticket_opened", "full_moon"),
        a_rule("x", ("set_gruop", {}), ("set_priority", {"priority": "huge"})).actions,
        Group("all", (Test("subject", "is_set"), Test("colour", "is", ("red",)))),
    )
    assert set(mistakes(rule)) == {
        "rule.name",
        "rule.events[1]",
        "rule.actions[0].kind",
        "rule.actions[1].params.priority",
        "rule.condition.all.conditions[1].test.field",
    }


@pytest.mark.parametrize(
    ("kind", "params", "field"),
    [
        ("set_group", {}, "rule.actions[0].params.group"),
        ("set_group", {"group": 7}, "rule.actions[0].params.group"),
        ("set_group", {"group": "g", "colour": "red"}, "rule.actions[0].params.colour"),
        ("set_status", {"status": "done"}, "rule.actions[0].params.status"),
        ("add_tag", {"tag": "two words"}, "rule.actions[0].params.tag"),
        ("add_tag", {"tag": "a//b"}, "rule.actions[0].params.tag"),
        ("reply", {"text": ""}, "rule.actions[0].params.text"),
        ("reply", {"text": "{{ ticket.secret }}"}, "rule.actions[0].params.text"),
        ("note", {"text": "{% for x in y %}{% endfor %}"}, "rule.actions[0].params.text"),
    ],
)
def test_what_an_action_cannot_take_is_named(kind: str, params: Mapping[str, str], field: str) -> None:
    assert list(mistakes(a_rule("r", (kind, params)))) == [field]


def test_a_rule_needs_events_and_actions() -> None:
    assert set(mistakes(Rule("r", "r", (), ()))) == {"rule.events", "rule.actions"}


def test_an_unknown_status_in_a_condition_is_refused() -> None:
    wrong = mistakes(a_rule("r", when=("status", "is", "opne")))
    assert "one of new, open" in wrong["rule.condition.test.values[0]"]


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'x' * 1000000000 }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ ticket.subject.upper() }}",
        "{% set x = 1 %}",
        "{% include 'x' %}",
        "{% macro m() %}{% endmacro %}",
        "{{ range(10) }}",
        "{{ requester.password }}",
        "{{ ticket.subject|safe }}",
        "{{ ticket.number + 1 }}",
        "{{ ticket",
    ],
)
def test_a_text_is_no_program(source: str) -> None:
    with pytest.raises(TemplateMistake):
        check_template(source)


def test_a_text_may_ask_and_has_filters() -> None:
    source = "{% if requester.name %}Dear {{ requester.name|title }}{% else %}Hello{% endif %}, {{ ticket.fields.order }}"
    check_template(source)
    values: dict[str, dict[str, object]] = {
        "requester": {"name": "ana"},
        "ticket": {"fields": {"order": "17"}},
    }
    assert render(source, values) == "Dear Ana, 17"
    assert render(source, {"requester": {"name": ""}, "ticket": {"fields": {}}}) == "Hello, "


def test_what_a_requester_wrote_is_never_a_template() -> None:
    text = "{{ requester.name }}"
    assert render("{{ ticket.subject }}", {"ticket": {"subject": text}}) == text


def test_a_filled_text_has_an_end() -> None:
    assert len(render("{{ ticket.subject }}" * 10, {"ticket": {"subject": "x" * 20_000}})) == LONGEST_TEXT


def test_every_condition_and_action_says_what_it_is() -> None:
    words = vocabulary()
    assert {"subject", "text", "tags", "fields.<name>"} <= set(described_fields())
    assert all(text.endswith(".") or "fields" in text for text, _, _ in described_fields().values())
    assert set(words.actions) == {path.stem for path in ACTIONS.glob("[a-z]*.py")} > {"set_group", "reply"}
    assert all(action.__doc__ for action in words.actions.values())
