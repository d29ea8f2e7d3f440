"""Who opens ticket upon ticket, in rows of their own.

Every mail that opens a ticket counts, and a marketplace's mails are in the batches of all replicas at once. So what is
below the limit is counted outside of the transaction, where the store adds up what several replicas say; the row is part
of it only from the limit on, where one of two replicas must decide again. Of a sender that this process has not met
lately nothing is asked, and of a first ticket nothing written: most senders never open a second. That costs each replica
at most one ticket beyond the limit.
"""

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta

import pymongo
from pymongo.write_concern import WriteConcern

from chassis.errors import Unavailable
from chassis.mongo import Document, Raced, named_failures
from chassis.simulated_clock import real
from chassis.units import Unit
from services.tickets.domain.storm import Burst, StormLimit

# A miscount costs a ticket more or less, and is not worth a journal.
_RELAXED = WriteConcern(1, j=False)
# Seconds for it: somebody may hold the row.
_PATIENCE = 1.0
_MOST_MET = 20_000
# Beyond the time that a burst lasts: mails that an outage held back were received long before they are counted.
_KEPT = timedelta(days=1)


class Met:
    """Who opened a ticket by way of this process lately, with what it knew of it; the latest of them."""

    def __init__(self, most: int = _MOST_MET) -> None:
        self._most = most
        self._bursts: OrderedDict[str, Burst] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> Burst | None:
        return self._bursts.get(key)

    def put(self, key: str, burst: Burst) -> None:
        with self._lock:
            self._bursts[key] = burst
            self._bursts.move_to_end(key)
            if len(self._bursts) > self._most:
                self._bursts.popitem(last=False)


class MongoBursts:
    """The bursts that a batch meets."""

    def __init__(self, unit: Unit, limit: StormLimit, met: Met) -> None:
        self._unit = unit
        self._limit = limit
        self._met = met
        self._rows: dict[str, Burst | None] = {}
        self._kept: dict[str, Burst] = {}

    # ---------------------------------------------------------------------------------------------------- for the batch

    def load(self, whose: Iterable[tuple[str, str]]) -> None:
        """Read at once the rows of those whom this process has met, each a requester's id and a channel."""
        keys = {_key(requester_id, channel) for requester_id, channel in whose}
        self._load([key for key in keys if self._met.get(key) is not None])

    def _load(self, keys: Iterable[str]) -> None:
        wanted = [key for key in keys if key not in self._rows]
        if not wanted:
            return
        with named_failures():
            rows = list(self._unit.database["bursts"].find({"_id": {"$in": wanted}}))
        self._rows.update(dict.fromkeys(wanted))
        for row in rows:
            self._rows[row["_id"]] = Burst(row["began_at"], row["last_at"], row["tickets"], row["ticket"])

    def flush(self) -> None:
        """Stage what has come to the limit; count the others once the batch is committed."""
        counted: list[pymongo.UpdateOne] = []
        # Of a sender whom this process had not met there may be a row all the same, and it would never fit.
        self._load([key for key, burst in self._kept.items() if burst.tickets >= self._limit.tickets])
        for key, burst in self._kept.items():
            if burst.tickets >= self._limit.tickets:
                self._stage(key, burst)
            elif burst.tickets > 1:
                counted.append(self._count(key, burst))
        if self._kept:
            self._unit.after_commit.append(lambda: self._remember(counted))

    def _stage(self, key: str, burst: Burst) -> None:
        fields: Document = {
            "began_at": burst.began_at,
            "last_at": burst.last_at,
            "tickets": burst.tickets,
            "ticket": burst.ticket_id,
            "forget_at": self._forgotten_at(),
        }
        row = self._rows.get(key)
        if row is None:
            self._unit.insert("bursts", {"_id": key, **fields})
        else:
            was = {"_id": key, "tickets": row.tickets, "last_at": row.last_at}
            self._unit.update("bursts", was, {"$set": fields})

    def _count(self, key: str, burst: Burst) -> pymongo.UpdateOne:
        row = self._rows.get(key)
        is_counted = row is not None and row.began_at == burst.began_at
        more = burst.tickets - (row.tickets if row is not None and is_counted else 0)
        goes_on = {"$gt": ["$began_at", burst.last_at - self._limit.within]}
        update: list[Document] = [
            {
                "$set": {
                    "tickets": {"$cond": [goes_on, {"$add": ["$tickets", more]}, burst.tickets]},
                    "began_at": {"$cond": [goes_on, "$began_at", burst.began_at]},
                    "last_at": {"$max": ["$last_at", burst.last_at]},
                    # Ids sort by the making of their tickets.
                    "ticket": {"$max": ["$ticket", burst.ticket_id]},
                    "forget_at": self._forgotten_at(),
                }
            }
        ]
        return pymongo.UpdateOne({"_id": key}, update, upsert=True)

    def _forgotten_at(self) -> datetime:
        # The store forgets by its own clock, whatever moment a simulation is at.
        return real(self._unit.clock).now() + self._limit.within + _KEPT

    def _remember(self, counted: list[pymongo.UpdateOne]) -> None:
        for key, burst in self._kept.items():
            self._met.put(key, burst)
        if not counted:
            return
        bursts = self._unit.database["bursts"].with_options(write_concern=_RELAXED)
        # The batch is committed: what cannot be counted now is not.
        with contextlib.suppress(Unavailable, Raced), named_failures(), pymongo.timeout(_PATIENCE):
            bursts.bulk_write(counted, ordered=False)

    # ------------------------------------------------------------------------------------------------ for the use cases

    def of(self, requester_id: str, channel: str) -> Burst | None:
        key = _key(requester_id, channel)
        if key in self._kept:
            return self._kept[key]
        met = self._met.get(key)
        if met is None:
            return None
        if key not in self._rows:
            self.load([(requester_id, channel)])
        row = self._rows.get(key)
        # What stands there has all that was told; a first ticket was not, nor what came after a burst that was over.
        return row if row is not None and row.last_at > met.last_at - self._limit.within else met

    def keep(self, requester_id: str, channel: str, burst: Burst) -> None:
        self._kept[_key(requester_id, channel)] = burst


def _key(requester_id: str, channel: str) -> str:
    return f"{requester_id}\0{channel}"
