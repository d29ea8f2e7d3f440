"""What a mail that did not arrive tells of its address."""

from datetime import datetime

from services.tickets.application.ports import Ports
from services.tickets.domain.commands import Sender
from services.tickets.domain.reach import BAD
from services.tickets.domain.ticket import Ticket


def remember_bounce(
    ticket: Ticket, email: str, kind: str, code: str, reason: str, at: datetime, ports: Ports
) -> bool:
    """Keep it of a person who takes part in the ticket; whether the address has become bad by it."""
    if not ticket.takes_part(email):
        return False
    person = ports.requesters.find(ticket.channel, Sender(email=email))
    if person is None:
        return False
    was = ports.requesters.reach_of(person.requester_id, email)
    reach = was.bounced(kind, code, reason, at)
    if reach == was:
        return False
    ports.requesters.keep_reach(person.requester_id, email, reach)
    return reach.state == BAD
