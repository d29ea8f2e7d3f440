"""Policies as messages of the contract, and back."""

from collections.abc import Sequence
from datetime import timedelta

from chassis.conditions import ALWAYS, Condition, Group, Test
from chassis.errors import InvalidField
from relaydesk.rules.v1 import service_pb2 as rules
from relaydesk.sla.v1 import service_pb2 as pb
from services.sla.domain.policy import DEFAULT_PAUSE, RUNNING, Policy, PolicyTarget

# Nothing sent means what is usual; `none` says that time never stands still.
_NONE = "none"
# Beyond this nobody nests conditions by hand.
_DEEPEST = 20


def policy_of_wire(wire: pb.Policy) -> Policy:
    """A policy as somebody wrote it. What is left empty has the usual value. Raises InvalidField for a condition nested
    without end."""
    return Policy(
        policy_id=wire.id,
        name=wire.name.strip(),
        position=wire.position,
        calendar_id=wire.calendar_id,
        targets=tuple(
            PolicyTarget(
                name=target.name,
                within=_seconds(target.within_seconds),
                priority=target.priority,
                warn_before=_seconds(target.warn_before_seconds),
                time=target.time or ("business" if wire.calendar_id else "calendar"),
                also_warn_before=tuple(_seconds(lead) for lead in target.also_warn_before_seconds),
                pause_statuses=_pause_of_wire(target.pause_statuses),
            )
            for target in wire.targets
        ),
        channels=tuple(dict.fromkeys(wire.channels)),
        groups=tuple(dict.fromkeys(wire.groups)),
        condition=_condition_of_wire(wire.condition, 0),
        pause_statuses=pause_of_wire(wire.pause_statuses),
        counts=tuple(dict.fromkeys(wire.counts)),
        applies_to=wire.applies_to or RUNNING,
        is_off=wire.is_off,
    )


def pause_of_wire(statuses: Sequence[str]) -> tuple[str, ...]:
    """The statuses in which the resolution stands still."""
    given = _pause_of_wire(statuses)
    return DEFAULT_PAUSE if given is None else given


def policy_to_wire(policy: Policy) -> pb.Policy:
    return pb.Policy(
        id=policy.policy_id,
        name=policy.name,
        position=policy.position,
        channels=policy.channels,
        groups=policy.groups,
        calendar_id=policy.calendar_id,
        targets=[
            pb.PolicyTarget(
                name=target.name,
                priority=target.priority,
                within_seconds=int(target.within.total_seconds()),
                warn_before_seconds=int(target.warn_before.total_seconds()),
                time=target.time,
                also_warn_before_seconds=[int(lead.total_seconds()) for lead in target.also_warn_before],
                pause_statuses=() if target.pause_statuses is None else target.pause_statuses or (_NONE,),
            )
            for target in policy.targets
        ],
        version=policy.version,
        pause_statuses=policy.pause_statuses or (_NONE,),
        condition=_condition_to_wire(policy.condition) if policy.condition != ALWAYS else None,
        counts=policy.counts,
        applies_to=policy.applies_to,
        is_off=policy.is_off,
    )


def _pause_of_wire(statuses: Sequence[str]) -> tuple[str, ...] | None:
    if not statuses:
        return None
    return () if list(statuses) == [_NONE] else tuple(dict.fromkeys(statuses))


def _condition_of_wire(wire: rules.Condition, depth: int) -> Condition:
    if depth > _DEEPEST:
        raise InvalidField("policy.condition", f"at most {_DEEPEST} groups within each other")
    kind = wire.WhichOneof("node")
    if kind is None:
        return ALWAYS
    if kind == "test":
        return Test(wire.test.field, wire.test.operator, tuple(wire.test.values))
    parts = tuple(_condition_of_wire(part, depth + 1) for part in getattr(wire, kind).conditions)
    return Group(kind, parts)


def _condition_to_wire(condition: Condition) -> rules.Condition:
    if isinstance(condition, Test):
        test = rules.Test(field=condition.field, operator=condition.operator, values=condition.values)
        return rules.Condition(test=test)
    group = rules.ConditionGroup(conditions=[_condition_to_wire(part) for part in condition.conditions])
    match condition.joined:
        case "all":
            return rules.Condition(all=group)
        case "any":
            return rules.Condition(any=group)
        case "none":
            return rules.Condition(none=group)


def _seconds(amount: int) -> timedelta:
    # Beyond this a timedelta overflows; either is refused by the policy's own bounds.
    return timedelta(seconds=max(-1, min(amount, 10**11)))
