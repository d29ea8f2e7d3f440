"""The tickets service's outside, in memory."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count

from services.tickets.application import HANDLERS
from services.tickets.application.ports import Place
from services.tickets.domain.commands import Sender
from services.tickets.domain.events import (
    LoggedFact,
    MessageAdded,
    MessageIgnored,
    TicketChanged,
    TicketOpened,
)
from services.tickets.domain.identities import as_they_wrote, finding, known_by, normal_sender, taught
from services.tickets.domain.message import MERGED, Message, Sending
from services.tickets.domain.people import Agent, Requester
from services.tickets.domain.reach import REACHED, Reach
from services.tickets.domain.storm import Burst, StormLimit
from services.tickets.domain.ticket import Clock, Ticket


class MemoryTickets:
    """Keeps tickets, their facts and their clocks."""

    def __init__(self) -> None:
        self.rows: dict[str, Ticket] = {}
        self.facts: list[LoggedFact] = []
        self.messages: dict[str, Message] = {}
        self.clocks: dict[str, Clock] = {}
        self._numbers = count(48_001)

    def get(self, ticket_id: str) -> Ticket | None:
        return self.rows.get(ticket_id)

    def by_number(self, number: int) -> Ticket | None:
        return next((ticket for ticket in self.rows.values() if ticket.number == number), None)

    def next_number(self) -> int:
        return next(self._numbers)

    def save(self, ticket: Ticket, facts: Sequence[LoggedFact]) -> None:
        was = self.rows.get(ticket.ticket_id)
        assert ticket.version == (was.version if was else 0) + 1, "one command makes one version"
        self.rows[ticket.ticket_id] = ticket
        self.facts += facts
        for fact in facts:
            if not isinstance(fact, TicketChanged) and MERGED not in fact.message.flags:
                self.messages[fact.message.message_id] = fact.message

    def last_messages(self, ticket_id: str, count: int) -> list[Message]:
        return [one for one in self.messages.values() if one.ticket_id == ticket_id][-count:]

    def keep_clock(self, ticket_id: str, clock: Clock) -> None:
        if clock.epoch > self.clocks.get(ticket_id, Clock()).epoch:
            self.clocks[ticket_id] = clock


class MemoryConversations:
    """Keeps where keys lead."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Place] = {}
        self.followers: dict[str, str] = {}

    def find(self, channel: str, key: str) -> Place | None:
        return self.rows.get((channel, key))

    def lead(self, channel: str, key: str, place: Place) -> None:
        self.rows[channel, key] = place

    def follower_of(self, ticket_id: str) -> str:
        return self.followers.get(ticket_id, "")

    def follow(self, ticket_id: str, follower: str) -> None:
        assert ticket_id not in self.followers, "a closed ticket has one follower"
        self.followers[ticket_id] = follower


class MemoryRequesters:
    """Keeps people by their keys."""

    def __init__(self) -> None:
        self.people: dict[str, Requester] = {}
        self.keys: dict[str, str] = {}
        self.claims: dict[str, set[str]] = {}
        self.reaches: dict[tuple[str, str], Reach] = {}
        self._ids = count(1)

    def find(self, channel: str, sender: Sender, channel_kind: str = "") -> Requester | None:
        sender = normal_sender(sender, "GB")
        keys, _ = known_by(channel, channel_kind, sender.email, sender.phone, sender.external_id)
        return next((self.people[self.keys[key]] for key in finding(keys) if key in self.keys), None)

    def get(self, requester_id: str) -> Requester | None:
        return self.people.get(requester_id)

    def reach_of(self, requester_id: str, email: str) -> Reach:
        return self.reaches.get((requester_id, email), REACHED)

    def keep_reach(self, requester_id: str, email: str, reach: Reach) -> None:
        self.reaches[requester_id, email] = reach

    def find_or_make(
        self, channel: str, sender: Sender, channel_kind: str = "", *, is_claim: bool = False
    ) -> Requester:
        sender = normal_sender(sender, "GB")
        keys, claims = known_by(channel, channel_kind, sender.email, sender.phone, sender.external_id)
        known = self.people.get(sender.requester_id) or self.find(channel, sender, channel_kind)
        if known is None:
            known = Requester(
                f"r{next(self._ids)}", sender.name, sender.email, sender.phone, sender.external_id
            )
        for key in keys:
            self.keys.setdefault(key, known.requester_id)
        own = {key for key, whose in self.keys.items() if whose == known.requester_id}
        self.claims.setdefault(known.requester_id, set()).update({*keys, *claims} - own)
        self.people[known.requester_id] = known if is_claim else taught(known, sender, own)
        return as_they_wrote(self.people[known.requester_id], sender, own if is_claim else None)


