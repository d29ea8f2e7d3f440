"""The tickets service on a real store, looking like tests/fakes/tickets.py: each command is a batch of its own."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from chassis import batches, boxes, mongo
from chassis.batches import BatchRunner, Task
from chassis.mongo import Documents
from chassis.telemetry.metrics import Metrics
from chassis.units import Unit
from services.tickets.adapters.mongo import INDEXES, MongoDirectory, MongoPorts, Numbers
from services.tickets.adapters.mongo.bursts import Met
from services.tickets.adapters.mongo.documents import clock_of, ticket_of
from services.tickets.adapters.mongo.history import HISTORY
from services.tickets.adapters.mongo.message_documents import message_of, sending_of
from services.tickets.application import HANDLERS
from services.tickets.domain.events import LoggedFact, MessageAdded, MessageIgnored, TicketOpened
from services.tickets.domain.message import Message, Sending
from services.tickets.domain.ticket import Clock, Ticket
from tests.builders import MONDAY
from tests.ticket_rows import MESSAGES
from tests.waiting import MINUTE


@contextmanager
def store_of_tickets(mongo_url: str) -> Iterator[Documents]:
    """A fresh database with all indexes of the service, gone afterwards."""
    with mongo.connect(mongo_url, timeout=MINUTE) as client:
        database: Documents = client[f"t{uuid.uuid4().hex[:10]}_tickets"]
        mongo.ensure_indexes(database, {**batches.INDEXES, **boxes.INDEXES, **INDEXES})
        yield database
        client.drop_database(database.name)


class _Ports(MongoPorts):
    """Remembers what was ignored."""

    def __init__(self, unit: Unit, desk: "MongoDesk") -> None:
        super().__init__(
            unit,
            desk.numbers,
            desk.directory,
            lambda commands, facts: desk.tickets.facts.extend(facts),
            phone_region="GB",
            met=desk.met,
        )
        self._desk = desk

    def say(self, fact: MessageIgnored) -> None:
        super().say(fact)
        self._desk.ignored.append(fact)


class _Tickets:
    def __init__(self, database: Documents) -> None:
        self._database = database
        self.facts: list[LoggedFact] = []

    @property
    def rows(self) -> dict[str, Ticket]:
        return {row["_id"]: ticket_of(row) for row in self._database["tickets"].find()}

    @property
    def messages(self) -> dict[str, Message]:
        found = [message_of(row) for row in self._database[HISTORY].find(MESSAGES)]
        return {message.message_id: message for message in sorted(found, key=lambda one: one.message_id)}

    @property
    def clocks(self) -> dict[str, Clock]:
        return {row["_id"]: clock_of(row) for row in self._database["tickets"].find()}


class _Messages:
    def __init__(self, database: Documents) -> None:
        self._database = database

    @property
    def sendings(self) -> dict[str, Sending]:
        found = [sending_of(row) for row in self._database[HISTORY].find({"delivery": {"$exists": True}})]
        return {sending.message_id: sending for sending in found}


class _Clock:
    def __init__(self, desk: "MongoDesk") -> None:
        self._desk = desk

    def now(self) -> datetime:
        return self._desk.now


class MongoDesk:
    """A store with the groups money and claims and the agent Kate; `now` may be moved."""

    def __init__(self, database: Documents) -> None:
        for name in database.list_collection_names():
            database[name].delete_many({})
        database["groups"].insert_many(
            [{"_id": "money", "name": "Money"}, {"_id": "claims", "name": "Claims"}]
        )
        database["agents"].insert_one(
            {"_id": "kate", "name": "Kate Stone", "email": "kate@demo.example", "role": "agent", "groups": []}
        )
        self.database = database
        self.numbers = Numbers(database)
        self.directory = MongoDirectory(database)
        self.met = Met()
        self.tickets = _Tickets(database)
        self.messages = _Messages(database)
        self.ignored: list[MessageIgnored] = []
        self.now = MONDAY
        self._runner = BatchRunner(
            consumer="tickets",
            database=database,
            clock=_Clock(self),
            open_ports=lambda unit: _Ports(unit, self),
            handlers=HANDLERS,
            outbox=None,
            metrics=Metrics("test"),
        )

    def run(self, command: Any) -> object:
        (outcome,) = self._runner.run([Task("", command)])
        if outcome.error is not None:
            raise outcome.error
        return outcome.answer

    def only_ticket(self) -> Ticket:
        (ticket,) = self.tickets.rows.values()
        return ticket

    def opened(self) -> list[Ticket]:
        rows = self.tickets.rows
        return [rows[fact.ticket.ticket_id] for fact in self.tickets.facts if isinstance(fact, TicketOpened)]

    def added(self) -> list[MessageAdded]:
        return [fact for fact in self.tickets.facts if isinstance(fact, MessageAdded)]
