"""Tickets of one batch: read once, changed in memory, written once each with a compare-and-set on the version."""

from collections.abc import Iterable, Sequence

import pymongo
from pymongo.errors import PyMongoError

from chassis.ids import new_id
from chassis.mongo import Document, Raced, named_failures, value_of_each
from chassis.units import Unit
from services.tickets.adapters.mongo.documents import (
    actor_part,
    clock_fields,
    new_ticket_document,
    ticket_of,
    ticket_update,
)
from services.tickets.adapters.mongo.history import HISTORY, messages_of
from services.tickets.adapters.mongo.message_documents import came_along_part, message_document, message_of
from services.tickets.adapters.mongo.numbers import Numbers
from services.tickets.adapters.wire import PUBLISHES
from services.tickets.domain.events import LoggedFact, MessageAdded, TicketChanged, TicketOpened
from services.tickets.domain.message import MERGED, Message
from services.tickets.domain.ticket import Clock, Ticket

# What is written outside of a transaction waits for a transaction that holds one of its rows: most often for milliseconds,
# but for one whose process died until the server gives it up. A transaction would be told at once.
_PATIENCE = 1.0
_WITHOUT_HTML = {"html": 0, "said_html": 0, "attachments": 0}


class MongoTickets:
    """The tickets that a batch reads and writes, and what it adds to the log."""

    def __init__(self, unit: Unit, numbers: Numbers) -> None:
        self._unit = unit
        self._numbers = numbers
        self._tickets: dict[str, Ticket | None] = {}
        # As they are kept.
        self._read: dict[str, Ticket] = {}
        self._saved: set[str] = set()
        # The newest of each ticket: one of many that one batch may bring.
        self._clocks: dict[str, Clock] = {}
        self._event_ids: list[str] = []
        # All that this batch says, in order.
        self.facts: list[LoggedFact] = []

    # ---------------------------------------------------------------------------------------------------- for the batch

    def load(self, ticket_ids: Iterable[str], numbers: Iterable[int] = ()) -> None:
        """Read these tickets at once; those that were read are not read again."""
        wanted = [ticket_id for ticket_id in set(ticket_ids) if ticket_id and ticket_id not in self._tickets]
        found: list[Document] = []
        with named_failures():
            if wanted:
                read = self._unit.database["tickets"].find({"_id": {"$in": wanted}})
                # One round trip: unless told, the server begins with 101.
                found += read.batch_size(len(wanted) + 1)
            if named := list(set(numbers)):
                found += self._unit.database["tickets"].find({"number": {"$in": named}})
        self._tickets.update(dict.fromkeys(wanted))
        for document in found:
            if self._tickets.get(document["_id"]) is None:
                ticket = ticket_of(document)
                self._read[ticket.ticket_id] = self._tickets[ticket.ticket_id] = ticket

    def flush(self) -> None:
        """Stage one write a ticket, and the row that the sequencer stamps; clocks are kept at once."""
        for ticket_id in self._saved:
            ticket = self._tickets[ticket_id]
            assert ticket is not None
            was = self._read.get(ticket_id)
            if was is None:
                self._unit.insert("tickets", new_ticket_document(ticket))
            else:
                self._unit.update(
                    "tickets", {"_id": ticket_id, "version": was.version}, ticket_update(was, ticket)
                )
        if self._clocks:
            self._keep_clocks()
        if self._event_ids:
            self._unit.insert(HISTORY, {"_id": new_id(), "first_sequence": 0, "events": self._event_ids})

    def _keep_clocks(self) -> None:
        """Keep those that are newer than what is kept; safe to repeat.

        Outside of the transaction, in one command that looks each ticket's clock up in a list: a third of the price of an
        update for each, since in a transaction the store reads its catalogue for every index of every row that changes.
        Where it does not come to pass it is a race, and the batch that is tried again has its clocks in its transaction:
        there only whoever meets the row that is held goes without.
        """
        if not self._unit.is_first_try:
            for ticket_id, newest in self._clocks.items():
                older = {"_id": ticket_id, "clock_epoch": {"$lt": newest.epoch}}
                self._unit.update("tickets", older, {"$set": clock_fields(newest)}, must_match=False)
            return
        ids = list(self._clocks)
        clock = value_of_each(ids, [clock_fields(clock) for clock in self._clocks.values()])
        is_newer = {"$lt": ["$clock_epoch", "$$clock.clock_epoch"]}
        kept = {"$cond": [is_newer, {"$mergeObjects": ["$$ROOT", "$$clock"]}, "$$ROOT"]}
        update = [{"$replaceWith": {"$let": {"vars": {"clock": clock}, "in": kept}}}]
        with named_failures():
            try:
                with pymongo.timeout(_PATIENCE):
                    self._unit.database["tickets"].update_many({"_id": {"$in": ids}}, update)
            except PyMongoError as error:
                if error.timeout:
                    raise Raced("somebody holds the row of a clock") from error
                raise

    # ------------------------------------------------------------------------------------------------ for the use cases

    def get(self, ticket_id: str) -> Ticket | None:
        if ticket_id and ticket_id not in self._tickets:
            self.load([ticket_id])
        return self._tickets.get(ticket_id)

    def by_number(self, number: int) -> Ticket | None:
        for ticket in self._tickets.values():
            if ticket is not None and ticket.number == number:
                return ticket
        return None

    def next_number(self) -> int:
        return self._numbers.take()

    def save(self, ticket: Ticket, facts: Sequence[LoggedFact]) -> None:
        self._tickets[ticket.ticket_id] = ticket
        self._saved.add(ticket.ticket_id)
        for index, fact in enumerate(facts):
            self._log(ticket, fact, index)

    def last_messages(self, ticket_id: str, count: int) -> Sequence[Message]:
        with named_failures():
            rows = self._unit.database[HISTORY].find({"_id": messages_of(ticket_id)}, _WITHOUT_HTML)
            found = [message_of(row) for row in rows.sort("_id", -1).limit(count)][::-1]
        found += [
            fact.message
            for fact in self.facts
            if not isinstance(fact, TicketChanged)
            and fact.message.ticket_id == ticket_id
            and MERGED not in fact.message.flags
        ]
        return found[-count:]

    def keep_clock(self, ticket_id: str, clock: Clock) -> None:
        kept = self._clocks.get(ticket_id)
        if kept is None or kept.epoch < clock.epoch:
            self._clocks[ticket_id] = clock

    def _log(self, ticket: Ticket, fact: LoggedFact, index: int) -> None:
        unit = self._unit
        event_id = f"{ticket.ticket_id}:{ticket.version}:{index}"
        body = unit.say(
            PUBLISHES[type(fact)](fact),
            event_id=event_id,
            lane=ticket.lane,
            subject=ticket.ticket_id,
            version=ticket.version,
            index=index,
        )
        self._event_ids.append(event_id)
        self.facts.append(fact)
        row: Document = {
            "_id": event_id,
            "version": ticket.version,
            "index": index,
            "fact": type(fact).__name__,
            "at": unit.now,
            "actor": actor_part(fact.actor),
            "body": body,
        }
        if not isinstance(fact, TicketOpened) and fact.changes:
            row["changes"] = [[change.field, change.old, change.new] for change in fact.changes]
        if not isinstance(fact, TicketChanged):
            row["message_id"] = fact.message.message_id
            if isinstance(fact, MessageAdded) and MERGED in fact.message.flags:
                # It is kept with its own ticket.
                row["came_along"] = came_along_part(fact.message)
            else:
                unit.insert(HISTORY, message_document(fact.message))
        cause = unit.cause
        if cause.event_id:
            row["cause_id"] = cause.event_id
            row["depth"] = cause.depth + 1
        row["chain_id"] = cause.chain_id or cause.event_id or event_id
        unit.insert(HISTORY, row)
