"""What sla hears and says, as two tables."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from google.protobuf import message as protobuf

from bus.v1.bundle_pb2 import Envelope
from chassis.stamps import millisecond_of, stamp
from relaydesk.sla.v1 import events_pb2
from relaydesk.tickets.v1 import events_pb2 as tickets
from relaydesk.tickets.v1 import ticket_pb2
from services.sla.adapters.calendar_facts import calendar_changed_to_wire
from services.sla.domain import events
from services.sla.domain.commands import ObserveTicket
from services.sla.domain.counting import AGENT, AUTO_REPLY, AUTOMATIC, BOT, MERGED, NOTE, REQUESTER
from services.sla.domain.history import Entry
from services.sla.domain.snapshot import Change, Snapshot, is_watched

# Whose public message answers: persons, and systems that speak for them. Rules and bots do not.
_ANSWERING = frozenset({"agent", "api"})


def observation_of_opened(fact: tickets.TicketOpened, envelope: Envelope) -> ObserveTicket:
    """The ticket's clocks begin."""
    snapshot = snapshot_of(fact.ticket)
    wrote = writer_of(fact.message)
    # It counts from when the message was accepted, under the policy of when the ticket was opened.
    entry = Entry(
        snapshot.version, envelope.index, snapshot.created_at, wrote, snapshot.opening, is_opening=True
    )
    return ObserveTicket(snapshot, millisecond_of(envelope.occurred_at), entry)


def observation_of_added(fact: tickets.MessageAdded, envelope: Envelope) -> ObserveTicket:
    """Somebody wrote; it may begin or end a wait."""
    snapshot, watched = snapshot_of(fact.ticket), watched_of(fact.changes)
    wrote = writer_of(fact.message)
    entry = None
    if wrote or watched:
        # What came along with another ticket counts, where it does, from the moment it came.
        at = millisecond_of(envelope.occurred_at if is_merged(fact.message) else fact.message.created_at)
        entry = Entry(snapshot.version, envelope.index, at, wrote, watched)
    return ObserveTicket(snapshot, millisecond_of(envelope.occurred_at), entry)


def observation_of_changed(fact: tickets.TicketChanged, envelope: Envelope) -> ObserveTicket:
    """Something is other than before."""
    snapshot, watched = snapshot_of(fact.ticket), watched_of(fact.changes)
    at = millisecond_of(envelope.occurred_at)
    entry = Entry(snapshot.version, envelope.index, at, "", watched) if watched else None
    return ObserveTicket(snapshot, at, entry)


def watched_of(changes: Iterable[ticket_pb2.FieldChange]) -> tuple[Change, ...]:
    """The changes that a clock looks at."""
    return tuple(
        [Change(change.field, change.old, change.new) for change in changes if is_watched(change.field)]
    )


def writer_of(message: ticket_pb2.Message) -> str:
    """Whose message it is, in the words of `counting`; empty for what nobody ever counts: a machine's internal note."""
    kind = message.author.kind
    if message.visibility != "public":
        wrote = NOTE if kind in _ANSWERING and not message.is_automatic else ""
    elif kind == "requester":
        wrote = AUTOMATIC if message.is_automatic else REQUESTER
    elif kind not in _ANSWERING:
        wrote = AUTO_REPLY
    elif message.is_automatic:
        wrote = BOT
    else:
        wrote = AGENT
    return MERGED + wrote if wrote and is_merged(message) else wrote


def is_merged(message: ticket_pb2.Message) -> bool:
    """It came along with another ticket that was merged into this one."""
    return "merged" in message.flags


def snapshot_of(ticket: ticket_pb2.Ticket) -> Snapshot:
    """What sla keeps of a ticket."""
    asker = ticket.requester
    return Snapshot(
        ticket_id=ticket.id,
        version=ticket.version,
        created_at=millisecond_of(ticket.created_at),
        status=ticket.status,
        priority=ticket.priority,
        channel=ticket.channel,
        lane=ticket.lane,
        group=ticket.group,
        agent=ticket.agent,
        tags=tuple(ticket.tags),
        sla_policy=ticket.sla_policy,
        first_replied_at=millisecond_of(ticket.first_replied_at)
        if ticket.HasField("first_replied_at")
        else None,
        last_requester_message_at=millisecond_of(ticket.last_requester_message_at)
        if ticket.HasField("last_requester_message_at")
        else None,
        about=(
            ticket.channel_kind,
            ticket.mailbox,
            ticket.subject,
            asker.id,
            asker.email,
            asker.name,
        ),
        fields={name: value for name, value in ticket.fields.items() if value} if ticket.fields else {},
    )


