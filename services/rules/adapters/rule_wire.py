"""Rules as the contract has them, and back."""

from datetime import datetime

from google.protobuf.json_format import MessageToDict
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.conditions import ALWAYS, Condition, Group, Test
from chassis.errors import InvalidField
from chassis.stamps import moment_of
from relaydesk.rules.v1 import service_pb2 as pb
from services.rules.domain.rule import ActionUse, Rule

# Deeper is refused when the rule is compiled; this only keeps a request from nesting without end.
_DEEPEST = 20


def rule_of_wire(wire: pb.Rule) -> Rule:
    """A rule as somebody wrote it. Raises InvalidField for a condition nested without end."""
    return Rule(
        rule_id=wire.id,
        name=wire.name.strip(),
        events=tuple(dict.fromkeys(wire.events)),
        actions=tuple(ActionUse(action.kind, MessageToDict(action.params)) for action in wire.actions),
        condition=_condition_of_wire(wire.condition, 0),
        position=wire.position,
        enabled=wire.enabled,
        stop=wire.stop,
        active_from=_moment(wire.active_from, "active_from") if wire.HasField("active_from") else None,
        active_until=_moment(wire.active_until, "active_until") if wire.HasField("active_until") else None,
    )


def _moment(wire: Timestamp, name: str) -> datetime:
    try:
        return moment_of(wire)
    except (OverflowError, ValueError):
        raise InvalidField(f"rule.{name}", "a moment of the years 1 to 9999") from None


def _condition_of_wire(wire: pb.Condition, depth: int) -> Condition:
    if depth > _DEEPEST:
        raise InvalidField("rule.condition", f"at most {_DEEPEST} groups within each other")
    kind = wire.WhichOneof("node")
    if kind is None:
        return ALWAYS
    if kind == "test":
        return Test(wire.test.field, wire.test.operator, tuple(wire.test.values))
    parts = tuple(_condition_of_wire(part, depth + 1) for part in getattr(wire, kind).conditions)
    return Group(kind, parts)


def rule_to_wire(rule: Rule) -> pb.Rule:
    wire = pb.Rule(
        id=rule.rule_id,
        name=rule.name,
        enabled=rule.enabled,
        position=rule.position,
        events=rule.events,
        condition=_condition_to_wire(rule.condition),
        stop=rule.stop,
        version=rule.version,
        updated_by=rule.updated_by,
    )
    for use in rule.actions:
        wire.actions.add(kind=use.kind).params.update(dict(use.params))
    for moment, stamped in (
        (rule.updated_at, wire.updated_at),
        (rule.active_from, wire.active_from),
        (rule.active_until, wire.active_until),
    ):
        if moment is not None:
            stamped.FromDatetime(moment)
    return wire


def _condition_to_wire(condition: Condition) -> pb.Condition:
    if isinstance(condition, Test):
        test = pb.Test(field=condition.field, operator=condition.operator, values=condition.values)
        return pb.Condition(test=test)
    group = pb.ConditionGroup(conditions=[_condition_to_wire(part) for part in condition.conditions])
    match condition.joined:
        case "all":
            return pb.Condition(all=group)
        case "any":
            return pb.Condition(any=group)
        case "none":
            return pb.Condition(none=group)
