"""A message from outside becomes exactly one entry of exactly one ticket, or is ignored with a reason."""

from services.tickets.application.find_thread import Found, find_thread
from services.tickets.application.ports import Place, Ports
from services.tickets.application.receive_from_us import add_from_agent, note_from_our_mailbox
from services.tickets.application.received_entry import entry_of, lead_to
from services.tickets.application.storms import count_opening, storm_of
from services.tickets.domain import message as messages
from services.tickets.domain.commands import ReceiveMessage, Sender
from services.tickets.domain.events import LoggedFact, MessageAdded, MessageIgnored, TicketOpened
from services.tickets.domain.message import Message, chain_after, first_words
from services.tickets.domain.people import REQUESTER, THE_SYSTEM, Actor, Requester, without
from services.tickets.domain.reach import REACHED
from services.tickets.domain.status import CLOSED, SPAM
from services.tickets.domain.storm import TAG
from services.tickets.domain.subjects import without_number
from services.tickets.domain.tags import sorted_tags
from services.tickets.domain.ticket import MOST_PARTICIPANTS, Ticket, subject_of


def receive_message(command: ReceiveMessage, ports: Ports) -> None:
    """Ignore what is ours or known, add to the thread it belongs to, or open a ticket."""
    flags = command.flags
    if messages.LOOP in flags:
        # Ours came back to us: an answer to it would never end.
        ports.say(MessageIgnored(command.intake_id, messages.LOOP, lane=command.lane))
        return
    known = _find(ports, command.channel, command.thread.message_id)
    if known is not None and known.message_id:
        if known.content == command.content:
            ports.say(MessageIgnored(command.intake_id, "duplicate", known.ticket_id, command.lane))
            return
        if messages.SAME_ID_OTHER_CONTENT not in flags:
            flags = (*flags, messages.SAME_ID_OTHER_CONTENT)
    found = find_thread(command, known, ports)
    if messages.SPAM in flags and not command.thread.proven_ticket_ids:
        # Ids and numbers are anybody's to write; only our own proof brings spam into a conversation.
        found = Found(None)
    if found.closed is not None and _is_from_us(command, found.closed, ports):
        # Colleagues begin nothing new: what they write stands where they wrote it.
        found = Found(found.closed)
    if found.ticket is not None:
        _add(command, flags, known, found.ticket, ports)
    elif (storm := storm_of(command, ports)) is not None:
        _add(command, (*flags, messages.FLOOD), known, storm, ports)
    else:
        opened = open_ticket(command, flags, known, found, ports)
        count_opening(command, opened.ticket, ports)


def _is_from_us(command: ReceiveMessage, ticket: Ticket, ports: Ports) -> bool:
    email = command.sender.email
    if messages.OWN_ADDRESS in command.flags:
        return True
    return ports.directory.agent_by_email(email) is not None and not ticket.takes_part(email)


def _asker(command: ReceiveMessage, flags: tuple[str, ...]) -> Sender:
    # A mailbox of ours is nobody who asks, and an answer to it would only come back.
    if messages.OWN_ADDRESS in flags:
        return Sender(name=command.sender.name or command.sender.email)
    return command.sender


