"""Questions about tickets: straight to the store, without a use case in between."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from pymongo.read_concern import ReadConcern

from chassis.mongo import Document, Documents, named_failures
from services.tickets.adapters.mongo.documents import (
    NEVER,
    by_requester,
    by_tag,
    held_by,
    reaches_of,
    ticket_of,
)
from services.tickets.adapters.mongo.history import HISTORY, facts_of, messages_of
from services.tickets.adapters.mongo.ids import first_id_of
from services.tickets.adapters.mongo.message_documents import message_of
from services.tickets.domain.message import MERGED, PUBLIC, Message
from services.tickets.domain.people import Requester, normal_email
from services.tickets.domain.reach import REACHED, Reach
from services.tickets.domain.search_words import words_of_question
from services.tickets.domain.selection import Order, Position, Selection
from services.tickets.domain.tags import SUBTREE, normal_tag
from services.tickets.domain.ticket import Ticket

COUNTED_AT_MOST = 10_000
_CARD = {"card": 1, "members": 1}
_COLUMNS = {
    # An id begins with the moment of creation.
    "created_at": "_id",
    "updated_at": "updated_at",
    "number": "number",
    "priority": "rank",
    "clock": "clock_due",
}


class MongoQueries:
    """Reads tickets, their messages and their changes. Everything raises Unavailable where the store is away."""

    def __init__(self, database: Documents) -> None:
        self._tickets = database["tickets"]
        self._messages = database[HISTORY]
        # Others take it for what happened: a fact that is lost with a lonely primary never did.
        self._changes = database.get_collection(HISTORY, read_concern=ReadConcern("majority"))
        self._requesters = database["requesters"]

    def ticket(self, ticket_id: str) -> Ticket | None:
        """The ticket by id."""
        with named_failures():
            row = self._tickets.find_one({"_id": ticket_id})
        return ticket_of(row) if row is not None else None

    def tickets(self, ticket_ids: Sequence[str]) -> list[Ticket]:
        """Those of these that there are."""
        with named_failures():
            rows = self._tickets.find({"_id": {"$in": list(ticket_ids)}})
            return [ticket_of(row) for row in rows.batch_size(len(ticket_ids) + 1)]

    def numbered(self, number: int) -> Ticket | None:
        """The ticket by its number."""
        with named_failures():
            row = self._tickets.find_one({"number": number})
        return ticket_of(row) if row is not None else None

    def reach(self, requester: Requester) -> Reach:
        """Whether mail reaches the requester."""
        with named_failures():
            row = self._requesters.find_one({"_id": requester.requester_id}, {"reach": 1})
        reaches = reaches_of(row.get("reach", ())) if row is not None else {}
        return reaches.get(requester.email, REACHED)

    def page(self, selection: Selection, order: Order, after: Position | None, size: int) -> list[Ticket]:
        """At most `size` tickets behind a position."""
        wanted = self._filter(selection)
        with named_failures():
            if order.by == "clock" and order.is_descending:
                return [ticket_of(row) for row in self._by_clock_descending(wanted, after, size)]
            return [ticket_of(row) for row in self._rows(wanted, order, after, size)]

    def count(self, selection: Selection) -> int:
        """How many, up to COUNTED_AT_MOST."""
        wanted = self._filter(selection)
        with named_failures():
            return self._tickets.count_documents(wanted, limit=COUNTED_AT_MOST)

    def messages(self, ticket_id: str, *, public_only: bool) -> list[Message]:
        """A ticket's entries, and those of all that is merged into it, oldest first."""
        with named_failures():
            rows = self._messages.find({"_id": messages_of(ticket_id)}).sort("_id", 1)
            found = [message_of(row) for row in rows]
            if sources := self._sources(ticket_id):
                for source_id in sources:
                    rows = self._messages.find({"_id": messages_of(source_id)})
                    found += [_came_along(message_of(row)) for row in rows]
                # Their ids begin with the moment of their making.
                found.sort(key=lambda message: message.message_id)
        return [message for message in found if not public_only or message.visibility == PUBLIC]

    def _sources(self, ticket_id: str) -> list[str]:
        """All that is part of the ticket, at whatever remove."""
        met, next_ones = {ticket_id}, [ticket_id]
        while next_ones:
            wanted = {"_id": {"$in": next_ones}, "merged_from": {"$exists": True}}
            rows = self._tickets.find(wanted, {"merged_from": 1})
            next_ones = [one for row in rows for one in row["merged_from"] if one not in met]
            met.update(next_ones)
        return sorted(met - {ticket_id})

    def changes(self, ticket_id: str, from_version: int) -> list[Document]:
        """A ticket's log behind a version, oldest first, without the bodies."""
        with named_failures():
            rows = list(
                self._changes.find(
                    {"_id": facts_of(ticket_id), "version": {"$gt": from_version}}, {"body": 0}
                )
            )
        return sorted(rows, key=lambda row: (row["version"], row["index"]))

    def unsolved(self, slice_size: int) -> Iterator[tuple[str, str]]:
        """Channel and priority of each unsolved ticket, for the gauges; asked of the store in slices as they are taken."""
        wanted = {"status": {"$in": ["new", "open", "pending", "on_hold"]}}
        with named_failures():
            for row in self._tickets.find(wanted, {"channel": 1, "priority": 1, "_id": 0}).batch_size(
                slice_size
            ):
                yield row.get("channel", ""), row["priority"]

    def _rows(self, wanted: Document, order: Order, after: Position | None, size: int) -> Sequence[Document]:
        column = _COLUMNS[order.by]
        direction = -1 if order.is_descending else 1
        if after is not None:
            wanted = {"$and": [wanted, _behind(column, order.is_descending, after)]}
        return list(self._tickets.find(wanted).sort([(column, direction), ("_id", direction)]).limit(size))

    def _by_clock_descending(self, wanted: Document, after: Position | None, size: int) -> Sequence[Document]:
        # What has no clock stays last in this direction too.
        order = Order("clock", is_descending=True)
        rows: list[Document] = []
        if after is None or after.value != NEVER:
            running = {"$and": [wanted, {"clock_due": {"$lt": NEVER}}]}
            rows = list(self._rows(running, order, after, size))
            after = None
        if len(rows) < size:
            rows += self._rows({"$and": [wanted, {"clock_due": NEVER}]}, order, after, size - len(rows))
        return rows

    def _filter(self, selection: Selection) -> Document:
        wanted: Document = {}
        for name, values in (
            ("status", selection.statuses),
            ("channel", selection.channels),
            ("priority", selection.priorities),
        ):
            if values:
                wanted[name] = values[0] if len(values) == 1 else {"$in": list(values)}
        if selection.is_unassigned and not selection.agents:
            wanted["agent"] = None
        if span := _span(selection.updated_after, selection.updated_before):
            wanted["updated_at"] = span
        if span := _span(_id_at(selection.created_after), _id_at(selection.created_before)):
            wanted["_id"] = span
        either: list[Document] = [
            {"held_by": held[0] if len(held) == 1 else {"$in": held}}
            for held in (held_by(selection.groups, ()), held_by((), selection.agents))
            if held
        ]
        if selection.requester:
            either.append(self._requester(selection.requester))
        if selection.tags:
            either.append({"$or": [_tag(tag) for tag in selection.tags]})
        if selection.text.strip():
            either.append(_words(selection.text))
        if either:
            wanted["$and"] = either
        return wanted

    def _requester(self, wanted: str) -> Document:
        wanted = wanted.strip()
        key = ""
        if "@" in wanted:
            key = f"e:{normal_email(wanted)}"
        elif wanted.startswith("+"):
            key = f"p:{wanted}"
        # Who were merged are one: the tickets of each are all of theirs.
        with named_failures():
            row = self._requesters.find_one({"keys": key} if key else {"_id": wanted}, _CARD)
            if row is not None and "card" in row:
                row = self._requesters.find_one({"_id": row["card"]}, _CARD)
        if row is None:
            return {"found_by": by_requester("" if key else wanted)}
        if "members" not in row:
            return {"found_by": by_requester(row["_id"])}
        return {"found_by": {"$in": [by_requester(one) for one in (row["_id"], *row["members"])]}}