class MemoryBursts:
    """Keeps who opens ticket upon ticket."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Burst] = {}

    def of(self, requester_id: str, channel: str) -> Burst | None:
        return self.rows.get((requester_id, channel))

    def keep(self, requester_id: str, channel: str, burst: Burst) -> None:
        self.rows[requester_id, channel] = burst


class MemoryMessages:
    """Keeps the ways of outgoing messages."""

    def __init__(self, tickets: MemoryTickets) -> None:
        self._tickets = tickets
        self.sendings: dict[str, Sending] = {}

    def sending(self, ticket_id: str, message_id: str) -> Sending | None:
        message = self._tickets.messages.get(message_id)
        if message is None or message.ticket_id != ticket_id:
            return None
        return self.sendings.get(message_id) or Sending(
            message_id,
            ticket_id,
            state=message.delivery_state,
            is_internal=message.visibility == "internal",
        )

    def keep_sending(self, sending: Sending) -> None:
        self.sendings[sending.message_id] = sending


class MemoryDirectory:
    """Groups and agents."""

    def __init__(self) -> None:
        self.groups = {"money", "claims"}
        self.managers: dict[str, str] = {}
        self.agents = {"kate": Agent("kate", "Kate Stone", "kate@demo.example", "agent")}

    def agent_by_email(self, email: str) -> Agent | None:
        return next((agent for agent in self.agents.values() if agent.email == email), None)

    def agent(self, agent_id: str) -> Agent | None:
        return self.agents.get(agent_id)

    def has_group(self, group_id: str) -> bool:
        return group_id in self.groups

    def members(self, group_id: str) -> list[Agent]:
        return [one for one in self.agents.values() if group_id in one.groups and not one.is_deactivated]

    def manager(self, group_id: str) -> Agent | None:
        return self.agents.get(self.managers.get(group_id, ""))


class MemoryPorts:
    """A whole tickets service without a store; `run` is one command, one commit."""

    def __init__(self) -> None:
        self.tickets = MemoryTickets()
        self.conversations = MemoryConversations()
        self.requesters = MemoryRequesters()
        self.bursts = MemoryBursts()
        self.messages = MemoryMessages(self.tickets)
        self.directory = MemoryDirectory()
        self.storm_limit = StormLimit()
        self.phone_region = "GB"
        self.now = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
        self.ignored: list[MessageIgnored] = []
        self._ids = count(1)

    def new_id(self) -> str:
        return f"{next(self._ids):032x}"

    def new_ticket_id(self, created_at: datetime) -> str:
        return self.new_id()

    def say(self, fact: MessageIgnored) -> None:
        self.ignored.append(fact)

    def run(self, command: object) -> object:
        """Handle one command."""
        return HANDLERS[type(command)](command, self)

    def only_ticket(self) -> Ticket:
        """The ticket there is."""
        (ticket,) = self.tickets.rows.values()
        return ticket

    def opened(self) -> list[Ticket]:
        """The tickets that were opened, in their order, as they are now."""
        return [
            self.tickets.rows[fact.ticket.ticket_id]
            for fact in self.tickets.facts
            if isinstance(fact, TicketOpened)
        ]

    def added(self) -> list[MessageAdded]:
        """The messages that were added to tickets."""
        return [fact for fact in self.tickets.facts if isinstance(fact, MessageAdded)]
