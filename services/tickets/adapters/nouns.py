"""The nouns of the contract: a ticket, a message and their parts as protobuf, and back."""

from collections.abc import Iterable

from chassis.stamps import stamp
from relaydesk.tickets.v1 import customers_pb2, events_pb2, ticket_pb2
from services.tickets.domain.commands import Sender
from services.tickets.domain.message import Attachment, Message, Reply
from services.tickets.domain.people import Actor, Requester, normal_email
from services.tickets.domain.reach import Reach
from services.tickets.domain.ticket import Change, Clock, Ticket


def ticket_to_wire(ticket: Ticket) -> ticket_pb2.Ticket:
    """The whole ticket."""
    wire = ticket_pb2.Ticket()
    set_ticket(wire, ticket)
    return wire


def set_ticket(wire: ticket_pb2.Ticket, ticket: Ticket) -> None:
    """Write the whole ticket into a new message, where it stays: to be put into another it would be copied."""
    wire.id = ticket.ticket_id
    wire.number = ticket.number
    wire.subject = ticket.subject
    wire.status = ticket.status
    wire.priority = ticket.priority
    wire.channel = ticket.channel
    _set_requester(wire.requester, ticket.requester)
    wire.group = ticket.group
    wire.agent = ticket.agent
    wire.version = ticket.version
    wire.channel_kind = ticket.channel_kind
    wire.lane = ticket.lane
    wire.sla_policy = ticket.sla_policy
    wire.message_count = ticket.message_count
    wire.reopen_count = ticket.reopen_count
    wire.preview = ticket.preview
    wire.mailbox = ticket.mailbox
    wire.opened_version = ticket.opened_version
    # An empty map costs as much as ten texts.
    if ticket.fields:
        wire.fields.update(ticket.fields)
    if ticket.tags:
        wire.tags.extend(ticket.tags)
    if ticket.merging is not None:
        wire.merged_into = ticket.merging.into_id
    if ticket.merged_from:
        wire.merged_from.extend(ticket.merged_from)
    stamp(wire.created_at, ticket.created_at)
    stamp(wire.updated_at, ticket.updated_at)
    if ticket.first_replied_at is not None:
        stamp(wire.first_replied_at, ticket.first_replied_at)
    if ticket.solved_at is not None:
        stamp(wire.solved_at, ticket.solved_at)
    if ticket.closed_at is not None:
        stamp(wire.closed_at, ticket.closed_at)
    if ticket.last_requester_message_at is not None:
        stamp(wire.last_requester_message_at, ticket.last_requester_message_at)
    if ticket.last_agent_message_at is not None:
        stamp(wire.last_agent_message_at, ticket.last_agent_message_at)
    if (since := ticket.status_since) is not None:
        stamp(wire.status_since, since)
    if ticket.clock.epoch:
        _clock_to_wire(ticket.clock, wire.clock)


def _clock_to_wire(clock: Clock, wire: ticket_pb2.Clock) -> None:
    wire.target = clock.target
    wire.is_paused = clock.is_paused
    wire.is_breached = clock.is_breached
    if clock.due_at is not None:
        stamp(wire.due_at, clock.due_at)


def _set_requester(wire: ticket_pb2.Requester, requester: Requester) -> None:
    wire.id = requester.requester_id
    wire.name = requester.name
    wire.email = requester.email
    wire.phone = requester.phone
    wire.external_id = requester.external_id


def set_reach(wire: ticket_pb2.Requester | customers_pb2.Identity, reach: Reach) -> None:
    """Whether mail reaches somebody; nothing where it does."""
    if reach.since is not None:
        wire.mail_reach.state, wire.mail_reach.reason = reach.state, reach.reason
        stamp(wire.mail_reach.since, reach.since)


def sender_of(wire: ticket_pb2.Requester) -> Sender:
    """Whom a request names; the address is in its normal form."""
    return Sender(
        name=wire.name.strip(),
        email=normal_email(wire.email),
        phone=wire.phone.strip(),
        external_id=wire.external_id,
        requester_id=wire.id,
    )


def actor_to_wire(actor: Actor) -> ticket_pb2.Actor:
    """Who or what did it."""
    wire = ticket_pb2.Actor()
    set_actor(wire, actor)
    return wire


def set_actor(wire: ticket_pb2.Actor, actor: Actor) -> None:
    """Write who or what did it into a new message."""
    wire.kind = actor.kind
    wire.id = actor.actor_id
    wire.name = actor.name


def message_to_wire(message: Message, *, with_html: bool) -> ticket_pb2.Message:
    """An entry; events go without its HTML."""
    wire = ticket_pb2.Message()
    set_message(wire, message, with_html=with_html)
    return wire


def set_message(wire: ticket_pb2.Message, message: Message, *, with_html: bool) -> None:
    """Write an entry into a new message, where it stays."""
    wire.id = message.message_id
    wire.ticket_id = message.ticket_id
    wire.visibility = message.visibility
    set_actor(wire.author, message.author)
    wire.text = message.text
    if with_html:
        wire.html = message.html
        wire.said = message.said
        wire.said_html = message.said_html
        wire.explanation = message.explanation
    if message.attachments:
        wire.attachments.extend(map(_attachment_to_wire, message.attachments))
    wire.is_automatic = message.is_automatic
    wire.intake_id = message.intake_id
    if message.to:
        wire.to.extend(message.to)
    if message.cc:
        wire.cc.extend(message.cc)
    wire.external_id = message.external_id
    wire.delivery_state = message.delivery_state
    wire.delivery_reason = message.delivery_reason
    if message.flags:
        wire.flags.extend(message.flags)
    wire.is_truncated = message.is_truncated
    wire.subject = message.subject
    stamp(wire.created_at, message.created_at)


def _attachment_to_wire(attachment: Attachment) -> ticket_pb2.MessageAttachment:
    return ticket_pb2.MessageAttachment(
        attachment_id=attachment.attachment_id,
        name=attachment.name,
        mime_type=attachment.mime_type,
        size=attachment.size,
        content_id=attachment.content_id,
        is_inline=attachment.is_inline,
    )


def attachments_of(wires: Iterable[ticket_pb2.MessageAttachment]) -> tuple[Attachment, ...]:
    """The files that a request names."""
    return tuple(
        Attachment(wire.attachment_id, wire.name, wire.mime_type, wire.size, wire.content_id, wire.is_inline)
        for wire in wires
    )


def changes_to_wire(changes: Iterable[Change]) -> list[ticket_pb2.FieldChange]:
    """Each field's step."""
    return [ticket_pb2.FieldChange(field=change.field, old=change.old, new=change.new) for change in changes]


def reply_to_wire(reply: Reply | None) -> events_pb2.Reply | None:
    """Where an answer goes."""
    if reply is None:
        return None
    return events_pb2.Reply(
        channel_id=reply.channel,
        to=reply.to,
        cc=reply.cc,
        in_reply_to=reply.in_reply_to,
        references=reply.references,
        subject=reply.subject,
    )
