"""The log, read in its sequence: what is stamped, from a place on."""

from dataclasses import dataclass
from datetime import datetime

from pymongo.read_concern import ReadConcern

from chassis.mongo import Document, Documents, named_failures
from services.tickets.adapters.mongo.history import HISTORY
from services.tickets.adapters.mongo.sequence import COUNTER

_MAJORITY = ReadConcern("majority")
# A fact holds up to 256 KiB of text, so what is read for one answer is bounded by its bytes too.
_FACTS_READ_AT_ONCE = 100
_BYTES_AT_ONCE = 8_000_000


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
        self._history = database.get_collection(HISTORY, read_concern=_MAJORITY)
        self._counters = database.get_collection("counters", read_concern=_MAJORITY)
        # Where a commit that was read ends. Who goes on from there need not look within one.
        self._end = 0

    def last(self) -> int:
        """The last place that is stamped; 0 where none is. Raises Unavailable."""
        with named_failures():
            row = self._counters.find_one({"_id": COUNTER})
        return int(row["last"]) if row is not None else 0

    def after(self, sequence: int, limit: int) -> list[Stamped]:
        """The facts behind that place, in order; about `limit` of them, fewer where they are large, none only where
        there is none."""
        with named_failures():
            commits = self._commits_after(sequence, limit)
            places = {
                event_id: row["first_sequence"] + index
                for row in commits
                for index, event_id in enumerate(row["events"])
                if row["first_sequence"] + index > sequence
            }
            facts = self._facts(places)
        if facts and len(facts) == len(places):
            self._end = facts[-1].sequence
        return facts

    def _commits_after(self, sequence: int, limit: int) -> list[Document]:
        rows: list[Document] = []
        found = 0
        behind = {"first_sequence": {"$gt": max(sequence, 0)}}
        for row in self._history.find(behind).sort("first_sequence", 1).limit(limit):
            rows.append(row)
            found += len(row["events"])
            if found >= limit:
                break
        if 0 < sequence != self._end and not (rows and rows[0]["first_sequence"] == sequence + 1):
            # The place may lie within a commit.
            inside = self._history.find({"first_sequence": {"$gt": 0, "$lte": sequence}})
            rows[:0] = inside.sort("first_sequence", -1).limit(1)
        return rows

    def _facts(self, places: dict[str, int]) -> list[Stamped]:
        ids = list(places)
        facts: list[Stamped] = []
        size = 0
        for start in range(0, len(ids), _FACTS_READ_AT_ONCE):
            wanted = {"_id": {"$in": ids[start : start + _FACTS_READ_AT_ONCE]}}
            fields = {"fact": 1, "at": 1, "body": 1}
            for row in self._history.find(wanted, fields):
                body = bytes(row["body"])
                size += len(body)
                facts.append(Stamped(places[row["_id"]], row["_id"], row["fact"], row["at"], body))
            if size > _BYTES_AT_ONCE:
                break
        facts.sort(key=lambda stamped: stamped.sequence)
        return facts