def _came_along(message: Message) -> Message:
    return replace(message, flags=(*message.flags, MERGED))


def position_of(ticket: Ticket, order: Order) -> Position:
    """Where the ticket stands in the order."""
    values: dict[str, datetime | int] = {
        "created_at": ticket.created_at,
        "updated_at": ticket.updated_at,
        "number": ticket.number,
        "clock": ticket.clock.due_at or NEVER,
    }
    return Position(values.get(order.by, ticket.rank), ticket.ticket_id)


def _behind(column: str, is_descending: bool, after: Position) -> Document:
    way = "$lt" if is_descending else "$gt"
    if column == "_id":
        return {"_id": {way: after.ticket_id}}
    return {
        # Says nothing that the rest does not, but bounds the walk along the index.
        column: {f"{way}e": after.value},
        "$or": [{column: {way: after.value}}, {"_id": {way: after.ticket_id}}],
    }


def _id_at(moment: datetime | None) -> str | None:
    return first_id_of(moment) if moment is not None else None


def _span(since: datetime | str | None, until: datetime | str | None) -> Document:
    span: Document = {}
    if since is not None:
        span["$gte"] = since
    if until is not None:
        span["$lt"] = until
    return span


def _tag(tag: str) -> Document:
    tag = normal_tag(tag)
    if not tag.endswith(SUBTREE):
        return {"found_by": by_tag(tag)}
    root = tag.removesuffix(SUBTREE)
    # "0" is what follows "/".
    below = {"found_by": {"$elemMatch": {"$gte": by_tag(f"{root}/"), "$lt": by_tag(f"{root}0")}}}
    return {"$or": [{"found_by": by_tag(root)}, below]}


def _words(text: str) -> Document:
    found = [
        {"found_by": {"$regex": f"^{re.escape(word)}"} if is_begun else word}
        for word, is_begun in words_of_question(text)
    ]
    # Nothing but signs: no ticket has such a word.
    spoken: Document = {"$and": found} if found else {"found_by": ""}
    number = text.strip().removeprefix("#")
    if number.isdecimal() and len(number) <= 15:
        return {"$or": [{"number": int(number)}, spoken]}
    return spoken
