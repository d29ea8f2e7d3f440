"""An agent's answer or note: not sent blindly over words that came after the agent began to write."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.console.application.ports import Desk, NewMessage
from services.console.domain.tickets import Agent, Attachment, Message, Ticket


@dataclass(frozen=True, slots=True)
class SendAnswer:
    """`seen` is the last message the agent had on the screen; empty means: send whatever came meanwhile."""

    ticket_id: str
    text: str
    is_note: bool
    status: str
    seen: str
    key: str
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    ticket: Ticket


@dataclass(frozen=True, slots=True)
class CameMeanwhile:
    """The requester wrote after the draft began: shown first, sent only when asked again."""

    messages: tuple[Message, ...]


def send_answer(command: SendAnswer, desk: Desk, agent: Agent) -> Sent | CameMeanwhile:
    """Sends with the agent's name; raises what Tickets.add_message raises."""
    if command.seen and not command.is_note:
        newer = _since(command.seen, desk.tickets.list_messages(command.ticket_id))
        if newer:
            return CameMeanwhile(newer)
    visibility = "internal" if command.is_note else "public"
    message = NewMessage(command.text, visibility, command.status, command.attachments)
    _, ticket = desk.tickets.add_message(command.ticket_id, message, key=command.key, agent_id=agent.agent_id)
    return Sent(ticket)


def _since(seen: str, messages: Sequence[Message]) -> tuple[Message, ...]:
    ids = [message.message_id for message in messages]
    if seen not in ids:
        return ()
    return tuple(message for message in messages[ids.index(seen) + 1 :] if not message.is_ours)
