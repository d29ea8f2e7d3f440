"""One batch on the store: a few reads for all of its commands, its use cases in memory, one write a collection."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from chassis.ids import new_id
from chassis.units import Unit
from services.tickets.adapters.mongo.bursts import Met, MongoBursts
from services.tickets.adapters.mongo.conversations import MongoConversations
from services.tickets.adapters.mongo.customers import MongoCustomers
from services.tickets.adapters.mongo.directory import MongoDirectory
from services.tickets.adapters.mongo.ids import ticket_id_at
from services.tickets.adapters.mongo.messages import MongoMessages
from services.tickets.adapters.mongo.numbers import Numbers
from services.tickets.adapters.mongo.requesters import MongoRequesters
from services.tickets.adapters.mongo.tickets import MongoTickets
from services.tickets.adapters.wire import PUBLISHES
from services.tickets.domain.commands import (
    AddEntry,
    AddMessage,
    ApplySteps,
    CreateTicket,
    MergeTickets,
    ReceiveBounce,
    ReceiveMessage,
    RecordDelivery,
    Sender,
    UnmergeTicket,
    UpdateTicket,
)
from services.tickets.domain.events import LoggedFact, MessageIgnored
from services.tickets.domain.message import FAILED, PUBLIC
from services.tickets.domain.storm import StormLimit

# Told of a batch once it is committed: its commands, and what they led to.
Observe = Callable[[Sequence[Any], Sequence[LoggedFact]], None]


class MongoPorts:
    """What the use cases of one batch reach."""

    def __init__(
        self,
        unit: Unit,
        numbers: Numbers,
        directory: MongoDirectory,
        observe: Observe = lambda commands, facts: None,
        storm_limit: StormLimit = StormLimit(),  # noqa: B008 - frozen
        phone_region: str = "",
        met: Met | None = None,
    ) -> None:
        self._unit = unit
        self._observe = observe
        self.tickets = MongoTickets(unit, numbers)
        self.conversations = MongoConversations(unit)
        self.requesters = MongoRequesters(unit, phone_region)
        self.bursts = MongoBursts(unit, storm_limit, met or Met())
        self.customers = MongoCustomers(unit)
        self.messages = MongoMessages(unit)
        self.directory = directory
        self.storm_limit = storm_limit
        self.phone_region = phone_region

    @property
    def now(self) -> datetime:
        return self._unit.now

    def new_id(self) -> str:
        return new_id()

    def new_ticket_id(self, created_at: datetime) -> str:
        return ticket_id_at(created_at)

    def say(self, fact: MessageIgnored) -> None:
        """The fact is said once for each time that a message came in, whatever its ticket's versions are."""
        self._unit.say(
            PUBLISHES[MessageIgnored](fact),
            event_id=f"{self._unit.cause.event_id or fact.intake_id}:ignored",
            lane=fact.lane,
            subject=fact.ticket_id or fact.intake_id,
        )

    def load(self, commands: Sequence[Any]) -> None:
        """Read for all commands at once. What a use case asks beyond it is read then; this only makes that rare."""
        needs = _Needs()
        for command in commands:
            _READS.get(type(command), _nothing)(command, needs)
        self.conversations.load(needs.keys)
        self.conversations.load_own(needs.own_keys)
        self.requesters.load(needs.senders)
        self.bursts.load(self._openers(needs))
        places = list(self.conversations.led())
        self.tickets.load([*needs.ticket_ids, *(place.ticket_id for place in places)], needs.numbers)
        if needs.answered:
            tickets = (self.tickets.get(ticket_id) for ticket_id in needs.answered)
            self.requesters.load((), {one.requester.requester_id for one in tickets if one is not None})
        if needs.has_bounces:
            needs.messages += [(place.ticket_id, place.message_id) for place in places if place.message_id]
        self.messages.load(needs.messages)
        if needs.sent:
            self.conversations.load(
                (ticket.channel, key)
                for ticket_id, key in needs.sent
                if (ticket := self.tickets.get(ticket_id)) is not None
            )
        self._unit.after_commit.append(lambda: self._observe(commands, self.tickets.facts))

    def _openers(self, needs: "_Needs") -> Iterable[tuple[str, str]]:
        for channel, kind, sender in needs.openers if self.storm_limit.tickets else ():
            if (person := self.requesters.find(channel, sender, kind)) is not None:
                yield person.requester_id, channel

    def flush(self) -> None:
        """Stage everything that the use cases left in memory."""
        self.tickets.flush()
        self.conversations.flush()
        self.requesters.flush()
        self.bursts.flush()
        self.customers.flush()
        self.messages.flush()


