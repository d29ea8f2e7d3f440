"""Facts: what has become true of a ticket. Each holds the ticket as its version left it."""

from dataclasses import dataclass

from services.tickets.domain.message import Message, Reply
from services.tickets.domain.people import Actor
from services.tickets.domain.ticket import Change, Ticket


@dataclass(frozen=True, slots=True)
class TicketOpened:
    """A ticket began, with its first message."""

    ticket: Ticket
    message: Message
    actor: Actor


@dataclass(frozen=True, slots=True)
class MessageAdded:
    """Somebody wrote; `changes` are what the same message did to the ticket."""

    ticket: Ticket
    message: Message
    actor: Actor
    changes: tuple[Change, ...] = ()
    reply: Reply | None = None


@dataclass(frozen=True, slots=True)
class TicketChanged:
    """Something about the ticket is other than before."""

    ticket: Ticket
    changes: tuple[Change, ...]
    actor: Actor
    intake_id: str = ""


@dataclass(frozen=True, slots=True)
class MessageIgnored:
    """A received message rightly led to nothing."""

    intake_id: str
    reason: str
    ticket_id: str = ""
    lane: str = ""


LoggedFact = TicketOpened | MessageAdded | TicketChanged
