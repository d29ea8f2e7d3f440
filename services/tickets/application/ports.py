"""What the use cases need of the outside. It was read for the whole batch; what is kept is written at its end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.tickets.domain.commands import Sender
from services.tickets.domain.events import LoggedFact, MessageIgnored
from services.tickets.domain.message import Message, Sending
from services.tickets.domain.people import Agent, Requester
from services.tickets.domain.reach import Reach
from services.tickets.domain.storm import Burst, StormLimit
from services.tickets.domain.ticket import Clock, Ticket


@dataclass(frozen=True, slots=True)
class Place:
    """Where a conversation's key leads. `message_id` is empty where a message with that id was named but never came."""

    ticket_id: str
    message_id: str = ""
    # Fingerprint of the message's content.
    content: str = ""


class Tickets(Protocol):
    """Tickets and their log. What was saved earlier in the batch is seen."""

    def get(self, ticket_id: str) -> Ticket | None:
        """The ticket as it is; not to be changed, `next_version()` is."""
        ...

    def by_number(self, number: int) -> Ticket | None:
        """The ticket that people call by this number."""
        ...

    def next_number(self) -> int:
        """A number that no ticket has."""
        ...

    def save(self, ticket: Ticket, facts: Sequence[LoggedFact]) -> None:
        """Keep a version and say its facts, in their order."""
        ...

    def last_messages(self, ticket_id: str, count: int) -> Sequence[Message]:
        """The last messages that are kept with the ticket, oldest first, without their HTML and files."""
        ...

    def keep_clock(self, ticket_id: str, clock: Clock) -> None:
        """Keep the clock where its epoch is the highest so far; no version of the ticket."""
        ...


class Conversations(Protocol):
    """Which ticket a conversation's key leads to; a key has one row, whoever takes it first."""

    def find(self, channel: str, key: str) -> Place | None:
        """Where the key leads."""
        ...

    def lead(self, channel: str, key: str, place: Place) -> None:
        """Make the key lead there from now on. Two who lead the same key elsewhere at once: one decides again."""
        ...

    def follower_of(self, ticket_id: str) -> str:
        """The ticket that goes on where this closed one ended; empty where none does."""
        ...

    def follow(self, ticket_id: str, follower: str) -> None:
        """Name the ticket that goes on; a closed ticket has at most one."""
        ...


class Requesters(Protocol):
    """People who ask."""

    def find_or_make(
        self, channel: str, sender: Sender, channel_kind: str = "", *, is_claim: bool = False
    ) -> Requester:
        """The person by our id or by what proves who writes (domain/identities.py), with the address they write from now;
        made where unknown. Learns what is new; what proves nothing is remembered as claimed.

        A claim is somebody else's word as a whole: nobody learns from it.
        """
        ...

    def find(self, channel: str, sender: Sender, channel_kind: str = "") -> Requester | None:
        """The person, where known."""
        ...

    def get(self, requester_id: str) -> Requester | None:
        """The person by our id."""
        ...

    def reach_of(self, requester_id: str, email: str) -> Reach:
        """Whether our mail reaches the person at this address."""
        ...

    def keep_reach(self, requester_id: str, email: str, reach: Reach) -> None:
        """Remember it of a person that was found."""
        ...


class Bursts(Protocol):
    """Who opens ticket upon ticket. A replica may take a sender whom it has not met for new, once."""

    def of(self, requester_id: str, channel: str) -> Burst | None:
        """The latest tickets that the person opened by this channel."""
        ...

    def keep(self, requester_id: str, channel: str, burst: Burst) -> None:
        """Remember it. Of two who come to the limit at once one decides again."""
        ...


class Messages(Protocol):
    """What is known of outgoing messages."""

    def sending(self, ticket_id: str, message_id: str) -> Sending | None:
        """The way of an outgoing message; None where there is no such message."""
        ...

    def keep_sending(self, sending: Sending) -> None:
        """Keep it, unless somebody wrote in between."""
        ...


class Directory(Protocol):
    """Groups and agents; may be a second behind."""

    def agent_by_email(self, email: str) -> Agent | None: ...

    def agent(self, agent_id: str) -> Agent | None: ...

    def has_group(self, group_id: str) -> bool: ...

    def members(self, group_id: str) -> Sequence[Agent]:
        """Everybody in the group who has not left."""
        ...

    def manager(self, group_id: str) -> Agent | None: ...


class Ports(Protocol):
    """Everything a use case may reach."""

    @property
    def tickets(self) -> Tickets: ...

    @property
    def conversations(self) -> Conversations: ...

    @property
    def requesters(self) -> Requesters: ...

    @property
    def bursts(self) -> Bursts: ...

    @property
    def messages(self) -> Messages: ...

    @property
    def directory(self) -> Directory: ...

    @property
    def storm_limit(self) -> StormLimit:
        """How many tickets one sender may open."""
        ...

    @property
    def phone_region(self) -> str:
        """The country of phone numbers that come without theirs; empty where there is none."""
        ...

    @property
    def now(self) -> datetime:
        """The moment of this batch."""
        ...

    def new_id(self) -> str:
        """An identifier that sorts by its making."""
        ...

    def new_ticket_id(self, created_at: datetime) -> str:
        """An identifier that sorts by the ticket's creation."""
        ...

    def say(self, fact: MessageIgnored) -> None:
        """Say a fact that is no ticket's."""
        ...
