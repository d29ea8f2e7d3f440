"""Requesters of one batch: found by any of their keys, made where there is none, and taught what is new."""

from collections.abc import Iterable, Sequence

from chassis.ids import new_id
from chassis.mongo import Document, named_failures
from chassis.units import Unit
from services.tickets.adapters.mongo.documents import (
    bursts_of,
    bursts_part,
    reach_of,
    reach_part,
    requester_of,
    requester_part,
)
from services.tickets.domain.commands import Sender
from services.tickets.domain.people import Requester, identity_keys
from services.tickets.domain.reach import REACHED, Reach
from services.tickets.domain.storm import Burst


class MongoRequesters:
    """The people that a batch meets."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        # None: asked for, and not there.
        self._by_key: dict[str, str | None] = {}
        self._people: dict[str, Requester | None] = {}
        self._read: dict[str, tuple[Requester, frozenset[str]]] = {}
        self._keys: dict[str, set[str]] = {}
        # Only of those whom mail does not reach, or did not.
        self._reach: dict[str, Reach] = {}
        self._reach_learnt: set[str] = set()
        self._bursts: dict[str, dict[str, Burst]] = {}
        self._bursts_learnt: set[str] = set()

    # ---------------------------------------------------------------------------------------------------- for the batch

    def load(self, senders: Iterable[tuple[str, Sender]], known: Iterable[str] = ()) -> None:
        """Read at once everybody who may be one of these, each with the channel it wrote by, and those with our ids."""
        keys: set[str] = set()
        ids: set[str] = set(known)
        for channel, sender in senders:
            keys.update(keys_of(channel, sender))
            if sender.requester_id:
                ids.add(sender.requester_id)
        self._load(keys - self._by_key.keys(), ids - self._people.keys())

    def flush(self) -> None:
        """Stage whoever is new and whatever was learnt."""
        for requester_id, person in self._people.items():
            if person is None:
                continue
            keys = self._keys.get(requester_id, set())
            read = self._read.get(requester_id)
            part = requester_part(person)
            part["_id"] = part.pop("id")
            if read is None:
                if keys:
                    part["keys"] = sorted(keys)
                if requester_id in self._bursts_learnt:
                    part["bursts"] = bursts_part(self._bursts[requester_id])
                self._unit.insert("requesters", {**part, "created_at": self._unit.now})
                continue
            learnt: Document = {}
            if person != read[0]:
                learnt["$set"] = {name: value for name, value in part.items() if name != "_id"}
            if new := keys - read[1]:
                learnt["$addToSet"] = {"keys": {"$each": sorted(new)}}
            if requester_id in self._reach_learnt:
                learnt.setdefault("$set", {})["reach"] = reach_part(self._reach[requester_id])
            if requester_id in self._bursts_learnt:
                learnt.setdefault("$set", {})["bursts"] = bursts_part(self._bursts[requester_id])
            if learnt:
                self._unit.update("requesters", {"_id": requester_id}, learnt)

    # ------------------------------------------------------------------------------------------------ for the use cases

    def get(self, requester_id: str) -> Requester | None:
        if requester_id not in self._people:
            self._load(set(), {requester_id})
        return self._people[requester_id]

    def find(self, channel: str, sender: Sender) -> Requester | None:
        return self._known(sender, keys_of(channel, sender))

    def reach_of(self, requester_id: str) -> Reach:
        self.get(requester_id)
        return self._reach.get(requester_id, REACHED)

    def keep_reach(self, requester_id: str, reach: Reach) -> None:
        self._reach[requester_id] = reach
        self._reach_learnt.add(requester_id)

    def burst_of(self, requester_id: str, channel: str) -> Burst | None:
        self.get(requester_id)
        return self._bursts.get(requester_id, {}).get(channel)

    def keep_burst(self, requester_id: str, channel: str, burst: Burst) -> None:
        self._bursts.setdefault(requester_id, {})[channel] = burst
        self._bursts_learnt.add(requester_id)

    def find_or_make(self, channel: str, sender: Sender, *, is_claim: bool = False) -> Requester:
        keys = keys_of(channel, sender)
        if is_claim:
            keys = keys[:1]
        known = self._known(sender, keys)
        if known is None:
            known = Requester(new_id(), sender.name, sender.email, sender.phone, sender.external_id)
        elif not is_claim:
            known = Requester(
                known.requester_id,
                known.name or sender.name,
                known.email or sender.email,
                known.phone or sender.phone,
                known.external_id or sender.external_id,
            )
        requester_id = known.requester_id
        self._people[requester_id] = known
        for key in keys:
            # A key that is another's stays there: two people are not made one by a guess.
            if self._by_key.get(key) is None:
                self._by_key[key] = requester_id
                self._keys.setdefault(requester_id, set()).add(key)
        return known

    def _known(self, sender: Sender, keys: Sequence[str]) -> Requester | None:
        if sender.requester_id:
            return self.get(sender.requester_id)
        missing = {key for key in keys if key not in self._by_key}
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
            self._read[person.requester_id] = (person, its_keys)
            self._people[person.requester_id] = person
            if "reach" in row:
                self._reach.setdefault(person.requester_id, reach_of(row["reach"]))
            if "bursts" in row:
                self._bursts.setdefault(person.requester_id, bursts_of(row["bursts"]))
            self._keys[person.requester_id] = set(its_keys)
            for key in its_keys:
                self._by_key[key] = person.requester_id


def keys_of(channel: str, sender: Sender) -> tuple[str, ...]:
    """The keys that the sender is known by."""
    return identity_keys(channel, sender.email, sender.phone, sender.external_id)
