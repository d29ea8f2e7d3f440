"""Conversation keys of one batch. A key's row is taken in the transaction that opens the ticket; its `_id` is what
keeps two replicas from opening two."""

from collections.abc import Iterable
from dataclasses import dataclass

from chassis.mongo import Document, named_failures
from chassis.units import Unit
from services.tickets.adapters.mongo.documents import place_fields, place_of
from services.tickets.adapters.mongo.history import HISTORY, conversation_key, follower_key
from services.tickets.application.ports import Place


@dataclass(slots=True)
class _Row:
    # What the store had; None where there was no row.
    read: Place | None
    place: Place | None


class MongoConversations:
    """Which ticket a key leads to, with the keys that this batch took itself."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._rows: dict[str, _Row] = {}

    # ---------------------------------------------------------------------------------------------------- for the batch

    def load(self, keys: Iterable[tuple[str, str]]) -> None:
        """Read these rows at once, each a channel and a key."""
        self._load({conversation_key(channel, key) for channel, key in keys if key})

    def load_own(self, keys: Iterable[tuple[str, str]]) -> None:
        """The keys that messages come with themselves. Nearly always they are new, so at the first try they are taken to
        be: where one is not, its insertion races, and the batch that is tried again reads them."""
        if not self._unit.is_first_try:
            self.load(keys)
            return
        for channel, key in keys:
            if key:
                self._rows.setdefault(conversation_key(channel, key), _Row(None, None))

    def led(self) -> Iterable[Place]:
        """All places that the loaded keys lead to."""
        return [row.place for row in self._rows.values() if row.place is not None]

    def flush(self) -> None:
        """Stage what has come to lead elsewhere."""
        for key, row in self._rows.items():
            if row.place is None or row.place == row.read:
                continue
            if row.read is None:
                self._unit.insert(HISTORY, {"_id": key, **place_fields(row.place)})
            else:
                was = {"_id": key, "ticket": row.read.ticket_id, "message": row.read.message_id or None}
                self._unit.update(HISTORY, was, {"$set": place_fields(row.place)})

    # ------------------------------------------------------------------------------------------------ for the use cases

    def find(self, channel: str, key: str) -> Place | None:
        return self._find(conversation_key(channel, key))

    def lead(self, channel: str, key: str, place: Place) -> None:
        key = conversation_key(channel, key)
        self._find(key)
        self._rows[key].place = place

    def follower_of(self, ticket_id: str) -> str:
        place = self._find(follower_key(ticket_id))
        return place.ticket_id if place is not None else ""

    def follow(self, ticket_id: str, follower: str) -> None:
        key = follower_key(ticket_id)
        self._find(key)
        self._rows[key].place = Place(follower)

    def _find(self, key: str) -> Place | None:
        if key not in self._rows:
            self._load({key})
        return self._rows[key].place

    def _load(self, keys: set[str]) -> None:
        wanted = [key for key in keys if key not in self._rows]
        if not wanted:
            return
        with named_failures():
            rows: list[Document] = list(self._unit.database[HISTORY].find({"_id": {"$in": wanted}}))
        for key in wanted:
            self._rows[key] = _Row(None, None)
        for row in rows:
            place = place_of(row)
            self._rows[row["_id"]] = _Row(place, place)
