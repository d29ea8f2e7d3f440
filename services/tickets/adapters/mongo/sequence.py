"""The gap-free sequence over all facts: stamped after the commit, by one process at a time, never twice.

Commits become visible in any order, so no number taken before a commit can be gap-free. Here the stamping itself is the
order: whatever is committed and not stamped is found by an index, however late it came.
"""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern

from chassis.clock import Clock, monotonic
from chassis.leases import Lease
from chassis.mongo import Document, Documents, Raced, named_failures
from chassis.units import Unit
from services.tickets.adapters.mongo.history import HISTORY

COUNTER = "sequence"
COMMITS_AT_ONCE = 500
# A stamping costs the same for one commit as for twenty: under load they wait for each other.
LINGER = timedelta(milliseconds=200)


class Sequencer:
    """Stamps what is committed. Every write is a compare-and-set on the counter, fenced by the lease: two that believe
    they hold it cannot both succeed."""

    def __init__(self, database: Documents, clock: Clock, *, linger: timedelta = LINGER) -> None:
        self._database = database
        self._clock = clock
        self._linger = linger.total_seconds()
        # What the counter says, as long as nobody else has written it.
        self._end: int | None = None
        self._rests_until = 0.0

    def stamp(self, lease: Lease) -> bool:
        """Give the next numbers to what has none; True where there may be more. Raises Unavailable."""
        if monotonic() < self._rests_until:
            return False
        with named_failures():
            rows = list(
                self._database.get_collection(HISTORY, read_concern=ReadConcern("majority"))
                .find({"first_sequence": 0})
                .sort("_id", 1)
                .limit(COMMITS_AT_ONCE)
            )
            if not rows:
                return False
            last = self._last() if self._end is None else self._end
        unit, end = Unit(self._database, self._clock), last
        for row in in_order_of_versions(rows):
            stamp = {"$set": {"first_sequence": end + 1}}
            unit.update(HISTORY, {"_id": row["_id"], "first_sequence": 0}, stamp)
            end += len(row["events"])
        unit.update(
            "counters",
            {"_id": COUNTER, "last": last, "fence": {"$lte": lease.fence}},
            {"$set": {"last": end, "fence": lease.fence}},
        )
        # Not known where the commit fails: it may have happened all the same.
        self._end = None
        try:
            unit.commit()
        except Raced:
            # Another holds the lease by now; it stamps them.
            return False
        self._end = end
        has_more = len(rows) == COMMITS_AT_ONCE
        if not has_more:
            self._rests_until = monotonic() + self._linger
        return has_more

    def _last(self) -> int:
        counters = self._database["counters"]
        row = counters.find_one({"_id": COUNTER})
        if row is None:
            try:
                counters.insert_one({"_id": COUNTER, "last": 0, "fence": 0})
            except DuplicateKeyError:
                return self._last()
            return 0
        return int(row["last"])


def in_order_of_versions(rows: Sequence[Document]) -> list[Document]:
    """The commits in their order, but none before one that holds an earlier version of one of its tickets.

    Ids are made before the commit and by clocks that differ, so a later version may come with an earlier id.
    """
    # A commit follows the one before it of each of its tickets, and so all before that; a storm into one ticket makes
    # chains of thousands of versions.
    before = _predecessors(rows)
    ordered: list[Document] = []
    is_begun = [False] * len(rows)
    for first in range(len(rows)):
        waiting = [] if is_begun[first] else [first]
        while waiting:
            is_begun[waiting[-1]] = True
            # What is begun and waits still would wait for itself, and stands in no store.
            missing = next((place for place in before[waiting[-1]] if not is_begun[place]), None)
            if missing is None:
                ordered.append(rows[waiting.pop()])
            else:
                waiting.append(missing)
    return ordered


def _predecessors(rows: Sequence[Document]) -> list[list[int]]:
    """For each row, by its place, the rows that hold the versions next below its own, one for each ticket."""
    lowest: dict[str, dict[int, int]] = {}
    for place, row in enumerate(rows):
        for event_id in row["events"]:
            ticket_id, version, _ = event_id.split(":")
            of_ticket = lowest.setdefault(ticket_id, {})
            of_ticket[place] = min(of_ticket.get(place, int(version)), int(version))
    before: list[list[int]] = [[] for _ in rows]
    for of_ticket in lowest.values():
        chain = sorted(of_ticket, key=lambda place: of_ticket[place])
        for earlier, later in pairwise(chain):
            before[later].append(earlier)
    return before
