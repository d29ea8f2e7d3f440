"""Files that say which rules there shall be, in the order in which they run.

    rules:
    - id: payments
      name: Money questions to Payments
      when: [ticket_opened]
      if:
        any:
        - subject: {contains_any: [refund, invoice]}
        - tags: is_set
      then:
      - set_group: {group: payments}
      - mark_spam
      stop: true

A rule's place in the file is its place in the order, unless it says a `position`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from relaydesk.rules.v1 import service_pb2 as pb

_KEYS = ("id", "name", "enabled", "position", "from", "until", "when", "if", "then", "stop")
# The two sides of a season -> the contract's fields.
SEASON = {"from": "active_from", "until": "active_until"}
_GROUPS = ("all", "any", "none")
# Deeper is refused by the service too.
_DEEPEST = 20
_STEP = 10


def content_of(path: Path) -> Mapping[str, Any]:
    """The file's `rules:` and `tests:`, as written. Raises ValueError with the place of the mistake, OSError."""
    try:
        # Every value stays the text that is written: a tag may be called yes, and 1.10 is not 1.1.
        content = yaml.load(path.read_text(), yaml.BaseLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 1}" if mark is not None else ""
        raise ValueError(
            f"{path}: not YAML{place}: {getattr(error, 'problem', None) or 'unreadable'}"
        ) from None
    if not isinstance(content, Mapping) or "rules" not in content or set(content) - {"rules", "tests"}:
        raise ValueError(f"{path}: expected `rules:` with a list, perhaps `tests:`, and nothing beside them")
    for word, rows in content.items():
        if not isinstance(rows, list):
            raise ValueError(f"{path}: {word}: expected a list")
    return content


def read(path: Path) -> list[pb.Rule]:
    """The rules of a YAML file. Raises ValueError with the place of the mistake, OSError."""
    rows = content_of(path)["rules"]
    rules = [_rule(row, place, f"{path}: rule {place + 1}") for place, row in enumerate(rows)]
    ids = [rule.id for rule in rules]
    if doubled := sorted({one for one in ids if ids.count(one) > 1}):
        raise ValueError(f"{path}: {', '.join(doubled)}: described more than once")
    return rules


def write(rules: Sequence[pb.Rule]) -> str:
    """The same rules as a file; positions are said where the order alone would give others."""
    rows = []
    for place, rule in enumerate(rules):
        row: dict[str, Any] = {"id": rule.id, "name": rule.name}
        if not rule.enabled:
            row["enabled"] = False
        if rule.position != _position(place):
            row["position"] = rule.position
        row |= {word: said for word in SEASON if (said := season_as_written(rule, word))}
        row["when"] = list(rule.events)
        if rule.condition.WhichOneof("node") is not None:
            row["if"] = condition_as_written(rule.condition)
        row["then"] = [action_as_written(action) for action in rule.actions]
        if rule.stop:
            row["stop"] = True
        rows.append(row)
    return yaml.safe_dump({"rules": rows}, sort_keys=False, allow_unicode=True, width=120)


def season_as_written(rule: pb.Rule, word: str) -> str:
    """`from` or `until` of a season as a file has it; empty where that side is open."""
    field = SEASON[word]
    return getattr(rule, field).ToJsonString() if rule.HasField(field) else ""  # type: ignore[arg-type]


def condition_as_written(wire: pb.Condition) -> Any:
    """A condition as a file has it."""
    kind = wire.WhichOneof("node")
    if kind == "test":
        values = list(wire.test.values)
        if not values:
            return {wire.test.field: wire.test.operator}
        return {wire.test.field: {wire.test.operator: values if len(values) > 1 else values[0]}}
    group = getattr(wire, kind or "all")
    return {kind or "all": [condition_as_written(part) for part in group.conditions]}


def action_as_written(action: pb.Action) -> Any:
    """An action as a file has it."""
    params = dict(action.params)
    return {action.kind: params} if params else action.kind


