"""Work that all replicas do together: it is cut into parts, and each replica has as many of them as the next.

A replica is a member for as long as its lease lasts; who has which part follows from the list of members, so a replica
that comes takes its parts within a beat and those of one that died go to the others once its lease ran out. Around
such a change two may hold one part for a moment: whatever is done must be fenced by a version of its own.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog
from pymongo import ReturnDocument
from pymongo.errors import PyMongoError

from chassis import bus
from chassis.clock import monotonic
from chassis.errors import Unavailable
from chassis.ids import new_id
from chassis.mongo import Document, Documents, Raced, named_failures

# A member shows itself this often while a lease lasts: two beats may be lost.
_BEATS = 3


@dataclass(frozen=True, slots=True)
class Share:
    """The parts that a member has, until `until` of the monotonic clock. `members` is how many share."""

    parts: frozenset[int]
    members: int
    until: float

    @property
    def is_held(self) -> bool:
        """Not run out yet by our own clock, which began before the database's."""
        return monotonic() < self.until


class Shares:
    """The members by name of the work, in the collection `leases`, timed by the database's own clock (`$$NOW`)."""

    def __init__(self, database: Documents) -> None:
        self._rows = database["leases"]

    def take(self, name: str, owner: str, parts: int, lasting: timedelta) -> Share:
        """Become or stay a member; answers what is ours of `parts`. Raises Unavailable."""
        begun = monotonic()
        others = {
            "$filter": {
                "input": {"$ifNull": ["$members", []]},
                "cond": {"$and": [{"$gt": ["$$this.until", "$$NOW"]}, {"$ne": ["$$this.owner", owner]}]},
            }
        }
        until = {"$add": ["$$NOW", int(lasting.total_seconds() * 1000)]}
        update = [{"$set": {"members": {"$concatArrays": [others, [{"owner": owner, "until": until}]]}}}]
        try:
            with named_failures():
                row: Document | None = self._rows.find_one_and_update(
                    {"_id": name}, update, upsert=True, return_document=ReturnDocument.AFTER
                )
        except Raced as raced:
            # Two that came first at once; the row is there by now.
            raise Unavailable("database (a race for the first row)") from raced
        assert row is not None
        members = sorted(member["owner"] for member in row["members"])
        place = members.index(owner)
        mine = frozenset(part for part in range(parts) if part % len(members) == place)
        return Share(mine, len(members), begun + lasting.total_seconds())

    def leave(self, name: str, owner: str) -> None:
        """The others have our parts from their next beat on."""
        with named_failures():
            self._rows.update_one({"_id": name}, {"$pull": {"members": {"owner": owner}}})


class SharedLoop:
    """Calls `body(share)` every so often in every replica, each with its own share. An answer of True asks for the
    next turn at once: there is more to do."""

    def __init__(
        self,
        shares: Shares,
        name: str,
        body: Callable[[Share], bool],
        *,
        parts: int,
        every: timedelta,
        lasting: timedelta,
    ) -> None:
        self.name = name
        self._shares = shares
        self._body = body
        self._parts = parts
        self._every = every.total_seconds()
        self._lasting = lasting
        self._owner = new_id()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._log = structlog.get_logger(__name__)
        self.heartbeat: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Begin to take a share."""
        self._thread = threading.Thread(target=self._run, name=f"loop-{self.name}", daemon=True)
        self._thread.start()

    def stop(self, grace: timedelta) -> None:
        """End after the turn in hand and leave the parts to the others."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(grace.total_seconds())

    def _run(self) -> None:
        pauses = bus.pauses()
        share: Share | None = None
        fresh = self._lasting.total_seconds() * (1 - 1 / _BEATS)
        while not self._stop.is_set():
            self.heartbeat()
            try:
                if share is None or share.until - monotonic() < fresh:
                    share = self._shares.take(self.name, self._owner, self._parts, self._lasting)
                # Fewer parts than members: nothing is ours, and we stand by.
                more = bool(share.parts) and self._body(share)
                pauses = bus.pauses()
            except Unavailable as away:
                self._log.warning("loop_waits", loop=self.name, away=str(away))
                share = None
                self._stop.wait(next(pauses))
                continue
            except Exception as failure:  # noqa: BLE001 - the loop outlives one bad turn
                self._log.error(
                    "loop_failed", loop=self.name, error=f"{type(failure).__name__}: {failure}"[:500]
                )
                self._stop.wait(next(pauses))
                continue
            if not more:
                self._stop.wait(self._every)
        if share is not None:
            try:
                self._shares.leave(self.name, self._owner)
            except (Unavailable, PyMongoError):
                # The lease runs out by itself.
                return
