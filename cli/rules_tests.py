"""`relaydesk rules test`: events that a file thinks up, and what its rules shall make of them.

tests:
- name: a refund goes to Payments
  when: [ticket_opened]
  given: {subject: Refund please, sender: ana@example.org, tags: [vip]}
  changes: {status: [open, pending]}
  at: 2026-12-01T09:00:00Z
  expect: {group: payments, tags: [money, vip], rules: [payments], writes: [reply]}
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chassis.errors import InvalidFields
from cli.printing import one_line
from cli.rules_file import content_of, read
from cli.rules_places import named_place
from cli.system import System
from relaydesk.rules.v1 import service_pb2 as pb

_KEYS = ("name", "when", "given", "changes", "at", "expect")
_FIELDS = ("status", "priority", "group", "agent", "sla_policy", "tags")
# What a rule says rather than sets.
_WRITES = ("reply", "note", "notify")
_EXPECTED = (*_FIELDS, "rules", "writes")


@dataclass(frozen=True, slots=True)
class RuleTest:
    """An event, and what is expected of it, by _EXPECTED."""

    name: str
    event: pb.ThoughtUpEvent
    expected: Mapping[str, Sequence[str]]


def add(group: Any) -> None:
    """Add the word to the command line."""
    test = group.add_parser(
        "test",
        help="try the rules of a YAML file on the events of its `tests:`; nothing is saved and nothing happens",
        epilog="Exit code: 0 every test holds, 1 one does not.",
    )
    test.add_argument("file", type=Path)
    test.set_defaults(run=_run)


def _run(asked: argparse.Namespace, system: System) -> int:
    rules, tests = read(asked.file), read_tests(asked.file)
    if not tests:
        raise ValueError(f"{asked.file}: it has no tests")
    request = pb.TryRulesRequest(drafts=rules, only_drafts=True, events=[test.event for test in tests])
    try:
        answers = system.rules.TryRules(request).events
    except InvalidFields as invalid:
        names = {"events": [test.name for test in tests], "drafts": [rule.id for rule in rules]}
        raise ValueError(
            "; ".join(f"{named_place(field.field, names)}: {field.description}" for field in invalid.fields)
        ) from None
    failed = 0
    for test, answer in zip(tests, answers, strict=True):
        wrong = list(mistakes(test, answer))
        failed += bool(wrong)
        print(f"{'FAILED' if wrong else 'ok'}  {one_line(test.name)}")
        for line in wrong:
            print(f"    {line}")
    print(f"{len(tests) - failed} of {len(tests)} hold")
    return 1 if failed else 0


def read_tests(path: Path) -> list[RuleTest]:
    """The tests of a YAML file. Raises ValueError with the place of the mistake, OSError."""
    rows = content_of(path).get("tests", [])
    return [_test(row, f"{path}: test {place + 1}") for place, row in enumerate(rows)]


def mistakes(test: RuleTest, answer: pb.TriedEvent) -> Iterator[str]:
    """What is other than expected, a line each."""
    found: dict[str, list[str]] = {name: list(answer.ticket[name].values) for name in _FIELDS}
    found["rules"] = [outcome.rule_id for outcome in answer.outcomes if outcome.outcome == "matched"]
    found["writes"] = [step.kind for step in answer.steps if step.kind in _WRITES]
    for name, wanted in test.expected.items():
        got = found[name]
        if list(wanted) != got and not (name == "tags" and sorted(wanted) == got):
            yield f"{name}: expected {_list(wanted)}, got {_list(got)}"


def _list(values: Sequence[str]) -> str:
    return one_line(", ".join(values)) if any(values) else "nothing"


def _test(row: object, where: str) -> RuleTest:
    if not isinstance(row, Mapping) or not row.get("name"):
        raise ValueError(f"{where}: expected a map with a name")
    where = f"{where} ({row['name']})"
    if unknown := sorted(str(key) for key in row if key not in _KEYS):
        raise ValueError(f"{where}: unknown {', '.join(unknown)}; known are {', '.join(_KEYS)}")
    event = pb.ThoughtUpEvent(events=_texts(row.get("when", []), f"{where}: when"))
    for name, values in _map(row.get("given", {}), f"{where}: given").items():
        event.given[name].values.extend(_texts(values, f"{where}: given.{name}"))
    for name, values in _map(row.get("changes", {}), f"{where}: changes").items():
        sides = _texts(values, f"{where}: changes.{name}")
        if len(sides) != 2:
            raise ValueError(
                f"{where}: changes.{name}: expected what it was and what it became, such as [open, pending]"
            )
        event.changes[name].old, event.changes[name].new = sides
    if "at" in row:
        try:
            event.occurred_at.FromJsonString(str(row["at"]))
        except ValueError:
            raise ValueError(f"{where}: at: expected a moment such as 2026-12-01T09:00:00Z") from None
    expected = _map(row.get("expect", {}), f"{where}: expect")
    if not expected or not set(expected) <= set(_EXPECTED):
        raise ValueError(f"{where}: expect: expected some of {', '.join(_EXPECTED)}")
    wanted = {name: _texts(values, f"{where}: expect.{name}") for name, values in expected.items()}
    return RuleTest(str(row["name"]), event, wanted)


def _map(content: object, where: str) -> Mapping[str, object]:
    if not isinstance(content, Mapping):
        raise ValueError(f"{where}: expected a map")
    return {str(name): value for name, value in content.items()}


def _texts(content: object, where: str) -> list[str]:
    several = content if isinstance(content, list) else [content]
    texts = [value for value in several if isinstance(value, str)]
    if len(texts) != len(several):
        raise ValueError(f"{where}: expected a value or a list of them")
    return texts
