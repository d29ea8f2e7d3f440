"""Facts leave the store only through here: published and confirmed, then forgotten.

The process that commits publishes at once, and forgets what it published a moment later, many rows together: in a quiet
hour a deletion for each costs as much as the writing did. What it could not publish (it died, or the broker was away)
stays among the boxes until its lease runs out, and is then taken by a sweep.
"""

import contextlib
import queue
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from pymongo import ASCENDING
from pymongo.errors import PyMongoError
from pymongo.write_concern import WriteConcern

from chassis.boxes import BOXES, IS_OUT
from chassis.bus import FACTS, Outgoing, Publisher, Unroutable
from chassis.clock import Clock
from chassis.errors import Unavailable
from chassis.failpoints import failpoint
from chassis.ids import new_id
from chassis.mongo import Documents, named_failures
from chassis.simulated_clock import real
from chassis.units import OUTBOX_LEASE, OutboxRow

# How long published rows may wait for others to be forgotten with, and how many of them. Far from OUTBOX_LEASE.
TOGETHER = timedelta(milliseconds=250)
_MANY = 500
# Commits that may wait to be published behind the back of whoever made them; beyond it he waits too.
_AHEAD = 4
# How long the end of a process waits for what it has not published yet.
_LAST_SECONDS = 5.0
# A mark that is lost in a crash costs one publication more, which every listener's inbox forgives.
_RELAXED = WriteConcern(w=1, j=False)

_Commit = tuple[Sequence[OutboxRow], Callable[[Unavailable], None]]


class Outbox:
    """Publishes rows in confirmed windows and forgets them."""

    def __init__(
        self,
        database: Documents,
        publisher: Publisher,
        exchange: str,
        clock: Clock,
        *,
        together: timedelta = TOGETHER,
    ) -> None:
        self._rows = database[BOXES]
        self._relaxed = database.get_collection(BOXES, write_concern=_RELAXED)
        self._publisher = publisher
        self._exchange = exchange
        self._clock = clock
        self._leases = real(clock)
        self._together = together.total_seconds()
        self._published: list[str] = []
        self._later: threading.Timer | None = None
        self._guard = threading.Lock()
        self._soon: queue.Queue[_Commit | None] = queue.Queue(_AHEAD)
        self._sender: threading.Thread | None = None
        self._is_closed = False
        self._log = structlog.get_logger(__name__)

    def publish_soon(self, rows: Sequence[OutboxRow], left: Callable[[Unavailable], None]) -> None:
        """Publish committed rows while the caller goes on with its next batch, in the order of the calls. `left` is called
        where the broker did not confirm: then they stay for the sweep."""
        if not rows:
            return
        with self._guard:
            is_closed = self._is_closed
            if self._sender is None and not is_closed:
                self._sender = threading.Thread(target=self._send, name="outbox", daemon=True)
                self._sender.start()
        if is_closed:
            left(Unavailable("outbox (its process is ending)"))
        else:
            self._soon.put((rows, left))

    def publish(self, rows: Sequence[OutboxRow]) -> None:
        """Publish committed rows. Raises errors.Unavailable where the broker did not confirm; they stay for the
        sweep."""
        if not rows:
            return
        stuck: frozenset[str] = frozenset()
        try:
            self._publisher.publish(
                [
                    Outgoing(
                        self._exchange,
                        row.routing_key,
                        row.body,
                        row.fact_type,
                        row.row_id,
                        {FACTS: row.events},
                    )
                    for row in rows
                ]
            )
        except Unroutable as unroutable:
            stuck = unroutable.message_ids
        except Unavailable:
            self._give_back(rows)
            raise
        failpoint("after-publish-before-mark")
        self._forget_later([row.row_id for row in rows if row.row_id not in stuck])
        if stuck:
            raise Unavailable("broker (a listener is not declared)")

    def _give_back(self, rows: Sequence[OutboxRow]) -> None:
        """The next sweep may have them at once."""
        try:
            self._relaxed.update_many(
                {"_id": {"$in": [row.row_id for row in rows]}}, {"$set": {"lease_until": self._leases.now()}}
            )
        except PyMongoError:
            # Then their lease runs out.
            return

    def close(self) -> None:
        """Publish what waits, forget what was published. The last call."""
        with self._guard:
            self._is_closed = True
        if self._sender is not None:
            with contextlib.suppress(queue.Full):
                self._soon.put(None, timeout=_LAST_SECONDS)
                self._sender.join(_LAST_SECONDS)
        self._forget()

    def _send(self) -> None:
        while (commit := self._soon.get()) is not None:
            rows, left = commit
            try:
                self.publish(rows)
            except Unavailable as away:
                left(away)
            except Exception as failure:  # noqa: BLE001 - the sweep brings these; those that come must not wait for them
                self._log.exception("outbox_failed", rows=len(rows), error=repr(failure))

    def _forget_later(self, row_ids: list[str]) -> None:
        with self._guard:
            self._published += row_ids
            if len(self._published) < _MANY:
                if self._published and self._later is None:
                    self._later = threading.Timer(self._together, self._forget)
                    self._later.daemon = True
                    self._later.start()
                return
        self._forget()

    def _forget(self) -> None:
        with self._guard:
            row_ids, self._published = self._published, []
            if self._later is not None:
                self._later.cancel()
                self._later = None
        if not row_ids:
            return
        try:
            self._relaxed.delete_many({"_id": {"$in": row_ids}})
        except PyMongoError:
            # They were published; the sweep will do so once more and then forget them.
            return

    def sweep(self, limit: int = 200) -> int:
        """Publish what others left behind; answers how many rows. Safe to run in any number of processes."""
        owner, now = new_id(), self._leases.now()
        with named_failures():
            due = [
                row["_id"]
                for row in self._rows.find({**IS_OUT, "lease_until": {"$lte": now}}, {"_id": 1})
                .sort("said_at", ASCENDING)
                .limit(limit)
            ]
            if not due:
                return 0
            self._rows.update_many(
                {"_id": {"$in": due}, "lease_until": {"$lte": now}},
                {"$set": {"lease_until": now + OUTBOX_LEASE, "owner": owner}},
            )
            mine = list(self._rows.find({"_id": {"$in": due}, "owner": owner}))
        self.publish([OutboxRow(r["_id"], r["key"], r["type"], bytes(r["body"]), r["events"]) for r in mine])
        return len(mine)

    def pending(self) -> tuple[int, float]:
        """How many rows wait, and for how many seconds the oldest has."""
        with named_failures():
            count = self._rows.count_documents(IS_OUT)
            oldest = self._rows.find_one(IS_OUT, {"said_at": 1}, sort=[("said_at", ASCENDING)])
        if oldest is None:
            return count, 0.0
        at: datetime = oldest["said_at"]
        return count, max(0.0, (self._clock.now() - at).total_seconds())
