"""What rules hears and says, as two tables, and its commands for tickets."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from google.protobuf import message as protobuf

from bus.v1.bundle_pb2 import Envelope
from chassis.stamps import moment_of
from relaydesk.rules.v1 import events_pb2
from relaydesk.sla.v1 import events_pb2 as sla
from relaydesk.tickets.v1 import events_pb2 as tickets
from relaydesk.tickets.v1 import service_pb2, ticket_pb2
from services.rules.adapters.calendars import news_of
from services.rules.domain.commands import ApplyRules, ApplyRulesOfClock, KeepCalendar
from services.rules.domain.events import RulesApplied
from services.rules.domain.heard import (
    AGENT_ANSWERED,
    NOTE_ADDED,
    REQUESTER_WROTE,
    TARGET_BREACHED,
    TARGET_WARNED,
    TICKET_CHANGED,
    TICKET_MERGED,
    TICKET_OPENED,
    TIMER_FIRED,
    AddEntry,
    AddTag,
    Heard,
    Message,
    Moment,
    Notify,
    RemoveTag,
    SetField,
    Step,
    Ticket,
)
from services.rules.domain.rule import Rule

_MERGING = frozenset({"merged_into", "merged_from"})
# What tickets says of a message that no machine shall answer.
_NO_ANSWER = frozenset({"flood", "own_address", "spam", "suppress_answer", "too_many_hops"})


def event_of_opened(fact: tickets.TicketOpened, envelope: Envelope) -> ApplyRules:
    """A ticket began, by its requester's message most often."""
    wrote = fact.message.author.kind == "requester"
    events = (TICKET_OPENED, REQUESTER_WROTE) if wrote else (TICKET_OPENED,)
    return ApplyRules(_heard(fact, envelope, events, fact.message, ()))


def event_of_added(fact: tickets.MessageAdded, envelope: Envelope) -> ApplyRules | None:
    """Somebody wrote, and may have changed the ticket by it. What a rule wrote is heard only for what it changed, and what
    came along with a merged ticket was heard there."""
    if "merged" in fact.message.flags:
        return None
    events = _events_of(fact.message)
    if fact.changes:
        events = (*events, TICKET_CHANGED)
    return ApplyRules(_heard(fact, envelope, events, fact.message, fact.changes)) if events else None


def event_of_changed(fact: tickets.TicketChanged, envelope: Envelope) -> ApplyRules:
    """Fields are other than before. A merge is told by its own name, so that no rule takes it for a solution."""
    is_merge = any(change.field in _MERGING for change in fact.changes)
    event = TICKET_MERGED if is_merge else TICKET_CHANGED
    return ApplyRules(_heard(fact, envelope, (event,), None, fact.changes))


def moment_of_warned(fact: sla.TimerWarned, envelope: Envelope) -> ApplyRulesOfClock:
    """A target is at risk."""
    moment = Moment(fact.target.name, lead_seconds=fact.lead_seconds)
    return _of_clock(fact.target.ticket_id, TARGET_WARNED, moment, envelope)


def moment_of_breached(fact: sla.TimerBreached, envelope: Envelope) -> ApplyRulesOfClock:
    """A target was missed."""
    return _of_clock(fact.target.ticket_id, TARGET_BREACHED, Moment(fact.target.name), envelope)


def moment_of_fired(fact: sla.TimerFired, envelope: Envelope) -> ApplyRulesOfClock | None:
    """A timer has come to its moment; one that is about no ticket is nothing for rules."""
    if not fact.ticket_id:
        return None
    moment = Moment(timer=f"{fact.owner}:{fact.key}")
    return _of_clock(fact.ticket_id, TIMER_FIRED, moment, envelope)


def calendar_of_changed(fact: sla.CalendarChanged, _: Envelope) -> KeepCalendar:
    """A version of a calendar was saved."""
    return KeepCalendar(news_of(fact))


def _of_clock(ticket_id: str, event: str, moment: Moment, envelope: Envelope) -> ApplyRulesOfClock:
    return ApplyRulesOfClock(
        Heard(
            event_id=envelope.event_id,
            events=(event,),
            ticket=Ticket(ticket_id, 0, 0, "", "", "", ""),
            occurred_at=moment_of(envelope.occurred_at),
            actor="system",
            chain_id=envelope.chain_id or envelope.event_id,
            depth=envelope.depth,
            traceparent=envelope.traceparent,
            moment=moment,
        )
    )


def _events_of(message: ticket_pb2.Message) -> tuple[str, ...]:
    author = message.author.kind
    if author == "requester":
        return (REQUESTER_WROTE,)
    if author not in ("agent", "api"):
        return ()
    return (AGENT_ANSWERED,) if message.visibility == "public" else (NOTE_ADDED,)


