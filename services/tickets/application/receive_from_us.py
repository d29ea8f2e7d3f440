"""Mail from our own side into a thread: from one of our mailboxes, or in the name of an agent."""

from dataclasses import replace

from services.tickets.application.answer_in_public import answer_in_public
from services.tickets.application.find_thread import end_of_merges
from services.tickets.application.ports import Place, Ports
from services.tickets.application.received_entry import entry_of, lead_to
from services.tickets.domain import message as messages
from services.tickets.domain.accounts import READ_ONLY
from services.tickets.domain.commands import ReceiveMessage
from services.tickets.domain.events import MessageAdded, MessageIgnored
from services.tickets.domain.people import AGENT, Actor, Agent
from services.tickets.domain.subjects import is_sent_on
from services.tickets.domain.ticket import Ticket


def note_from_our_mailbox(
    command: ReceiveMessage, flags: tuple[str, ...], known: Place | None, ticket: Ticket, ports: Ports
) -> None:
    """A note: some colleague in the shared mailbox is neither the requester's side nor an agent that anything names."""
    draft = ticket.next_version()
    actor = Actor(AGENT, "", command.sender.name or command.sender.email)
    message = entry_of(command, flags, ticket.ticket_id, actor, ports, messages.INTERNAL)
    draft.note(message)
    ports.tickets.save(draft, [MessageAdded(draft, message, actor)])
    lead_to(command, known, draft, message, ports)


def add_from_agent(
    command: ReceiveMessage,
    flags: tuple[str, ...],
    known: Place | None,
    ticket: Ticket,
    agent: Agent,
    ports: Ports,
) -> None:
    """An answer in the agent's name where it is proven to be one, and a note for colleagues where not. What a machine sends
    for an agent is ignored."""
    if command.is_automatic:
        ports.say(
            MessageIgnored(command.intake_id, "automatic_mail_of_an_agent", ticket.ticket_id, command.lane)
        )
        return
    draft = ticket.next_version()
    actor = Actor(AGENT, agent.agent_id, agent.name)
    if _is_answer(command, ticket, agent, ports) and not _is_about_a_notice(command, ports):
        message = replace(
            entry_of(command, flags, ticket.ticket_id, actor, ports),
            # What it quotes may be for colleagues only.
            text=command.said or command.text,
            html=command.said_html or ("" if command.said else command.html),
            said="",
            said_html="",
            attachments=tuple(file for file in command.attachments if not file.is_inline),
            # It leaves under one of our own.
            external_id="",
            to=(),
            cc=(),
        )
        message, changes, reply = answer_in_public(draft, message, ports, {*command.to, *command.cc})
        ports.tickets.save(draft, [MessageAdded(draft, message, actor, changes, reply)])
    else:
        flags = (*flags, messages.UNVERIFIED_AGENT)
        message = entry_of(command, flags, ticket.ticket_id, actor, ports, messages.INTERNAL)
        draft.note(message)
        ports.tickets.save(draft, [MessageAdded(draft, message, actor)])
    lead_to(command, known, draft, message, ports)


def _is_answer(command: ReceiveMessage, ticket: Ticket, agent: Agent, ports: Ports) -> bool:
    """The mailbox found that it comes from the agent and lets agents answer, and it answers a mail of ours on the ticket.

    An id of somebody else's would do for a mail that the agent sends on to colleagues.
    """
    return (
        messages.AUTHOR_PROVEN in command.flags
        and agent.role != READ_ONLY
        and ticket.ticket_id in _proven_ids(command, ports)
        and not is_sent_on(command.subject)
        and not command.is_truncated
        and bool((command.said or command.text).strip())
    )


def _proven_ids(command: ReceiveMessage, ports: Ports) -> set[str]:
    """The tickets of our mails that it answers, and those that they are part of by now."""
    proven = [ports.tickets.get(ticket_id) for ticket_id in command.thread.proven_ticket_ids]
    ends = {end_of_merges(ticket, ports).ticket_id for ticket in proven if ticket is not None}
    return ends | set(command.thread.proven_ticket_ids)


def _is_about_a_notice(command: ReceiveMessage, ports: Ports) -> bool:
    """It answers what we told colleagues, and the requester shall not hear of that."""
    for lead in command.thread.leads:
        place = ports.conversations.find(command.channel, lead)
        if place is None or not place.message_id:
            continue
        sending = ports.messages.sending(place.ticket_id, place.message_id)
        if sending is not None and sending.is_internal:
            return True
    return False
