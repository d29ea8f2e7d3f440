"""Which ticket a message belongs to. The first that leads somewhere wins: a proof, a known Message-ID, a conversation,
a number named by somebody who takes part. The same subject alone never joins."""

from dataclasses import dataclass

from services.tickets.application.ports import Place, Ports
from services.tickets.domain.commands import ReceiveMessage
from services.tickets.domain.ticket import Ticket


@dataclass(frozen=True, slots=True)
class Found:
    """`ticket` takes the message. None means a new one, which goes on from `closed` and mentions a number (0: none)."""

    ticket: Ticket | None
    closed: Ticket | None = None
    mentioned: int = 0


def find_thread(command: ReceiveMessage, known: Place | None, ports: Ports) -> Found:
    """Find the open end of the thread that the message belongs to."""
    ticket = _proven(command, ports) or _stored(command, known, ports) or _conversation(command, ports)
    mentioned = 0
    if ticket is None:
        ticket, mentioned = _mentioned(command, ports)
    if ticket is None:
        return Found(None, mentioned=mentioned)
    return go_on_from(ticket, command.is_automatic, ports)


def go_on_from(ticket: Ticket, is_automatic: bool, ports: Ports) -> Found:
    """The ticket itself, or where it is closed the one that follows it; a machine's mail neither reopens nor opens."""
    if ticket.is_spam:
        # What was taken for spam says nothing of what comes after it.
        return Found(None)
    met = {ticket.ticket_id}
    while ticket.is_closed:
        if is_automatic:
            return Found(ticket)
        follower_id = ports.conversations.follower_of(ticket.ticket_id)
        follower = ports.tickets.get(follower_id) if follower_id else None
        if follower is None or follower_id in met or follower.is_spam:
            return Found(None, closed=ticket)
        met.add(follower_id)
        ticket = follower
    return Found(ticket)


def _proven(command: ReceiveMessage, ports: Ports) -> Ticket | None:
    for ticket_id in command.thread.proven_ticket_ids:
        if (ticket := ports.tickets.get(ticket_id)) is not None:
            return ticket
    return None


def _stored(command: ReceiveMessage, known: Place | None, ports: Ports) -> Ticket | None:
    """By the Message-IDs of the same mailbox; where they lead to several tickets, the newest message's."""
    places = []
    for key in command.thread.leads:
        place = ports.conversations.find(command.channel, key)
        if place is not None:
            places.append(place)
    if known is not None and not known.message_id:
        # It was named by an answer that came before it.
        places.append(known)
    for place in sorted(places, key=_age, reverse=True):
        if (ticket := ports.tickets.get(place.ticket_id)) is not None:
            return ticket
    return None


def _age(place: Place) -> tuple[str, str]:
    # Both ids begin with the moment of their making.
    return place.message_id, place.ticket_id


def _conversation(command: ReceiveMessage, ports: Ports) -> Ticket | None:
    key = command.thread.conversation_id
    place = ports.conversations.find(command.channel, key) if key else None
    return ports.tickets.get(place.ticket_id) if place is not None else None


def _mentioned(command: ReceiveMessage, ports: Ports) -> tuple[Ticket | None, int]:
    """By a number in the subject, which anybody can guess: only for somebody who takes part, or an agent."""
    email, unproven = command.sender.email, 0
    for number in command.thread.mentioned_numbers:
        ticket = ports.tickets.by_number(number)
        if ticket is None:
            continue
        if ticket.takes_part(email) or (email and ports.directory.agent_by_email(email) is not None):
            return ticket, 0
        unproven = unproven or number
    return None, unproven
