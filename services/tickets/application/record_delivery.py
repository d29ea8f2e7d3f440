"""What became of an outgoing message. A failure is part of the ticket's history; that it left as usual is not."""

from services.tickets.application.ports import Place, Ports
from services.tickets.application.remember_bounce import remember_bounce
from services.tickets.domain import message as messages
from services.tickets.domain.commands import RecordDelivery
from services.tickets.domain.events import TicketChanged
from services.tickets.domain.message import Delivery
from services.tickets.domain.people import THE_SYSTEM
from services.tickets.domain.reach import blames_address
from services.tickets.domain.ticket import Change

_TOLD = frozenset({messages.FAILED, messages.UNKNOWN})


def record_delivery(command: RecordDelivery, ports: Ports) -> None:
    """Keep the newest word on each recipient; answers to the Message-ID it left with find their ticket."""
    sending = ports.messages.sending(command.ticket_id, command.message_id)
    if sending is None:
        return
    ticket = ports.tickets.get(sending.ticket_id)
    if ticket is None:
        return
    if command.external_id:
        sending.external_id = command.external_id
        place = ports.conversations.find(ticket.channel, command.external_id)
        if place is None or not place.message_id:
            ports.conversations.lead(
                ticket.channel, command.external_id, Place(ticket.ticket_id, sending.message_id)
            )
    old = sending.state
    delivery = Delivery(command.state, command.reason, command.attempt, command.changed_at)
    if not sending.hear(command.send_id, delivery):
        return
    ports.messages.keep_sending(sending)
    if command.state == messages.FAILED and blames_address(command.code):
        # The server said at once what others report by mail.
        email, at = command.recipient, command.changed_at
        remember_bounce(ticket, email, "hard", command.code, command.reason, at, ports)
    if sending.state == old or sending.state not in _TOLD:
        return
    draft = ticket.next_version()
    draft.updated_at = max(draft.updated_at, command.changed_at)
    change = Change("delivery", old, sending.state)
    ports.tickets.save(draft, [TicketChanged(draft, (change,), THE_SYSTEM)])
