"""Rules as files: what is written can be read, and what cannot be read is named by its place."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.rules_file import read, write
from relaydesk.rules.v1 import service_pb2 as pb

FILE = """\
rules:
# Money goes first.
- id: payments
  name: Money questions to Payments
  when: [ticket_opened, requester_wrote]
  if:
    any:
    - subject: {contains_any: [refund, 'yes']}
    - tags: is_set
    - none:
      - created_at: {before: 2026-03-01T09:00:00Z}
  then:
  - set_group: {group: payments}
  - mark_spam
  stop: true
- id: off
  enabled: false
  position: 5
  from: 2026-12-01T00:00:00Z
  until: 2026-12-24T18:00:00+01:00
  when: note_added
  then:
  - add_tag: {tag: on}
"""


def rules_of(content: str, folder: Path) -> list[pb.Rule]:
    path = folder / "rules.yaml"
    path.write_text(content)
    return read(path)


def test_a_file_says_rules_in_their_order_and_every_value_as_it_is_written(tmp_path: Path) -> None:
    payments, off = rules_of(FILE, tmp_path)
    assert (payments.position, payments.enabled, payments.stop) == (10, True, True)
    assert list(payments.events) == ["ticket_opened", "requester_wrote"]
    subject, tags, none = payments.condition.any.conditions
    assert list(subject.test.values) == ["refund", "yes"]
    assert (tags.test.field, tags.test.operator, list(tags.test.values)) == ("tags", "is_set", [])
    assert none.none.conditions[0].test.values[0] == "2026-03-01T09:00:00Z"
    assert [action.kind for action in payments.actions] == ["set_group", "mark_spam"]
    assert (off.name, off.position, off.enabled, list(off.events)) == ("off", 5, False, ["note_added"])
    assert off.actions[0].params["tag"] == "on"
    assert off.active_from.ToJsonString() == "2026-12-01T00:00:00Z"
    assert off.active_until.ToJsonString() == "2026-12-24T17:00:00Z"


def test_what_was_written_is_read_as_the_same(tmp_path: Path) -> None:
    rules = rules_of(FILE, tmp_path)
    assert rules_of(write(rules), tmp_path) == rules


_TEXTS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=20)


@st.composite
def _conditions(draw: st.DrawFn, depth: int = 0) -> pb.Condition:
    if depth < 3 and draw(st.booleans()):
        condition = pb.Condition()
        group = getattr(condition, draw(st.sampled_from(["all", "any", "none"])))
        group.SetInParent()
        group.conditions.extend(draw(st.lists(_conditions(depth + 1), max_size=3)))
        return condition
    values = draw(st.lists(_TEXTS, max_size=3))
    return pb.Condition(test=pb.Test(field=f"fields.{draw(_TEXTS)}", operator="is", values=values))


@given(_conditions(), _TEXTS, _TEXTS)
def test_any_condition_and_any_text_come_back(condition: pb.Condition, name: str, text: str) -> None:
    rule = pb.Rule(
        id="a", name=name.strip() or "a", enabled=True, position=10, events=["x"], condition=condition
    )
    rule.actions.add(kind="note").params.update({"text": text})
    with TemporaryDirectory() as folder:
        assert rules_of(write([rule]), Path(folder)) == [rule]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("rules: [", "not YAML in line 1"),
        ("- id: a", "expected `rules:` with a list"),
        ("rules: []\nother: 1", "expected `rules:` with a list"),
        ("rules: {a: b}", "rules: expected a list"),
        ("rules: [{name: a}]", "rule 1: expected a map with an id"),
        ("rules: [{id: a}, {id: a}]", "a: described more than once"),
        ("rules: [{id: a, on: true}]", "rule 1 (a): unknown on; known are id, name"),
        ("rules: [{id: a, enabled: maybe}]", "rule 1 (a): enabled: expected true or false"),
        ("rules: [{id: a, position: -1}]", "rule 1 (a): position: expected a number"),
        ("rules: [{id: a, until: Christmas}]", "rule 1 (a): until: expected a moment such as"),
        ("rules: [{id: a, when: {x: y}}]", "rule 1 (a): when: expected an event"),
        ("rules: [{id: a, then: note}]", "rule 1 (a): then: expected a list of actions"),
        ("rules: [{id: a, then: [{note: text}]}]", "rule 1 (a): then[0].note: expected its parameters"),
        ("rules: [{id: a, if: {all: x}}]", "rule 1 (a): if.all: expected a list of conditions"),
        (
            "rules: [{id: a, if: {all: [{a: {is: x}, b: {is: y}}]}}]",
            "rule 1 (a): if.all[0]: expected one of all",
        ),
        ("rules: [{id: a, if: {status: [x]}}]", "rule 1 (a): if.status: expected one operator"),
        ("rules: [{id: a, if: {status: {is: {x: y}}}}]", "rule 1 (a): if.status.is: expected a value"),
    ],
)
def test_what_cannot_be_read_is_named_by_its_place(content: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the text is asked for below
        rules_of(content, tmp_path)
    assert said in str(refused.value)


def test_groups_within_each_other_end_somewhere(tmp_path: Path) -> None:
    deep = "{all: [" * 30 + "{tags: is_set}" + "]}" * 30
    with pytest.raises(ValueError, match="at most 20 groups within each other"):
        rules_of(f"rules: [{{id: a, if: {deep}}}]", tmp_path)
