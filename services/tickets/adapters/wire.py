"""What tickets hears and says, as two tables."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from google.protobuf import message as protobuf

from bus.v1.bundle_pb2 import Envelope
from chassis.stamps import moment_of
from relaydesk.ingest.v1 import events_pb2 as ingest
from relaydesk.sla.v1 import events_pb2 as sla
from relaydesk.tickets.v1 import events_pb2
from services.tickets.adapters.nouns import (
    changes_to_wire,
    reply_to_wire,
    set_actor,
    set_message,
    set_ticket,
)
from services.tickets.domain import events
from services.tickets.domain.commands import (
    ReceiveBounce,
    ReceiveMessage,
    RecordClock,
    RecordDelivery,
    Sender,
    Thread,
)
from services.tickets.domain.message import Attachment
from services.tickets.domain.people import normal_email

# A sender may write anything; what is kept of it has bounds, so that no ticket outgrows what a document may hold.
_MOST_FIELDS = 100
_LONGEST_FIELD = 4_000
_LONGEST_SUBJECT = 2_000
_LONGEST_NAME = 200
_MOST_ADDRESSES = 500
_MOST_ATTACHMENTS = 1_000
# RFC 5322's longest line; a longer Message-ID leads nowhere.
_LONGEST_ID = 998
_MOST_REFERENCES = 100


def message_of_received(fact: ingest.MessageReceived, envelope: Envelope) -> ReceiveMessage | ReceiveBounce:
    """Somebody wrote, or a mail of ours did not arrive."""
    thread = fact.thread
    if fact.HasField("bounce"):
        bounce = fact.bounce
        return ReceiveBounce(
            intake_id=fact.intake_id,
            channel=fact.channel_id,
            lane=envelope.lane,
            received_at=moment_of(fact.received_at),
            failed_recipient=normal_email(bounce.failed_recipient),
            kind=bounce.kind,
            code=bounce.code,
            reason=bounce.reason,
            original_message_id=bounce.original_message_id,
            proven_ticket_ids=tuple(thread.proven_ticket_ids),
        )
    author = fact.author
    return ReceiveMessage(
        intake_id=fact.intake_id,
        channel=fact.channel_id,
        channel_kind=fact.channel_kind,
        lane=envelope.lane,
        received_at=moment_of(fact.received_at),
        sender=Sender(
            author.name[:_LONGEST_NAME],
            normal_email(author.email),
            author.phone,
            author.external_id[:_LONGEST_ID],
        ),
        subject=fact.subject[:_LONGEST_SUBJECT],
        text=fact.text,
        html=fact.html,
        said=fact.said,
        said_html=fact.said_html,
        is_truncated=fact.is_truncated,
        attachments=tuple(
            Attachment(a.attachment_id, a.name, a.mime_type, a.size, a.content_id, a.is_inline)
            for a in fact.attachments[:_MOST_ATTACHMENTS]
        ),
        thread=Thread(
            message_id=_id(thread.message_id),
            in_reply_to=_id(thread.in_reply_to),
            references=tuple(one for one in thread.references[-_MOST_REFERENCES:] if len(one) <= _LONGEST_ID),
            proven_ticket_ids=tuple(thread.proven_ticket_ids),
            mentioned_numbers=tuple(thread.mentioned_numbers),
            conversation_id=thread.conversation_id,
            quoted_ticket_ids=tuple(thread.quoted_ticket_ids),
        ),
        is_automatic=fact.is_automatic,
        fields=_fields(fact.fields) if fact.fields else {},
        flags=tuple(fact.flags),
        to=tuple(fact.to[:_MOST_ADDRESSES]),
        cc=tuple(fact.cc[:_MOST_ADDRESSES]),
        content=fact.content_sha256[:32],
        explanation=fact.explanation[:_LONGEST_SUBJECT],
        reopens_within=_length(fact.threading, "reopens_within"),
        ids_need_subject=fact.threading.ids_need_subject,
    )


def _length(of: protobuf.Message, name: str) -> timedelta | None:
    """A length of time; None where it is not said."""
    found: timedelta | None = getattr(of, name).ToTimedelta() if of.HasField(name) else None
    return found


def _id(message_id: str) -> str:
    return message_id if len(message_id) <= _LONGEST_ID else ""


def _fields(sent: Mapping[str, str]) -> dict[str, str]:
    # A document's keys hold no NUL; `follows` is ours to say.
    named = {name.replace("\0", "")[:64]: value[:_LONGEST_FIELD] for name, value in sorted(sent.items())}
    return {name: value for name, value in list(named.items())[:_MOST_FIELDS] if name and name != "follows"}


def delivery_of_changed(fact: ingest.DeliveryChanged, _: Envelope) -> RecordDelivery:
    """What became of a mail of ours."""
    return RecordDelivery(
        send_id=fact.send_id,
        ticket_id=fact.ticket_id,
        message_id=fact.message_id,
        state=fact.state,
        reason=fact.reason,
        external_id=fact.provider_message_id,
        changed_at=moment_of(fact.changed_at),
        attempt=fact.attempt,
        recipient=normal_email(fact.recipient),
        code=fact.code,
    )


def clock_of_changed(fact: sla.ClockChanged, _: Envelope) -> RecordClock:
    """What runs for a ticket."""
    return RecordClock(
        ticket_id=fact.ticket_id,
        epoch=fact.epoch,
        target=fact.target,
        due_at=moment_of(fact.due_at) if fact.HasField("due_at") else None,
        is_paused=fact.is_paused,
        is_breached=fact.is_breached,
    )


def opened_to_wire(fact: events.TicketOpened) -> events_pb2.TicketOpened:
    wire = events_pb2.TicketOpened(intake_id=fact.message.intake_id)
    set_ticket(wire.ticket, fact.ticket)
    set_message(wire.message, fact.message, with_html=False)
    set_actor(wire.actor, fact.actor)
    return wire


def added_to_wire(fact: events.MessageAdded) -> events_pb2.MessageAdded:
    wire = events_pb2.MessageAdded(
        intake_id=fact.message.intake_id,
        changes=changes_to_wire(fact.changes),
        reply=reply_to_wire(fact.reply),
    )
    set_ticket(wire.ticket, fact.ticket)
    set_message(wire.message, fact.message, with_html=False)
    set_actor(wire.actor, fact.actor)
    return wire


def changed_to_wire(fact: events.TicketChanged) -> events_pb2.TicketChanged:
    wire = events_pb2.TicketChanged(changes=changes_to_wire(fact.changes), intake_id=fact.intake_id)
    set_ticket(wire.ticket, fact.ticket)
    set_actor(wire.actor, fact.actor)
    return wire


def ignored_to_wire(fact: events.MessageIgnored) -> events_pb2.MessageIgnored:
    return events_pb2.MessageIgnored(intake_id=fact.intake_id, reason=fact.reason, ticket_id=fact.ticket_id)


# A foreign fact -> our command.
CONSUMES: Mapping[type[protobuf.Message], Callable[[Any, Envelope], object | None]] = {
    ingest.MessageReceived: message_of_received,
    ingest.DeliveryChanged: delivery_of_changed,
    sla.ClockChanged: clock_of_changed,
}
# Our fact -> the contract.
PUBLISHES: Mapping[type, Callable[[Any], protobuf.Message]] = {
    events.TicketOpened: opened_to_wire,
    events.MessageAdded: added_to_wire,
    events.TicketChanged: changed_to_wire,
    events.MessageIgnored: ignored_to_wire,
}
