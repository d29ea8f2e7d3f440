"""A message that came in as an entry of its ticket, and the ways by which further ones find it."""

from services.tickets.application.find_thread import end_of_merges
from services.tickets.application.ports import Place, Ports
from services.tickets.domain import message as messages
from services.tickets.domain.commands import ReceiveMessage
from services.tickets.domain.message import Message
from services.tickets.domain.people import Actor
from services.tickets.domain.ticket import Ticket


def entry_of(
    command: ReceiveMessage,
    flags: tuple[str, ...],
    ticket_id: str,
    actor: Actor,
    ports: Ports,
    visibility: str = messages.PUBLIC,
) -> Message:
    """The entry that the message becomes."""
    return Message(
        message_id=ports.new_id(),
        ticket_id=ticket_id,
        author=actor,
        text=command.text,
        created_at=command.received_at,
        visibility=visibility,
        subject=command.subject,
        html=command.html,
        said=command.said,
        said_html=command.said_html,
        attachments=command.attachments,
        is_automatic=command.is_automatic,
        is_truncated=command.is_truncated,
        intake_id=command.intake_id,
        to=command.to,
        cc=command.cc,
        external_id=command.thread.message_id,
        flags=flags,
        explanation=command.explanation,
    )


def lead_to(
    command: ReceiveMessage, known: Place | None, ticket: Ticket, message: Message, ports: Ports
) -> None:
    """Make the message's ids lead to its ticket, and those that it names but that never came."""
    thread, rows = command.thread, ports.conversations
    if thread.message_id and (known is None or not known.message_id):
        rows.lead(
            command.channel, thread.message_id, Place(ticket.ticket_id, message.message_id, command.content)
        )
    # Two answers to a mail that has not come yet meet at its id.
    root = thread.references[0] if thread.references else thread.in_reply_to
    if root and root != thread.message_id and rows.find(command.channel, root) is None:
        rows.lead(command.channel, root, Place(ticket.ticket_id))
    if thread.conversation_id:
        place = rows.find(command.channel, thread.conversation_id)
        if place is None or not _leads_to(place, ticket, ports):
            rows.lead(command.channel, thread.conversation_id, Place(ticket.ticket_id))


def _leads_to(place: Place, ticket: Ticket, ports: Ports) -> bool:
    """By way of merges too: once they are undone the conversation is its own ticket's again."""
    led = ports.tickets.get(place.ticket_id)
    return led is not None and end_of_merges(led, ports).ticket_id == ticket.ticket_id