def target_to_wire(target: events.Target) -> events_pb2.Target:
    """What happened to a target."""
    wire = events_pb2.Target(
        ticket_id=target.ticket.ticket_id,
        name=target.name,
        policy=target.policy_id,
        elapsed_seconds=int(target.elapsed.total_seconds()),
        within_seconds=int(target.within.total_seconds()),
        channel=target.ticket.channel,
        group=target.ticket.group,
        agent=target.ticket.agent,
        tags=target.ticket.tags,
        epoch=target.epoch,
    )
    stamp(wire.started_at, target.started_at)
    stamp(wire.happened_at, target.happened_at)
    if target.due_at is not None:
        stamp(wire.due_at, target.due_at)
    return wire


def warned_to_wire(fact: events.TimerWarned) -> events_pb2.TimerWarned:
    return events_pb2.TimerWarned(
        target=target_to_wire(fact.target), lead_seconds=int(fact.lead.total_seconds()), nth=fact.nth
    )


def breached_to_wire(fact: events.TimerBreached) -> events_pb2.TimerBreached:
    return events_pb2.TimerBreached(target=target_to_wire(fact.target))


def met_to_wire(fact: events.TimerMet) -> events_pb2.TimerMet:
    return events_pb2.TimerMet(target=target_to_wire(fact.target))


def clock_to_wire(fact: events.ClockChanged) -> events_pb2.ClockChanged:
    wire = events_pb2.ClockChanged(
        ticket_id=fact.ticket.ticket_id,
        ticket_version=fact.ticket.version,
        epoch=fact.epoch,
        target=fact.target,
        is_paused=fact.is_paused,
        is_breached=fact.is_breached,
    )
    if fact.due_at is not None:
        stamp(wire.due_at, fact.due_at)
    return wire


def fired_to_wire(fact: events.TimerFired) -> events_pb2.TimerFired:
    timer = fact.timer
    wire = events_pb2.TimerFired(
        owner=timer.name.owner,
        key=timer.name.key,
        epoch=timer.name.epoch,
        ticket_id=timer.ticket_id,
        payload=timer.payload,
    )
    stamp(wire.due_at, timer.due_at)
    return wire


def event_id_of_fired(fact: events.TimerFired) -> str:
    """The same for the same arming. It begins with the ticket's id, by which a ticket's events are found."""
    name = fact.timer.name
    return f"{fact.timer.ticket_id}:timer:{name.timer_id}:{name.epoch}"


def event_id_of(fact: events.Fact) -> str:
    """The same for the same fact, however often it is decided."""
    if isinstance(fact, events.ClockChanged):
        return f"{fact.ticket.ticket_id}:clock:{fact.epoch}"
    kind = _KINDS[type(fact)]
    if isinstance(fact, events.TimerWarned):
        kind = f"{int(fact.lead.total_seconds())}:{kind}"
    return f"{fact.target.ticket.ticket_id}:{fact.target.name}:{fact.target.epoch}:{kind}"


_KINDS: Mapping[type, str] = {
    events.TimerWarned: "warned",
    events.TimerBreached: "breached",
    events.TimerMet: "met",
}
# A foreign fact -> our command.
CONSUMES: Mapping[type[protobuf.Message], Callable[[Any, Envelope], object | None]] = {
    tickets.TicketOpened: observation_of_opened,
    tickets.MessageAdded: observation_of_added,
    tickets.TicketChanged: observation_of_changed,
}
# Our fact -> the contract.
PUBLISHES: Mapping[type, Callable[[Any], protobuf.Message]] = {
    events.TimerWarned: warned_to_wire,
    events.TimerBreached: breached_to_wire,
    events.TimerMet: met_to_wire,
    events.ClockChanged: clock_to_wire,
    events.TimerFired: fired_to_wire,
    events.CalendarChanged: calendar_changed_to_wire,
}
