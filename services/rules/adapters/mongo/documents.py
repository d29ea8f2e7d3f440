"""Rules and explanations as documents, and back."""

from datetime import datetime
from operator import attrgetter
from typing import Any

from chassis.conditions import Condition, Group, Test
from chassis.mongo import Document
from services.rules.domain.heard import Heard, Message, Moment, Ticket
from services.rules.domain.rule import ActionUse, Rule
from services.rules.domain.run import Verdict

# A longer text is read again from tickets when somebody asks.
KEPT_TEXT = 4_000
_TICKET = tuple(name for name in Ticket.__dataclass_fields__ if name not in ("ticket_id", "tags"))
_values_of = attrgetter(*_TICKET)


def rule_to_row(rule: Rule, since: int) -> Document:
    """One version of a rule, in force from the set's version `since` on."""
    return {
        # Not the rule's own version: that begins anew where a deleted rule's id is taken again.
        "_id": f"{rule.rule_id}:{since}",
        "rule_id": rule.rule_id,
        "version": rule.version,
        "since": since,
        "name": rule.name,
        "enabled": rule.enabled,
        "position": rule.position,
        "events": list(rule.events),
        "condition": _condition_to_row(rule.condition),
        "actions": [{"kind": use.kind, "params": dict(use.params)} for use in rule.actions],
        "stop": rule.stop,
        "updated_at": rule.updated_at,
        "updated_by": rule.updated_by,
        "season": [rule.active_from, rule.active_until],
    }


def rule_of_row(row: Document) -> Rule:
    active_from, active_until = row.get("season", (None, None))
    return Rule(
        rule_id=row["rule_id"],
        name=row["name"],
        events=tuple(row["events"]),
        actions=tuple(ActionUse(use["kind"], use["params"]) for use in row["actions"]),
        condition=_condition_of_row(row["condition"]),
        position=row["position"],
        enabled=row["enabled"],
        stop=row["stop"],
        version=row["version"],
        updated_at=row["updated_at"],
        updated_by=row.get("updated_by", ""),
        active_from=active_from,
        active_until=active_until,
    )


def _condition_to_row(condition: Condition) -> list[Any]:
    if isinstance(condition, Test):
        return ["test", condition.field, condition.operator, list(condition.values)]
    return [condition.joined, [_condition_to_row(part) for part in condition.conditions]]


def _condition_of_row(row: list[Any]) -> Condition:
    if row[0] == "test":
        return Test(row[1], row[2], tuple(row[3]))
    return Group(row[0], tuple(_condition_of_row(part) for part in row[1]))


def explanation_to_row(heard: Heard, verdict: Verdict, rule_set: int, now: datetime) -> Document:
    """What is needed to explain the event later; `results` come in once tickets has answered."""
    ticket, message = heard.ticket, heard.message
    row: Document = {
        "_id": heard.event_id,
        "at": now,
        "set": rule_set,
        "chain": heard.chain_id,
        "depth": heard.depth,
        "events": list(heard.events),
        "actor": [heard.actor, heard.actor_id],
        "ticket_id": ticket.ticket_id,
        # What is empty is left out: there is one row an event.
        "ticket": {name: value for name, value in zip(_TICKET, _values_of(ticket), strict=True) if value},
        "tags": list(ticket.tags),
        "occurred_at": heard.occurred_at,
    }
    if message is not None:
        text = message.text
        row["message"] = [message.message_id, message.visibility, message.author, message.is_automatic]
        if message.wants_no_answer:
            row["no_answer"] = True
        row["text"] = text if len(text) <= KEPT_TEXT else text[:KEPT_TEXT]
        if len(text) > KEPT_TEXT:
            row["cut"] = True
    if heard.moment is not None:
        row["moment"] = [heard.moment.target, heard.moment.lead_seconds, heard.moment.timer]
    if heard.changes:
        row["changes"] = [[name, old, new] for name, (old, new) in heard.changes.items()]
    if verdict.matches:
        row["matched"] = [[m.rule.rule.rule_id, m.reason, m.actions, ""] for m in verdict.matches]
    if verdict.held_back:
        row["held_back"] = [[one.rule.rule_id, reason] for one, reason in verdict.held_back]
    return row


def heard_of_row(row: Document) -> Heard:
    """The event as it was seen; a long text may be cut."""
    empty = {"version": 0, "number": 0, "subject": "", "status": "", "priority": "", "channel": ""}
    ticket = {**empty, **row["ticket"]}
    message = None
    if "message" in row:
        message_id, visibility, author, is_automatic = row["message"]
        message = Message(
            message_id, row["text"], visibility, author, is_automatic, row.get("no_answer", False)
        )
    actor, actor_id = row["actor"]
    return Heard(
        event_id=row["_id"],
        events=tuple(row["events"]),
        ticket=Ticket(ticket_id=row["ticket_id"], tags=tuple(row["tags"]), **ticket),
        occurred_at=row["occurred_at"],
        message=message,
        changes={name: (old, new) for name, old, new in row.get("changes", ())},
        actor=actor,
        actor_id=actor_id,
        chain_id=row["chain"],
        depth=row["depth"],
        moment=Moment(*row["moment"]) if "moment" in row else None,
    )