def _heard(
    fact: Any,
    envelope: Envelope,
    events: tuple[str, ...],
    message: ticket_pb2.Message | None,
    changes: Iterable[ticket_pb2.FieldChange],
) -> Heard:
    return Heard(
        event_id=envelope.event_id,
        events=events,
        ticket=ticket_of(fact.ticket),
        occurred_at=moment_of(envelope.occurred_at),
        message=message_of(message) if message is not None else None,
        changes={change.field: (change.old, change.new) for change in changes},
        actor=fact.actor.kind,
        actor_id=fact.actor.id,
        chain_id=envelope.chain_id or envelope.event_id,
        depth=envelope.depth,
        traceparent=envelope.traceparent,
    )


def ticket_of(wire: ticket_pb2.Ticket) -> Ticket:
    """What rules know of a ticket."""
    return Ticket(
        ticket_id=wire.id,
        version=wire.version,
        number=wire.number,
        subject=wire.subject,
        status=wire.status,
        priority=wire.priority,
        channel=wire.channel,
        channel_kind=wire.channel_kind,
        lane=wire.lane,
        mailbox=wire.mailbox,
        group=wire.group,
        agent=wire.agent,
        tags=tuple(wire.tags),
        sla_policy=wire.sla_policy,
        fields=dict(wire.fields) if wire.fields else {},
        requester_name=wire.requester.name,
        requester_email=wire.requester.email,
        message_count=wire.message_count,
        reopen_count=wire.reopen_count,
        created_at=moment_of(wire.created_at),
        last_requester_message_at=moment_of(wire.last_requester_message_at)
        if wire.HasField("last_requester_message_at")
        else None,
        last_agent_message_at=moment_of(wire.last_agent_message_at)
        if wire.HasField("last_agent_message_at")
        else None,
        status_since=moment_of(wire.status_since) if wire.HasField("status_since") else None,
    )


def message_of(wire: ticket_pb2.Message) -> Message:
    """What rules know of a message."""
    wants_no_answer = not _NO_ANSWER.isdisjoint(wire.flags)
    return Message(wire.id, wire.text, wire.visibility, wire.author.kind, wire.is_automatic, wants_no_answer)


def set_command(
    wire: service_pb2.TicketCommand, heard: Heard, rule: Rule, key: str, steps: Iterable[Step]
) -> None:
    """Write a rule's steps on a ticket as one command; a repeat of the key gets the first answer."""
    wire.idempotency_key = key
    wire.ticket_id = heard.ticket.ticket_id
    actor = wire.actor
    actor.kind = "rule"
    actor.id = rule.rule_id
    actor.name = rule.name
    wire.chain_id = heard.chain_id
    # Of the cause: tickets counts on from it.
    wire.depth = heard.depth
    wire.cause_id = heard.event_id
    wire.traceparent = heard.traceparent
    for step in steps:
        _set_step(wire.steps.add(), step)


def _set_step(wire: service_pb2.TicketStep, step: Step) -> None:
    match step:
        case SetField(field, value):
            wire.set_field.field = field
            wire.set_field.value = value
        case AddTag(tag):
            wire.add_tag = tag
        case RemoveTag(tag):
            wire.remove_tag = tag
        case Notify(to, text):
            wire.notify.to.extend(to)
            wire.notify.text = text
        case AddEntry(visibility, text):
            wire.add_entry.visibility = visibility
            wire.add_entry.text = text
            wire.add_entry.is_automatic = True


def applied_to_wire(fact: RulesApplied) -> events_pb2.RulesApplied:
    """What matched an event."""
    wire = events_pb2.RulesApplied(
        event_id=fact.event_id,
        ticket_id=fact.ticket_id,
        rule_set_version=fact.rule_set_version,
        channel=fact.channel,
    )
    for rule in fact.rules:
        wire.rules.add(rule_id=rule.rule_id, name=rule.name, actions=rule.actions)
    return wire


# A foreign fact -> our command.
CONSUMES: Mapping[type[protobuf.Message], Callable[[Any, Envelope], object | None]] = {
    tickets.TicketOpened: event_of_opened,
    tickets.MessageAdded: event_of_added,
    tickets.TicketChanged: event_of_changed,
    sla.TimerWarned: moment_of_warned,
    sla.TimerBreached: moment_of_breached,
    sla.TimerFired: moment_of_fired,
    sla.CalendarChanged: calendar_of_changed,
}
# Our fact -> the contract.
PUBLISHES: Mapping[type, Callable[[Any], protobuf.Message]] = {RulesApplied: applied_to_wire}