class _Needs:
    """What the commands of a batch will ask for."""

    __slots__ = (
        "answered",
        "has_bounces",
        "keys",
        "messages",
        "numbers",
        "openers",
        "own_keys",
        "senders",
        "sent",
        "ticket_ids",
    )

    def __init__(self) -> None:
        self.keys: list[tuple[str, str]] = []
        # What the messages of the batch are called themselves.
        self.own_keys: list[tuple[str, str]] = []
        self.ticket_ids: list[str] = []
        self.numbers: list[int] = []
        # Channel, its kind, and who wrote.
        self.senders: list[tuple[str, str, Sender]] = []
        # Those of them who may open a ticket that counts.
        self.openers: list[tuple[str, str, Sender]] = []
        self.messages: list[tuple[str, str]] = []
        # Ticket and Message-ID of what has left.
        self.sent: list[tuple[str, str]] = []
        # Tickets that are answered: whether mail arrives there is asked.
        self.answered: list[str] = []
        self.has_bounces = False


def _received(command: ReceiveMessage, needs: _Needs) -> None:
    channel, thread = command.channel, command.thread
    needs.own_keys.append((channel, thread.message_id))
    needs.keys += [(channel, key) for key in (thread.conversation_id, *thread.leads) if key]
    needs.ticket_ids += (*thread.proven_ticket_ids, *thread.quoted_ticket_ids)
    needs.numbers += thread.mentioned_numbers
    needs.senders.append((channel, command.channel_kind, command.sender))
    if command.channel_kind == "email":
        needs.openers.append((channel, command.channel_kind, command.sender))


def _bounced(command: ReceiveBounce, needs: _Needs) -> None:
    needs.keys.append((command.channel, command.original_message_id))
    needs.ticket_ids += command.proven_ticket_ids
    if command.failed_recipient:
        needs.senders.append((command.channel, "", Sender(email=command.failed_recipient)))
    needs.has_bounces = True


def _delivered(command: RecordDelivery, needs: _Needs) -> None:
    needs.ticket_ids.append(command.ticket_id)
    needs.messages.append((command.ticket_id, command.message_id))
    if command.external_id:
        needs.sent.append((command.ticket_id, command.external_id))
    if command.state == FAILED and command.recipient:
        needs.senders.append(("", "", Sender(email=command.recipient)))


def _created(command: CreateTicket, needs: _Needs) -> None:
    needs.senders.append((command.channel, "", command.requester))


def _merged(command: MergeTickets, needs: _Needs) -> None:
    needs.ticket_ids += (command.target_id, *command.source_ids)


def _of_a_ticket(command: UpdateTicket | UnmergeTicket, needs: _Needs) -> None:
    needs.ticket_ids.append(command.ticket_id)


def _written(command: AddMessage, needs: _Needs) -> None:
    needs.ticket_ids.append(command.ticket_id)
    if command.visibility == PUBLIC and not command.is_from_requester:
        needs.answered.append(command.ticket_id)


def _stepped(command: ApplySteps, needs: _Needs) -> None:
    needs.ticket_ids.append(command.ticket_id)
    if any(isinstance(step, AddEntry) and step.visibility == PUBLIC for step in command.steps):
        needs.answered.append(command.ticket_id)


def _nothing(command: object, needs: _Needs) -> None:
    """A command that writes without reading."""


_READS: dict[type, Callable[[Any, _Needs], None]] = {
    ReceiveMessage: _received,
    ReceiveBounce: _bounced,
    RecordDelivery: _delivered,
    CreateTicket: _created,
    UpdateTicket: _of_a_ticket,
    MergeTickets: _merged,
    UnmergeTicket: _of_a_ticket,
    AddMessage: _written,
    ApplySteps: _stepped,
}
