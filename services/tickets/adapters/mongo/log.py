"""The log, read in its sequence: what is stamped, from a place on."""

from dataclasses import dataclass
from datetime import datetime

from pymongo.read_concern import ReadConcern

from chassis.mongo import Document, Documents, named_failures
from services.tickets.adapters.mongo.sequence import COUNTER

_MAJORITY = ReadConcern("majority")
# A fact holds up to 256 KiB of text.
_FACTS_READ_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Stamped:
    """One fact with its place in the sequence; `body` is the fact as it was said."""

    sequence: int
    event_id: str
    fact: str
    at: datetime
    body: bytes


class MongoLog:
    """Reads what the sequencer stamped. What is stamped is complete up to there, so no gap can be read."""

    def __init__(self, database: Documents) -> None:
        self._commits = database.get_collection("commits", read_concern=_MAJORITY)
        self._changes = database.get_collection("changes", read_concern=_MAJORITY)
        self._counters = database.get_collection("counters", read_concern=_MAJORITY)

    def last(self) -> int:
        """The last place that is stamped; 0 where none is. Raises Unavailable."""
        with named_failures():
            row = self._counters.find_one({"_id": COUNTER})
        return int(row["last"]) if row is not None else 0

    def after(self, sequence: int, limit: int) -> list[Stamped]:
        """The facts behind that place, in order; about `limit` of them, none only where there is none."""
        with named_failures():
            commits = self._commits_after(sequence, limit)
            places = {
                event_id: row["first_sequence"] + index
                for row in commits
                for index, event_id in enumerate(row["events"])
                if row["first_sequence"] + index > sequence
            }
            return self._facts(places)

    def _commits_after(self, sequence: int, limit: int) -> list[Document]:
        rows: list[Document] = []
        if sequence > 0:
            # The place may lie within a commit.
            inside = self._commits.find({"first_sequence": {"$gt": 0, "$lte": sequence}})
            rows = list(inside.sort("first_sequence", -1).limit(1))
        found = 0
        for row in self._commits.find({"first_sequence": {"$gt": max(sequence, 0)}}).sort(
            "first_sequence", 1
        ):
            rows.append(row)
            found += len(row["events"])
            if found >= limit:
                break
        return rows

    def _facts(self, places: dict[str, int]) -> list[Stamped]:
        ids = list(places)
        facts: list[Stamped] = []
        for start in range(0, len(ids), _FACTS_READ_AT_ONCE):
            wanted = {"_id": {"$in": ids[start : start + _FACTS_READ_AT_ONCE]}}
            fields = {"fact": 1, "at": 1, "body": 1}
            facts += [
                Stamped(places[row["_id"]], row["_id"], row["fact"], row["at"], bytes(row["body"]))
                for row in self._changes.find(wanted, fields)
            ]
        facts.sort(key=lambda stamped: stamped.sequence)
        return facts
