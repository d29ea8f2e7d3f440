"""Foreign facts to our commands, our facts to the contract."""

from collections.abc import Mapping
from datetime import datetime

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from bus.v1.bundle_pb2 import Envelope
from chassis import stamps
from chassis.listener import Translate
from relaydesk.ingest.v1 import events_pb2 as ingest
from relaydesk.tickets.v1 import events_pb2 as tickets
from services.ingest.application.close_rows import CloseRow
from services.ingest.application.normalise import Understood
from services.ingest.application.queue_sends import QueueReply
from services.ingest.domain.intake import Closing, IntakeRow, State
from services.ingest.domain.received import PLAIN_THREADING
from services.ingest.domain.sending import NextStep, Reply, SendRow

# What tickets leaves to a person, and how quarantine says so.
_FOR_A_PERSON = {"bounce_of_unknown": "it reports that a mail did not arrive that we never sent"}

# ------------------------------------------------------------------------------------------------------ what we hear


def row_ticketed(fact: tickets.TicketOpened, envelope: Envelope) -> CloseRow | None:
    """A ticket began with the message."""
    return _close(fact.intake_id, State.TICKETED, envelope)


def row_appended(fact: tickets.MessageAdded, envelope: Envelope) -> CloseRow | QueueReply | None:
    """The message joined a ticket; or an answer must leave."""
    closing = _close(fact.intake_id, State.APPENDED, envelope)
    if fact.HasField("reply"):
        return QueueReply(_reply(fact), envelope.lane, closing.closing if closing is not None else None)
    return closing


def row_applied(fact: tickets.TicketChanged, envelope: Envelope) -> CloseRow | None:
    """The message changed something that was there."""
    return _close(fact.intake_id, State.APPLIED, envelope)


def row_ignored(fact: tickets.MessageIgnored, envelope: Envelope) -> CloseRow | None:
    """The message rightly led to nothing, or nobody knows what to do with it."""
    if fact.reason in _FOR_A_PERSON:
        return _close(fact.intake_id, State.QUARANTINED, envelope, _FOR_A_PERSON[fact.reason])
    return _close(fact.intake_id, State.IGNORED, envelope, fact.reason)


def _close(intake_id: str, state: State, envelope: Envelope, reason: str = "") -> CloseRow | None:
    if not intake_id:
        return None
    # All facts of one commit close as one.
    closing_id = f"{envelope.subject}:{envelope.version}" if envelope.version else envelope.event_id
    return CloseRow(Closing(intake_id, state, closing_id, reason))


def _reply(fact: tickets.MessageAdded) -> Reply:
    message, reply = fact.message, fact.reply
    return Reply(
        ticket_id=fact.ticket.id,
        message_id=message.id,
        channel_id=reply.channel_id,
        to=tuple(reply.to),
        cc=tuple(reply.cc),
        subject=reply.subject,
        text=message.text,
        author_name=message.author.name,
        ticket_number=fact.ticket.number,
        in_reply_to=reply.in_reply_to,
        references=tuple(reply.references),
        attachment_ids=tuple(one.attachment_id for one in message.attachments),
        is_automatic=message.is_automatic or message.author.kind in ("rule", "system"),
    )


CONSUMES: Mapping[type[Message], Translate] = {
    tickets.TicketOpened: row_ticketed,
    tickets.MessageAdded: row_appended,
    tickets.TicketChanged: row_applied,
    tickets.MessageIgnored: row_ignored,
}

# ------------------------------------------------------------------------------------------------------- what we say

RECEIVED = ingest.MessageReceived.DESCRIPTOR.full_name


def received_id(row: IntakeRow) -> str:
    """The fact's id: the same however often the row is read, unless tickets has answered and is to look again."""
    return f"{row.intake_id}:{row.handed_back}" if row.handed_back else row.intake_id


def message_received(one: Understood) -> ingest.MessageReceived:
    """A message that was understood."""
    row, message = one.row, one.message
    fact = ingest.MessageReceived(
        intake_id=row.intake_id,
        channel_id=row.channel_id,
        channel_kind=one.channel.kind,
        subject=message.subject,
        text=message.text,
        html=message.html,
        said=message.said,
        said_html=message.said_html,
        is_truncated=message.is_truncated,
        is_automatic=message.is_automatic,
        automatic_reason=message.automatic_reason,
        content_sha256=row.raw_sha256,
        explanation=message.explanation,
    )
    # Filled in its place: a message that is made first and handed over is copied, at three times the cost.
    stamps.stamp(fact.received_at, row.received_at)
    author, said_by = fact.author, message.author
    author.name, author.email = said_by.name, said_by.email
    author.phone, author.external_id = said_by.phone, said_by.external_id
    thread, known = fact.thread, message.thread
    thread.message_id, thread.in_reply_to = known.message_id, known.in_reply_to
    thread.conversation_id = known.conversation_id
    if known.quoted_ticket_ids:
        thread.quoted_ticket_ids.extend(known.quoted_ticket_ids)
    if message.threading != PLAIN_THREADING:
        fact.threading.ids_need_subject = message.threading.ids_need_subject
        if (within := message.threading.reopens_within) is not None:
            fact.threading.reopens_within.FromTimedelta(within)
    thread.references.extend(known.references)
    thread.proven_ticket_ids.extend(known.proven_ticket_ids)
    thread.mentioned_numbers.extend(known.mentioned_numbers)
    for file in one.files:
        fact.attachments.add(
            attachment_id=file.attachment_id,
            name=file.name,
            mime_type=file.mime_type,
            size=file.size,
            content_id=file.content_id,
            is_inline=file.is_inline,
        )
    fact.fields.update(message.fields)
    fact.flags.extend(one.flags)
    fact.to.extend(message.to)
    fact.cc.extend(message.cc)
    if message.sent_at is not None:
        stamps.stamp(fact.sent_at, message.sent_at)
    if message.bounce is not None:
        bounce = message.bounce
        fact.bounce.CopyFrom(
            ingest.Bounce(
                failed_recipient=bounce.failed_recipient,
                kind=bounce.kind,
                code=bounce.code,
                reason=bounce.reason,
                original_message_id=bounce.original_message_id,
            )
        )
    return fact


def message_quarantined(
    intake_id: str, channel_id: str, reason: str, at: datetime
) -> ingest.MessageQuarantined:
    """A message that nobody could understand."""
    return ingest.MessageQuarantined(
        intake_id=intake_id, channel_id=channel_id, reason=reason, quarantined_at=stamp(at)
    )


def delivery_changed(
    row: SendRow, step: NextStep, provider_message_id: str, at: datetime
) -> ingest.DeliveryChanged:
    """What is known of one outgoing message and recipient."""
    return ingest.DeliveryChanged(
        send_id=row.send_id,
        ticket_id=row.ticket_id,
        message_id=row.message_id,
        recipient=row.recipient,
        state=step.state.value,
        reason=step.reason,
        provider_message_id=provider_message_id,
        changed_at=stamp(at),
        attempt=row.attempts,
        code=step.code,
    )


PUBLISHES: Mapping[type[Message], object] = {
    ingest.MessageReceived: message_received,
    ingest.MessageQuarantined: message_quarantined,
    ingest.DeliveryChanged: delivery_changed,
}


def stamp(moment: datetime) -> Timestamp:
    """A moment as the contract has it."""
    found = Timestamp()
    stamps.stamp(found, moment)
    return found
