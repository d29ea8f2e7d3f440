"""TryRules: what rules would make of events that somebody thought up."""

from collections.abc import Sequence
from datetime import datetime

from chassis.errors import InvalidField
from chassis.stamps import moment_of
from relaydesk.rules.v1 import service_pb2 as pb
from services.rules.adapters.outcomes import outcome_to_wire
from services.rules.application.vocabulary import find_read
from services.rules.domain.heard import AddEntry, AddTag, Heard, Notify, RemoveTag, SetField, Step
from services.rules.domain.rule import CompiledRule
from services.rules.domain.rule_set import RuleSet
from services.rules.domain.run import explain
from services.rules.domain.trying import Tried, thought_up, try_rules
from services.rules.domain.view import FindCalendars

MOST_EVENTS = 1_000


def tried(
    rules: Sequence[CompiledRule],
    events: Sequence[pb.ThoughtUpEvent],
    now: datetime,
    calendars: FindCalendars,
) -> pb.TryRulesResponse:
    """Raises InvalidField, with a path that begins with the event's place."""
    if len(events) > MOST_EVENTS:
        raise InvalidField("events", f"at most {MOST_EVENTS}", str(len(events)))
    running = RuleSet(0, rules)
    answer = pb.TryRulesResponse()
    for place, event in enumerate(events):
        try:
            found = try_rules(running, _heard(event, now), find_read, calendars)
        except InvalidField as wrong:
            raise InvalidField(f"events[{place}].{wrong.field}", wrong.expected, wrong.got) from None
        _write(answer.events.add(), running, found, calendars)
    return answer


def _heard(event: pb.ThoughtUpEvent, now: datetime) -> Heard:
    at = moment_of(event.occurred_at) if event.HasField("occurred_at") else now
    given = {name: tuple(of_name.values) for name, of_name in event.given.items()}
    changes = {name: (change.old, change.new) for name, change in event.changes.items()}
    return thought_up(tuple(event.events), given, changes, at)


def _write(wire: pb.TriedEvent, running: RuleSet, found: Tried, calendars: FindCalendars) -> None:
    matched = {
        match.rule.rule.rule_id: (match.reason, tuple(match.actions)) for match in found.verdict.matches
    }
    held_back = {one.rule.rule_id: reason for one, reason in found.verdict.held_back}
    for trace in explain(running, found.heard, find_read, matched, held_back, calendars):
        wire.outcomes.append(outcome_to_wire(trace, ""))
    for rule_id, step in found.steps:
        kind, field, value = _said(step)
        wire.steps.add(rule_id=rule_id, kind=kind, field=field, value=value)
    ticket = found.ticket
    for name in ("status", "priority", "group", "agent", "sla_policy"):
        wire.ticket[name].values.append(getattr(ticket, name))
    wire.ticket["tags"].values.extend(ticket.tags)


def _said(step: Step) -> tuple[str, str, str]:
    match step:
        case SetField(field, value):
            return "set_field", field, value
        case AddTag(tag):
            return "add_tag", "", tag
        case RemoveTag(tag):
            return "remove_tag", "", tag
        case Notify(to, text):
            return "notify", ",".join(to), text
        case AddEntry(visibility, text):
            return "reply" if visibility == "public" else "note", "", text
