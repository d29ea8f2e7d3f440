"""Requesters of one batch: found by any of their keys, made where there is none, and taught what is new."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chassis.ids import new_id
from chassis.mongo import Document, named_failures
from chassis.units import Unit
from services.tickets.adapters.mongo.documents import (
    reaches_of,
    reaches_part,
    requester_of,
    requester_part,
)
from services.tickets.domain.commands import Sender
from services.tickets.domain.identities import (
    MOST_CLAIMS,
    MOST_IDENTITIES,
    as_they_wrote,
    finding,
    is_key,
    known_by,
    normal_sender,
    taught,
)
from services.tickets.domain.people import Requester
from services.tickets.domain.reach import REACHED, Reach
from services.tickets.domain.search_words import words_of_person


class MongoRequesters:
    """The people that a batch meets."""

    def __init__(self, unit: Unit, phone_region: str = "") -> None:
        self._unit = unit
        self._region = phone_region
        # None: asked for, and not there.
        self._by_key: dict[str, str | None] = {}
        self._people: dict[str, Requester | None] = {}
        self._read: dict[str, _Row] = {}
        self._keys: dict[str, set[str]] = {}
        # Named beside what proves who writes.
        self._claims: dict[str, set[str]] = {}
        # Channels: of those who are new, and of those who were taught something.
        self._made_by: dict[str, str] = {}
        self._taught_by: dict[str, str] = {}
        # Only of those whom mail does not reach, or did not.
        self._reaches: dict[str, dict[str, Reach]] = {}
        self._reach_learnt: set[str] = set()

    # ---------------------------------------------------------------------------------------------------- for the batch

    def load(self, senders: Iterable[tuple[str, str, Sender]], known: Iterable[str] = ()) -> None:
        """Read at once everybody who may be one of these, each with the channel it wrote by and the channel's kind, and those
        with our ids."""
        keys: set[str] = set()
        ids: set[str] = set(known)
        for channel, channel_kind, sender in senders:
            keys.update(*_keys_of(channel, channel_kind, normal_sender(sender, self._region)))
            if sender.requester_id:
                ids.add(sender.requester_id)
        self._load(keys - self._by_key.keys(), ids - self._people.keys())

    def flush(self) -> None:
        """Stage whoever is new and whatever was learnt."""
        for requester_id, person in self._people.items():
            if person is None:
                continue
            read = self._read.get(requester_id)
            if read is None:
                self._unit.insert("requesters", self._new(person))
            elif learnt := self._learnt(person, read):
                # Whoever changed the card by hand meanwhile is read again, or what they wrote would be lost.
                self._unit.update("requesters", {"_id": requester_id, "version": read.version}, learnt)

    def _new(self, person: Requester) -> Document:
        requester_id = person.requester_id
        row = {**_row_part(person), "created_at": self._unit.now}
        if keys := self._keys.get(requester_id):
            row["keys"] = sorted(keys)
        if channel := self._made_by.get(requester_id):
            row["channel"] = channel
        if found := {*self._words(person), *self._claims.get(requester_id, ())}:
            row["found_by"] = sorted(found)
        return row

    def _learnt(self, person: Requester, read: "_Row") -> Document:
        requester_id = person.requester_id
        new_keys = self._keys.get(requester_id, set()) - read.keys
        found = self._claims.get(requester_id, set())
        learnt: Document = {}
        to_set: Document = {}
        if person != read.person:
            was = _row_part(read.person)
            to_set = {name: value for name, value in _row_part(person).items() if was.get(name) != value}
        if to_set or not read.found_by:
            found = {*found, *self._words(person)}
        if requester_id in self._reach_learnt:
            to_set["reach"] = reaches_part(self._reaches[requester_id])
        if to_set:
            learnt["$set"] = to_set
        added: Document = {}
        if new_keys:
            added["keys"] = {"$each": sorted(new_keys)}
        if new_found := found - read.found_by:
            added["found_by"] = {"$each": sorted(new_found)}
        if added:
            learnt["$addToSet"] = added
        if new_known := sorted({*new_keys, *(one for one in new_found if is_key(one))}):
            # The card says since when, and by which channel.
            channel = self._taught_by.get(requester_id, "")
            learnt["$push"] = {"learnt": {"$each": [[key, self._unit.now, channel] for key in new_known]}}
        return learnt

    def _words(self, person: Requester) -> set[str]:
        # Of an organisation is who proved it.
        is_proven = f"e:{person.email}" in self._keys.get(person.requester_id, ())
        return words_of_person(person.name, person.email if is_proven else "")

    # ------------------------------------------------------------------------------------------------ for the use cases

    def get(self, requester_id: str) -> Requester | None:
        if requester_id not in self._people:
            self._load(set(), {requester_id})
        return self._people[requester_id]

    def find(self, channel: str, sender: Sender, channel_kind: str = "") -> Requester | None:
        sender = normal_sender(sender, self._region)
        return self._known(sender, finding(_keys_of(channel, channel_kind, sender)[0]))

    def reach_of(self, requester_id: str, email: str) -> Reach:
        self.get(requester_id)
        return self._reaches.get(requester_id, {}).get(email, REACHED)

    def keep_reach(self, requester_id: str, email: str, reach: Reach) -> None:
        self._reaches.setdefault(requester_id, {})[email] = reach
        self._reach_learnt.add(requester_id)

    def find_or_make(
        self, channel: str, sender: Sender, channel_kind: str = "", *, is_claim: bool = False
    ) -> Requester:
        sender = normal_sender(sender, self._region)
        keys, claims = _keys_of(channel, channel_kind, sender)
        known = self._known(sender, finding(keys), (*keys, *claims))
        if known is None:
            # Until somebody proves better, a person is who they say they are.
            known = Requester(new_id(), sender.name, sender.email, sender.phone, sender.external_id)
            self._made_by[known.requester_id] = channel
        requester_id = known.requester_id
        own = self._keys.setdefault(requester_id, set())
        for key in keys:
            # A key that is another's stays there: two people are not made one by a guess.
            if self._by_key.setdefault(key, None) is None and len(own) < MOST_IDENTITIES:
                self._by_key[key] = requester_id
                own.add(key)
                self._taught_by[requester_id] = channel
        self._claim(requester_id, [key for key in (*keys, *claims) if key not in own], channel)
        person = known if is_claim else taught(known, sender, own)
        self._people[requester_id] = person
        return as_they_wrote(person, sender, own if is_claim else None)

    def _claim(self, requester_id: str, claimed: Sequence[str], channel: str) -> None:
        if not claimed:
            return
        known = self._claims.setdefault(requester_id, set())
        read = self._read.get(requester_id)
        room = MOST_CLAIMS - len(known)
        if read is not None:
            room -= sum(map(is_key, read.found_by - known))
        # Whoever types another number into every form is not remembered with all of them.
        known.update(claimed[: max(0, room)])
        self._taught_by[requester_id] = channel

    def _known(self, sender: Sender, keys: Sequence[str], all_keys: Sequence[str] = ()) -> Requester | None:
        if sender.requester_id:
            return self.get(sender.requester_id)
        missing = {key for key in (*keys, *all_keys) if key not in self._by_key}
        if missing:
            self._load(missing, set())
        for key in keys:
            if (requester_id := self._by_key[key]) is not None:
                return self._people[requester_id]
        return None

    def _load(self, keys: set[str], ids: set[str]) -> None:
        if not keys and not ids:
            return
        either: list[Document] = []
        if keys:
            either.append({"keys": {"$in": list(keys)}})
        if ids:
            either.append({"_id": {"$in": list(ids)}})
        with named_failures():
            rows = list(
                self._unit.database["requesters"].find(either[0] if len(either) == 1 else {"$or": either})
            )
        self._by_key.update(dict.fromkeys(keys))
        self._people.update(dict.fromkeys(ids))
        for row in rows:
            row["id"] = row["_id"]
            person = requester_of(row)
            its_keys = frozenset(row.get("keys", ()))
            found_by = frozenset(row.get("found_by", ()))
            self._read[person.requester_id] = _Row(person, its_keys, found_by, row.get("version"))
            self._people[person.requester_id] = person
            if "reach" in row:
                self._reaches.setdefault(person.requester_id, reaches_of(row["reach"]))
            self._keys[person.requester_id] = set(its_keys)
            for key in its_keys:
                self._by_key[key] = person.requester_id


@dataclass(slots=True)
class _Row:
    """What of a person's row was read; `version` is None where nobody changed it by hand."""

    person: Requester
    keys: frozenset[str]
    found_by: frozenset[str]
    version: int | None


def _row_part(person: Requester) -> Document:
    part = requester_part(person)
    part["_id"] = part.pop("id")
    return part


def _keys_of(channel: str, channel_kind: str, sender: Sender) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return known_by(channel, channel_kind, sender.email, sender.phone, sender.external_id)
