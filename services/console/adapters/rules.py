"""Rules and explanations from the rules service."""

import grpc
from google.protobuf.struct_pb2 import Struct, Value

from relaydesk.rules.v1 import service_pb2
from relaydesk.rules.v1.service_pb2_grpc import RulesServiceStub
from services.console.adapters.calls import Caller, moment, moment_or_none
from services.console.domain.rules import (
    Action,
    Condition,
    ConditionGroup,
    Explanation,
    Rule,
    RuleOutcome,
    RuleWarning,
    Test,
    TestOutcome,
)


class GrpcRules:
    """Implements the port Rules."""

    def __init__(self, channel: grpc.Channel, caller: Caller) -> None:
        self._stub = RulesServiceStub(channel)
        self._caller = caller

    def list_rules(self) -> tuple[Rule, ...]:
        answer = self._caller.ask(self._stub.ListRules, service_pb2.ListRulesRequest())
        return tuple(_rule_of(rule) for rule in sorted(answer.rules, key=lambda rule: rule.position))

    def switch_rule(self, rule_id: str, *, on: bool, expected_version: int, agent_id: str) -> Rule:
        request = service_pb2.GetRuleRequest(rule_id=rule_id)
        rule = self._caller.ask(self._stub.GetRule, request).rule
        rule.enabled = on
        save = service_pb2.SaveRuleRequest(rule=rule, expected_version=expected_version)
        return _rule_of(self._caller.ask(self._stub.SaveRule, save, agent_id=agent_id).rule)

    def check_rules(self) -> tuple[RuleWarning, ...]:
        answer = self._caller.ask(self._stub.CheckRules, service_pb2.CheckRulesRequest())
        return tuple(
            RuleWarning(one.rule_id, one.kind, one.path, tuple(one.other_rule_ids)) for one in answer.warnings
        )

    def explain_event(self, event_id: str) -> tuple[Explanation, ...]:
        request = service_pb2.ExplainEventRequest(event_id=event_id)
        answer = self._caller.ask(self._stub.ExplainEvent, request)
        return tuple(_explanation_of(explanation) for explanation in answer.explanations)


def _rule_of(wire: service_pb2.Rule) -> Rule:
    return Rule(
        rule_id=wire.id,
        name=wire.name,
        is_enabled=wire.enabled,
        position=wire.position,
        events=tuple(wire.events),
        condition=condition_of(wire.condition),
        actions=tuple(Action(action.kind, _params_of(action.params)) for action in wire.actions),
        stops=wire.stop,
        version=wire.version,
        updated_at=moment_or_none(wire.updated_at, is_set=wire.HasField("updated_at")),
        updated_by=wire.updated_by,
        active_from=moment_or_none(wire.active_from, is_set=wire.HasField("active_from")),
        active_until=moment_or_none(wire.active_until, is_set=wire.HasField("active_until")),
    )


def condition_of(wire: service_pb2.Condition) -> Condition | None:
    """The condition; None where nothing is asked."""
    kind = wire.WhichOneof("node")
    if kind is None:
        return None
    if kind == "test":
        return Test(wire.test.field, wire.test.operator, tuple(wire.test.values))
    group: service_pb2.ConditionGroup = {"all": wire.all, "any": wire.any, "none": wire.none}[kind]
    members = (condition_of(member) for member in group.conditions)
    return ConditionGroup(kind, tuple(member for member in members if member is not None))


def _params_of(wire: Struct) -> dict[str, str]:
    return {name: _text_of(value) for name, value in wire.fields.items()}


def _text_of(value: Value) -> str:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "number_value":
        return f"{value.number_value:g}"
    if kind == "bool_value":
        return "yes" if value.bool_value else "no"
    if kind == "list_value":
        return ", ".join(_text_of(member) for member in value.list_value.values)
    return ""


def _explanation_of(wire: service_pb2.Explanation) -> Explanation:
    outcomes = tuple(
        RuleOutcome(
            rule_id=outcome.rule_id,
            name=outcome.name,
            outcome=outcome.outcome,
            reason=outcome.reason,
            tests=tuple(
                TestOutcome(test.field, test.operator, tuple(test.expected), test.actual, test.holds)
                for test in outcome.tests
            ),
            actions=tuple(outcome.actions),
            result=outcome.result,
        )
        for outcome in wire.outcomes
    )
    return Explanation(wire.event_id, moment(wire.evaluated_at), wire.rule_set_version, outcomes)
