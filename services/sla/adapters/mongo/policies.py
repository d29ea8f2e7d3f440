"""Policies as documents, and back."""

from datetime import timedelta
from typing import Any

from chassis.conditions import ALWAYS, Condition, Group, Test
from chassis.mongo import Document
from services.sla.domain.policy import RUNNING, Policy, PolicyTarget


def policy_to_row(policy: Policy) -> Document:
    """One version of a policy."""
    return {
        "_id": f"{policy.policy_id}:{policy.version}",
        "policy_id": policy.policy_id,
        "name": policy.name,
        "position": policy.position,
        "calendar_id": policy.calendar_id,
        "channels": list(policy.channels),
        "groups": list(policy.groups),
        "condition": _condition_to_row(policy.condition),
        "pause_statuses": list(policy.pause_statuses),
        "counts": list(policy.counts),
        "applies_to": policy.applies_to,
        "is_off": policy.is_off,
        "targets": [_target_to_row(target) for target in policy.targets],
        "version": policy.version,
        "saved_at": policy.saved_at,
    }


def policy_of_row(row: Document) -> Policy:
    """Rows of before lack what policies could not say then."""
    return Policy(
        policy_id=row["policy_id"],
        name=row["name"],
        position=row["position"],
        calendar_id=row["calendar_id"],
        targets=tuple(_target_of_row(target) for target in row["targets"]),
        channels=tuple(row["channels"]),
        groups=tuple(row["groups"]),
        condition=_condition_of_row(row["condition"]) if "condition" in row else ALWAYS,
        pause_statuses=tuple(row["pause_statuses"]),
        counts=tuple(row.get("counts", ())),
        applies_to=row.get("applies_to", RUNNING),
        is_off=row.get("is_off", False),
        version=row["version"],
        saved_at=row["saved_at"],
    )


def _target_to_row(target: PolicyTarget) -> Document:
    row: Document = {
        "name": target.name,
        "priority": target.priority,
        "within": target.within.total_seconds(),
        "warn_before": target.warn_before.total_seconds(),
        "time": target.time,
        "also_warn_before": [lead.total_seconds() for lead in target.also_warn_before],
    }
    if target.pause_statuses is not None:
        row["pause_statuses"] = list(target.pause_statuses)
    return row


def _target_of_row(row: Document) -> PolicyTarget:
    return PolicyTarget(
        row["name"],
        timedelta(seconds=row["within"]),
        row["priority"],
        timedelta(seconds=row["warn_before"]),
        row["time"],
        tuple(timedelta(seconds=lead) for lead in row.get("also_warn_before", ())),
        tuple(row["pause_statuses"]) if "pause_statuses" in row else None,
    )


def _condition_to_row(condition: Condition) -> list[Any]:
    if isinstance(condition, Test):
        return ["test", condition.field, condition.operator, list(condition.values)]
    return [condition.joined, [_condition_to_row(part) for part in condition.conditions]]


def _condition_of_row(row: list[Any]) -> Condition:
    if row[0] == "test":
        return Test(row[1], row[2], tuple(row[3]))
    return Group(row[0], tuple(_condition_of_row(part) for part in row[1]))
