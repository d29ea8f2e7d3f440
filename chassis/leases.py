"""What must happen once is held by one process at a time, and fenced.

A lease ends by itself when its holder dies. A holder that slept past its end may still believe: every write it makes
must carry its fence, which grows with each new holder.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError, PyMongoError

from chassis import bus
from chassis.clock import monotonic
from chassis.errors import Unavailable
from chassis.ids import new_id
from chassis.mongo import Document, Documents, named_failures

# Longest silence of a loop that only waits.
_BEAT = 5.0


@dataclass(frozen=True, slots=True)
class Lease:
    """Held until `until` of the monotonic clock; `fence` is greater than every earlier holder's."""

    name: str
    owner: str
    fence: int
    until: float

    @property
    def is_held(self) -> bool:
        """Not run out yet by our own clock, which began before the database's."""
        return monotonic() < self.until


class Leases:
    """Leases by name in the collection `leases`, timed by the database's own clock (`$$NOW`), even in a
    simulation."""

    def __init__(self, database: Documents) -> None:
        self._rows = database["leases"]

    def take(self, name: str, owner: str, lasting: timedelta) -> Lease | None:
        """Take or renew; None while another holds it. Raises Unavailable."""
        begun = monotonic()
        milliseconds = int(lasting.total_seconds() * 1000)
        free = {"$or": [{"$eq": ["$owner", owner]}, {"$lt": ["$until", "$$NOW"]}]}
        update = [
            {
                "$set": {
                    "fence": {
                        "$cond": [
                            {"$eq": ["$owner", owner]},
                            "$fence",
                            {"$add": [{"$ifNull": ["$fence", 0]}, 1]},
                        ]
                    },
                    "owner": owner,
                    "until": {"$add": ["$$NOW", milliseconds]},
                }
            }
        ]
        try:
            with named_failures():
                row = self._rows.find_one_and_update(
                    {"_id": name, "$expr": free}, update, upsert=False, return_document=ReturnDocument.AFTER
                )
                if row is None:
                    row = self._first(name, owner, milliseconds)
        except DuplicateKeyError:
            return None
        if row is None:
            return None
        return Lease(name, owner, int(row["fence"]), begun + lasting.total_seconds())

    def _first(self, name: str, owner: str, milliseconds: int) -> Document | None:
        if self._rows.find_one({"_id": name}, {"_id": 1}) is not None:
            return None
        past = datetime(1970, 1, 1, tzinfo=UTC)
        try:
            self._rows.insert_one({"_id": name, "owner": "", "fence": 0, "until": past})
        except DuplicateKeyError:
            return None
        return self._rows.find_one_and_update(
            {"_id": name, "owner": ""},
            [{"$set": {"fence": 1, "owner": owner, "until": {"$add": ["$$NOW", milliseconds]}}}],
            return_document=ReturnDocument.AFTER,
        )

    def give_back(self, lease: Lease) -> None:
        """Let another have it at once."""
        with named_failures():
            self._rows.update_one(
                {"_id": lease.name, "owner": lease.owner, "fence": lease.fence},
                {"$set": {"owner": "", "until": datetime(1970, 1, 1, tzinfo=UTC)}},
            )


class LeasedLoop:
    """Calls `body(lease)` every so often in whichever replica holds the lease. An answer of True asks for the next
    turn at
    once: there is more to do."""

    def __init__(
        self,
        leases: Leases,
        name: str,
        body: Callable[[Lease], bool],
        *,
        every: timedelta,
        lasting: timedelta = timedelta(seconds=10),
    ) -> None:
        self.name = name
        self._leases = leases
        self._body = body
        self._every = every.total_seconds()
        self._lasting = lasting
        self._owner = new_id()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._log = structlog.get_logger(__name__)
        self.heartbeat: Callable[[], None] = lambda: None
        # Called at each turn that another replica has: what this one measured as the holder is no longer true.
        self.without: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Begin to ask for the lease."""
        self._thread = threading.Thread(target=self._run, name=f"loop-{self.name}", daemon=True)
        self._thread.start()

    def stop(self, grace: timedelta) -> None:
        """End after the turn in hand and give the lease back."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(grace.total_seconds())

    def _run(self) -> None:
        pauses = bus.pauses()
        lease: Lease | None = None
        while not self._stop.is_set():
            self.heartbeat()
            try:
                if lease is None or lease.until - monotonic() < self._lasting.total_seconds() / 2:
                    lease = self._leases.take(self.name, self._owner, self._lasting)
                if lease is None:
                    self.without()
                    self._rest(max(self._every, 0.5))
                    continue
                more = self._body(lease)
                pauses = bus.pauses()
            except Unavailable as away:
                self._log.warning("loop_waits", loop=self.name, away=str(away))
                lease = None
                self._rest(next(pauses))
                continue
            except Exception as failure:  # noqa: BLE001 - the loop outlives one bad turn
                self._log.error(
                    "loop_failed", loop=self.name, error=f"{type(failure).__name__}: {failure}"[:500]
                )
                self._rest(next(pauses))
                continue
            if not more:
                self._rest(self._every)
        if lease is not None:
            try:
                self._leases.give_back(lease)
            except (Unavailable, PyMongoError):
                # It runs out by itself.
                return

    def _rest(self, seconds: float) -> None:
        """Wait, and beat meanwhile: who has nothing to do for minutes does not hang."""
        ends = monotonic() + seconds
        while not self._stop.is_set() and (left := ends - monotonic()) > 0:
            self.heartbeat()
            self._stop.wait(min(left, _BEAT))
