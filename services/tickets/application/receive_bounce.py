"""A mail of ours did not arrive: a note on its ticket, and its delivery has failed. Nothing reopens or opens."""

from services.tickets.application.find_thread import end_of_merges
from services.tickets.application.ports import Place, Ports
from services.tickets.application.remember_bounce import remember_bounce
from services.tickets.domain import message as messages
from services.tickets.domain.commands import ReceiveBounce
from services.tickets.domain.events import MessageAdded, MessageIgnored
from services.tickets.domain.failure_words import words_of
from services.tickets.domain.message import Delivery, Message
from services.tickets.domain.people import THE_SYSTEM
from services.tickets.domain.ticket import Change, Ticket


def receive_bounce(command: ReceiveBounce, ports: Ports) -> None:
    """Note it on the ticket whose mail it was; a bounce of something unknown is ignored with that reason."""
    place = None
    if command.original_message_id:
        place = ports.conversations.find(command.channel, command.original_message_id)
    ticket = _ticket(command, place.ticket_id if place else "", ports)
    if ticket is None:
        ports.say(MessageIgnored(command.intake_id, "bounce_of_unknown", lane=command.lane))
        return
    changes: tuple[Change, ...] = ()
    if command.kind == "hard" and place is not None and place.message_id:
        changes = _fail(command, place, ports)
    became_bad = _remember(command, ticket, ports)
    ticket = end_of_merges(ticket, ports)
    draft = ticket.next_version()
    note = Message(
        message_id=ports.new_id(),
        ticket_id=ticket.ticket_id,
        author=THE_SYSTEM,
        text=_words(command, became_bad),
        created_at=command.received_at,
        visibility=messages.INTERNAL,
        intake_id=command.intake_id,
        is_automatic=True,
        flags=("bounce",),
    )
    draft.note(note)
    ports.tickets.save(draft, [MessageAdded(draft, note, THE_SYSTEM, changes)])


def _ticket(command: ReceiveBounce, ticket_id: str, ports: Ports) -> Ticket | None:
    for candidate in (ticket_id, *command.proven_ticket_ids):
        if candidate and (ticket := ports.tickets.get(candidate)) is not None:
            return ticket
    return None


def _fail(command: ReceiveBounce, place: Place, ports: Ports) -> tuple[Change, ...]:
    sending = ports.messages.sending(place.ticket_id, place.message_id)
    if sending is None:
        return ()
    old = sending.state
    # Later than anything the sender could say: it had handed the mail over.
    heard = sending.hear(
        command.failed_recipient or "bounce",
        Delivery(messages.FAILED, command.reason or command.code, changed_at=command.received_at),
    )
    if heard:
        ports.messages.keep_sending(sending)
    return (Change("delivery", old, sending.state),) if sending.state != old else ()


def _remember(command: ReceiveBounce, ticket: Ticket, ports: Ports) -> bool:
    # A report that names nobody is of the only one there was.
    email = command.failed_recipient or ("" if ticket.participants else ticket.requester.email)
    at = command.received_at
    return remember_bounce(ticket, email, command.kind, command.code, command.reason, at, ports)


def _words(command: ReceiveBounce, became_bad: bool) -> str:
    what = "could not be delivered" if command.kind == "hard" else "is not delivered yet"
    to = f" to {command.failed_recipient}" if command.failed_recipient else ""
    parts = (words_of(command.code), command.code, command.reason)
    why = ", ".join(part for part in parts if part)
    ends = " The address counts as bad until somebody writes from it." if became_bad else ""
    return f"The mail{to} {what}{': ' + why if why else ''}.{ends}"
