"""Colleagues are told of a ticket: a note in it, and the same by mail."""

from collections.abc import Iterator

from services.tickets.application.ports import Directory, Ports
from services.tickets.domain import message as messages
from services.tickets.domain.commands import Notify
from services.tickets.domain.events import MessageAdded
from services.tickets.domain.message import Message, Reply
from services.tickets.domain.people import Actor, Agent
from services.tickets.domain.ticket import Ticket

AGENT = "agent"
GROUP = "group"
MANAGER = "manager"
WHOM = (AGENT, GROUP, MANAGER)
_LONGEST_SUBJECT = 200


def notice(step: Notify, actor: Actor, draft: Ticket, ports: Ports) -> MessageAdded:
    """The note. It is mailed where the ticket has a mailbox and anybody is to be told."""
    told = tuple(dict.fromkeys(agent.email for agent in _told(step.to, draft, ports.directory)))
    message = Message(
        message_id=ports.new_id(),
        ticket_id=draft.ticket_id,
        author=actor,
        text=step.text,
        created_at=ports.now,
        visibility=messages.INTERNAL,
        is_automatic=True,
        to=told,
    )
    draft.note(message)
    if not told or draft.channel_kind != "email" or not draft.channel:
        return MessageAdded(draft, message, actor)
    # A thread of its own: what customers wrote stands in another, and answers to this one stay inside.
    reply = Reply(
        channel=draft.channel, to=told, subject=f"#{draft.number} {draft.subject}"[:_LONGEST_SUBJECT]
    )
    return MessageAdded(draft, messages.queued(message), actor, (), reply)


def _told(to: tuple[str, ...], ticket: Ticket, directory: Directory) -> Iterator[Agent]:
    for whom in to:
        if whom == GROUP:
            yield from directory.members(ticket.group) if ticket.group else ()
            continue
        agent = directory.agent(ticket.agent) if whom == AGENT else directory.manager(ticket.group)
        # Whoever has left is told nothing.
        if agent is not None and not agent.is_deactivated:
            yield agent