def open_ticket(
    command: ReceiveMessage, flags: tuple[str, ...], known: Place | None, found: Found, ports: Ports
) -> TicketOpened:
    """Begin a ticket with the message; it may go on from a closed one."""
    closed = found.closed
    requester = _requester(command, _asker(command, flags), ports)
    actor = _actor(requester)
    ticket_id = ports.new_ticket_id(command.received_at)
    message = entry_of(command, flags, ticket_id, actor, ports)
    fields, subject = dict(command.fields), command.subject
    if closed is not None:
        fields["follows"] = str(closed.number)
        # It has a number of its own.
        subject = without_number(subject, closed.number)
    ticket = Ticket(
        ticket_id=ticket_id,
        number=ports.tickets.next_number(),
        subject=subject_of(subject, command.text),
        requester=requester,
        created_at=command.received_at,
        updated_at=command.received_at,
        channel=command.channel,
        channel_kind=command.channel_kind,
        lane=command.lane,
        mailbox=command.to[0] if command.to else "",
        fields=fields,
        version=1,
        last_requester_message_at=command.received_at,
        message_count=1,
        preview=first_words(command.said or command.text),
        participants=without(command.cc, requester.email, *command.to[:1])[:MOST_PARTICIPANTS],
        chain=chain_after(command.thread.references, command.thread.message_id),
        is_machine_waiting=message.wants_no_machine,
    )
    if messages.NOTICE in flags:
        # Kept and found, and in nobody's way.
        ticket.set_status(CLOSED, command.received_at)
    elif messages.SPAM in flags:
        ticket.set_status(SPAM, command.received_at)
    opened = TicketOpened(ticket, message, actor)
    facts: list[LoggedFact] = [opened]
    if found.mentioned or found.quoted:
        note = _mention_note(ticket, found, ports)
        ticket.note(note)
        facts.append(MessageAdded(ticket, note, THE_SYSTEM))
    ports.tickets.save(ticket, facts)
    lead_to(command, known, ticket, message, ports)
    if closed is not None:
        ports.conversations.follow(closed.ticket_id, ticket_id)
    return opened


def _add(
    command: ReceiveMessage, flags: tuple[str, ...], known: Place | None, ticket: Ticket, ports: Ports
) -> None:
    if messages.OWN_ADDRESS in flags:
        note_from_our_mailbox(command, flags, known, ticket, ports)
        return
    agent = ports.directory.agent_by_email(command.sender.email)
    if agent is not None and not ticket.takes_part(command.sender.email):
        add_from_agent(command, flags, known, ticket, agent, ports)
        return
    draft = ticket.next_version()
    requester = draft.requester
    if not _is_from(command, requester):
        requester = _requester(command, command.sender, ports)
    elif messages.CLAIMED not in flags:
        _is_reached(command, requester, ports)
    actor = _actor(requester)
    message = entry_of(command, flags, ticket.ticket_id, actor, ports)
    changes = draft.hear(message, command.thread.references, command.sender.email)
    if messages.FLOOD in flags:
        changes += draft.set_tags(sorted_tags((*draft.tags, TAG)), command.received_at)
    ports.tickets.save(draft, [MessageAdded(draft, message, actor, changes)])
    lead_to(command, known, draft, message, ports)


def _mention_note(ticket: Ticket, found: Found, ports: Ports) -> Message:
    where = (
        f"The subject mentions ticket #{found.mentioned}"
        if found.mentioned
        else f"The text quotes ticket #{found.quoted}"
    )
    return Message(
        message_id=ports.new_id(),
        ticket_id=ticket.ticket_id,
        author=THE_SYSTEM,
        text=f"{where}, but the sender takes no part in it.",
        created_at=ticket.created_at,
        visibility=messages.INTERNAL,
    )


def _find(ports: Ports, channel: str, key: str) -> Place | None:
    return ports.conversations.find(channel, key) if key else None


def _is_from(command: ReceiveMessage, requester: Requester) -> bool:
    sender = command.sender
    if sender.email:
        return sender.email == requester.email
    return bool(sender.external_id) and sender.external_id == requester.external_id


def _requester(command: ReceiveMessage, sender: Sender, ports: Ports) -> Requester:
    is_claim = messages.CLAIMED in command.flags
    requester = ports.requesters.find_or_make(
        command.channel, sender, command.channel_kind, is_claim=is_claim
    )
    if not is_claim:
        _is_reached(command, requester, ports)
    return requester


def _is_reached(command: ReceiveMessage, requester: Requester, ports: Ports) -> None:
    # Who writes to us from an address has it; who types it elsewhere only says so.
    email = command.sender.email if command.channel_kind == "email" else ""
    if email and ports.requesters.reach_of(requester.requester_id, email) != REACHED:
        ports.requesters.keep_reach(requester.requester_id, email, REACHED)


def _actor(requester: Requester) -> Actor:
    name = requester.name or requester.email or requester.phone or requester.external_id
    return Actor(REQUESTER, requester.requester_id, name)