def _position(place: int) -> int:
    return (place + 1) * _STEP


def _rule(row: object, place: int, where: str) -> pb.Rule:
    if not isinstance(row, Mapping) or not row.get("id"):
        raise ValueError(f"{where}: expected a map with an id")
    where = f"{where} ({row['id']})"
    if unknown := sorted(str(key) for key in row if key not in _KEYS):
        raise ValueError(f"{where}: unknown {', '.join(unknown)}; known are {', '.join(_KEYS)}")
    events = row.get("when", [])
    if not isinstance(events, list | str):
        raise ValueError(f"{where}: when: expected an event or a list of them")
    actions = row.get("then", [])
    if not isinstance(actions, list):
        raise ValueError(f"{where}: then: expected a list of actions")
    position = row.get("position", str(_position(place)))
    if not (isinstance(position, str) and position.isascii() and position.isdigit() and len(position) < 10):
        raise ValueError(f"{where}: position: expected a number from 0 on")
    rule = pb.Rule(
        id=str(row["id"]),
        name=str(row.get("name") or row["id"]),
        enabled=_flag(row.get("enabled", "true"), f"{where}: enabled"),
        position=int(position),
        events=[events] if isinstance(events, str) else [str(event) for event in events],
        condition=_condition(row["if"], f"{where}: if", 0) if row.get("if") else None,
        actions=[_action(action, f"{where}: then[{number}]") for number, action in enumerate(actions)],
        stop=_flag(row.get("stop", "false"), f"{where}: stop"),
    )
    for word, field in SEASON.items():
        if word in row:
            try:
                getattr(rule, field).FromJsonString(str(row[word]))
            except ValueError:
                raise ValueError(f"{where}: {word}: expected a moment such as 2026-12-01T00:00:00Z") from None
    return rule


def _flag(value: object, where: str) -> bool:
    if value not in ("true", "false"):
        raise ValueError(f"{where}: expected true or false")
    return value == "true"


def _condition(content: object, where: str, depth: int) -> pb.Condition:
    if depth > _DEEPEST:
        raise ValueError(f"{where}: at most {_DEEPEST} groups within each other")
    if not isinstance(content, Mapping) or len(content) != 1:
        raise ValueError(
            f"{where}: expected one of {', '.join(_GROUPS)} with a list, or one field with its test"
        )
    ((word, inner),) = content.items()
    if word in _GROUPS:
        if not isinstance(inner, list):
            raise ValueError(f"{where}.{word}: expected a list of conditions")
        parts = [_condition(part, f"{where}.{word}[{place}]", depth + 1) for place, part in enumerate(inner)]
        condition = pb.Condition()
        # An empty list sets nothing by itself.
        getattr(condition, word).SetInParent()
        getattr(condition, word).conditions.extend(parts)
        return condition
    if isinstance(inner, str):
        return pb.Condition(test=pb.Test(field=str(word), operator=inner))
    if not isinstance(inner, Mapping) or len(inner) != 1:
        raise ValueError(f"{where}.{word}: expected one operator with its values, such as {{is: open}}")
    ((operator, values),) = inner.items()
    several = values if isinstance(values, list) else [values]
    if not all(isinstance(value, str) for value in several):
        raise ValueError(f"{where}.{word}.{operator}: expected a value or a list of them")
    return pb.Condition(test=pb.Test(field=str(word), operator=str(operator), values=several))


def _action(content: object, where: str) -> pb.Action:
    if isinstance(content, str):
        return pb.Action(kind=content)
    if not isinstance(content, Mapping) or len(content) != 1:
        raise ValueError(f"{where}: expected one action, such as {{add_tag: {{tag: vip}}}}")
    ((kind, params),) = content.items()
    if not isinstance(params, Mapping) or not all(isinstance(value, str) for value in params.values()):
        raise ValueError(f"{where}.{kind}: expected its parameters, each with a text")
    action = pb.Action(kind=str(kind))
    action.params.update({str(name): value for name, value in params.items()})
    return action
