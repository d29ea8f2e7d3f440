"""Which ticket a message belongs to. The first that leads somewhere wins: a proof, a known Message-ID, a conversation,
a number or a quoted mark named by somebody who takes part. The same subject alone never joins."""

from dataclasses import dataclass
from datetime import datetime

from services.tickets.application.ports import Place, Ports
from services.tickets.domain.commands import ReceiveMessage
from services.tickets.domain.message import CLAIMED
from services.tickets.domain.subjects import base_subject, is_sent_on
from services.tickets.domain.ticket import LONGEST_SUBJECT, Ticket


@dataclass(frozen=True, slots=True)
class Found:
    """`ticket` takes the message. None means a new one, which goes on from `closed`, mentions a number or quotes that
    ticket (0: none)."""

    ticket: Ticket | None
    closed: Ticket | None = None
    mentioned: int = 0
    quoted: int = 0


def find_thread(command: ReceiveMessage, known: Place | None, ports: Ports) -> Found:
    """Find the open end of the thread that the message belongs to."""
    ticket = _proven(command, ports) or _stored(command, known, ports) or _conversation(command, ports)
    mentioned = quoted = 0
    if ticket is None:
        ticket, mentioned = _mentioned(command, ports)
    if ticket is None:
        ticket, quoted = _quoted(command, ports)
    if ticket is None:
        return Found(None, mentioned=mentioned, quoted=quoted)
    opens_from = command.received_at - command.reopens_within if command.reopens_within else None
    return go_on_from(ticket, command.is_automatic, ports, opens_from)


def go_on_from(ticket: Ticket, is_automatic: bool, ports: Ports, opens_from: datetime | None = None) -> Found:
    """The ticket itself, the one that it is part of, or where that is closed the one that follows it; a machine's mail
    neither reopens nor opens.

    One without a follower that was closed after `opens_from` is to be opened again.
    """
    ticket = end_of_merges(ticket, ports)
    if ticket.is_spam:
        # What was taken for spam says nothing of what comes after it.
        return Found(None)
    met = {ticket.ticket_id}
    while ticket.is_closed:
        if is_automatic:
            return Found(ticket)
        follower_id = ports.conversations.follower_of(ticket.ticket_id)
        follower = ports.tickets.get(follower_id) if follower_id else None
        if follower is not None:
            follower = end_of_merges(follower, ports)
        if follower is None or follower.ticket_id in met or follower.is_spam:
            if opens_from is not None and (ticket.closed_at or opens_from) > opens_from:
                return Found(ticket)
            return Found(None, closed=ticket)
        met.add(follower.ticket_id)
        ticket = follower
    return Found(ticket)


def end_of_merges(ticket: Ticket, ports: Ports) -> Ticket:
    """The ticket that this one is part of in the end: the same where it stands by itself. Each is met once."""
    met = {ticket.ticket_id}
    while ticket.merging is not None:
        target = ports.tickets.get(ticket.merging.into_id)
        if target is None or target.ticket_id in met:
            break
        met.add(target.ticket_id)
        ticket = target
    return ticket


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
        if (ticket := ports.tickets.get(place.ticket_id)) is not None and _is_of(command, ticket):
            return ticket
    return None


def _is_of(command: ReceiveMessage, ticket: Ticket) -> bool:
    """Where ids alone are not trusted the subject has to be the one that the ticket began with, marks of answering aside."""
    if not command.ids_need_subject:
        return True
    return base_subject(command.subject[:LONGEST_SUBJECT]) in {
        base_subject(ticket.mailed_subject or ticket.subject),
        base_subject(ticket.subject),
    }


def _age(place: Place) -> tuple[str, str]:
    # Both ids begin with the moment of their making.
    return place.message_id, place.ticket_id


def _conversation(command: ReceiveMessage, ports: Ports) -> Ticket | None:
    key = command.thread.conversation_id
    place = ports.conversations.find(command.channel, key) if key else None
    ticket = ports.tickets.get(place.ticket_id) if place is not None else None
    if ticket is not None and CLAIMED in command.flags and not _asked(command, ticket):
        # Anybody can type an order's number into a form, and would be answered with what others wrote.
        return None
    return ticket


def _asked(command: ReceiveMessage, ticket: Ticket) -> bool:
    sender, requester = command.sender, ticket.requester
    if sender.email:
        return ticket.takes_part(sender.email)
    return any(
        one and one == other
        for one, other in (
            (sender.external_id, requester.external_id),
            (sender.phone, requester.phone),
        )
    )


def _mentioned(command: ReceiveMessage, ports: Ports) -> tuple[Ticket | None, int]:
    """By a number in the subject, which anybody can guess: only for somebody who takes part, or an agent."""
    unproven = 0
    for number in command.thread.mentioned_numbers:
        ticket = ports.tickets.by_number(number)
        if ticket is None:
            continue
        if _may_join(command, ticket, ports):
            return ticket, 0
        unproven = unproven or number
    return None, unproven


def _quoted(command: ReceiveMessage, ports: Ports) -> tuple[Ticket | None, int]:
    """By our mark in what is quoted, the last resort: whoever got the mail from somebody else has it too, and who sends a
    mail on begins something new."""
    if is_sent_on(command.subject):
        return None, 0
    unproven = 0
    for ticket_id in command.thread.quoted_ticket_ids:
        ticket = ports.tickets.get(ticket_id)
        if ticket is None:
            continue
        if _may_join(command, ticket, ports):
            return ticket, 0
        unproven = unproven or ticket.number
    return None, unproven


def _may_join(command: ReceiveMessage, ticket: Ticket, ports: Ports) -> bool:
    email = command.sender.email
    return ticket.takes_part(email) or (bool(email) and ports.directory.agent_by_email(email) is not None)
