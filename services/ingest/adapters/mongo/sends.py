"""The send ledger in MongoDB: rows unique by message and recipient, claimed and marked under a fence."""

import contextlib
import itertools
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from pymongo import ReturnDocument

from chassis import bus
from chassis.clock import Clock, monotonic, pause
from chassis.errors import Unavailable
from chassis.mongo import Document, Documents, Raced, named_failures
from chassis.outbox import Outbox
from chassis.simulated_clock import real
from chassis.units import Cause, Unit
from services.ingest.adapters.mongo.send_documents import reply_document, reply_of, row_of
from services.ingest.adapters.wire import delivery_changed
from services.ingest.domain.pace import Pause, Turn
from services.ingest.domain.sending import NextStep, Reply, SendRow, SendState

# A job that was asked for and never came is asked for again.
_ENQUEUED_FOR = timedelta(seconds=60)
# A known outcome is worth waiting for the database.
_MARK_WITHIN = 60.0
# Rows of one channel that lie in the queue of jobs together.
_AT_ONCE = 50
_UNDER_WAY = [SendState.SENDING.value, SendState.UNKNOWN.value]


class MongoSends:
    """Outgoing messages."""

    def __init__(
        self, database: Documents, clock: Clock, outbox: Outbox | None, claim_for: timedelta
    ) -> None:
        self._database = database
        self._rows = database["sends"]
        self._replies = database["replies"]
        self._clock = clock
        # What waits for a process waits in real time.
        self._leases = real(clock)
        self._outbox = outbox
        self._claim_for = claim_for
        self._held: dict[str, int] = {}
        self._lock = threading.Lock()

    # --------------------------------------------------------------------------------------------------- queueing

    @staticmethod
    def stage(unit: Unit, reply: Reply, rows: Sequence[SendRow]) -> None:
        """Stage a reply and its rows."""
        unit.insert("replies", {"_id": reply.message_id, **reply_document(reply), "at": unit.now})
        for row in rows:
            unit.insert(
                "sends",
                {
                    "_id": row.send_id,
                    "ticket_id": row.ticket_id,
                    "message_id": row.message_id,
                    "channel_id": row.channel_id,
                    "recipient": row.recipient,
                    "lane": row.lane,
                    "state": SendState.QUEUED.value,
                    "reason": "",
                    "attempts": 0,
                    "due_at": unit.now,
                    "updated_at": unit.now,
                    "fence": 0,
                    "chain": {
                        "id": unit.cause.chain_id,
                        "cause": unit.cause.event_id,
                        "depth": unit.cause.depth,
                    },
                    "tp": unit.cause.traceparent,
                },
            )

    def due(self, limit: int) -> list[str]:
        """Ids of rows that are due and were not asked for lately, of every channel in turn.

        Of each channel only so many lie in the queue of jobs, or a mailbox with much to send would keep others waiting.
        """
        now = self._clock.now()
        here = self._leases.now()
        is_asked = {"$gt": [{"$ifNull": ["$enqueued_until", here]}, here]}
        pipeline: list[Document] = [
            {"$match": {"state": SendState.QUEUED.value, "due_at": {"$lte": now}}},
            {"$sort": {"due_at": 1}},
            {"$project": {"channel_id": 1, "is_asked": is_asked}},
            {
                "$group": {
                    "_id": {"channel": "$channel_id", "is_asked": "$is_asked"},
                    "count": {"$sum": 1},
                    "first": {"$firstN": {"n": _AT_ONCE, "input": "$_id"}},
                }
            },
        ]
        with named_failures():
            groups = list(self._rows.aggregate(pipeline))
        asked = {group["_id"]["channel"]: group["count"] for group in groups if group["_id"]["is_asked"]}
        waiting = [
            group["first"][: max(_AT_ONCE - asked.get(group["_id"]["channel"], 0), 0)]
            for group in groups
            if not group["_id"]["is_asked"]
        ]
        in_turn = (send_id for turn in itertools.zip_longest(*waiting) for send_id in turn if send_id)
        return list(itertools.islice(in_turn, limit))

    def note_asked(self, send_ids: Sequence[str]) -> None:
        """Jobs for these rows lie in the queue: they are asked for again only where none came. A row whose job was
        quicker is left alone."""
        now = self._clock.now()
        waiting = {"_id": {"$in": list(send_ids)}, "state": SendState.QUEUED.value, "due_at": {"$lte": now}}
        with named_failures():
            self._rows.update_many(waiting, {"$set": {"enqueued_until": self._leases.now() + _ENQUEUED_FOR}})

    # ----------------------------------------------------------------------------------------------------- sending

    def claim(self, send_id: str, now: datetime) -> tuple[SendRow, Reply] | None:
        """Take a due row for one attempt; None where it is not due or another has it."""
        with named_failures():
            row = self._rows.find_one_and_update(
                {"_id": send_id, "state": SendState.QUEUED.value, "due_at": {"$lte": now}},
                {
                    "$set": {
                        "state": SendState.SENDING.value,
                        "claimed_until": self._leases.now() + self._claim_for,
                        "data_begun": False,
                        "updated_at": now,
                    },
                    "$inc": {"fence": 1, "attempts": 1},
                },
                return_document=ReturnDocument.AFTER,
            )
            if row is None:
                return None
            reply = self._replies.find_one({"_id": row["message_id"]})
        if reply is None:
            return None
        with self._lock:
            self._held[send_id] = int(row["fence"])
        return row_of(row), reply_of(reply)

    def renew(self) -> None:
        """Prolong the claims of what this process is sending; a claim that is not prolonged has lost its process."""
        with self._lock:
            held = dict(self._held)
        until = self._leases.now() + self._claim_for
        with named_failures():
            for send_id, fence in held.items():
                self._rows.update_one(
                    {"_id": send_id, "fence": fence, "state": SendState.SENDING.value},
                    {"$set": {"claimed_until": until}},
                )

    def release(self, row: SendRow) -> None:
        """The attempt is over, whatever came of it: the claim is prolonged no more."""
        with self._lock:
            self._held.pop(row.send_id, None)

    def postpone(self, row: SendRow, turn: Turn, now: datetime) -> None:
        """Give the row back until its turn, as if it had not been tried; nothing is said of it."""
        changed: Document = {
            "state": SendState.QUEUED.value,
            "reason": turn.reason,
            "due_at": turn.at,
            "slot": turn.slot,
            "updated_at": now,
        }
        with named_failures():
            self._rows.update_one(
                {"_id": row.send_id, "fence": row.fence, "state": SendState.SENDING.value},
                {
                    "$set": changed,
                    "$inc": {"attempts": -1},
                    "$unset": {"enqueued_until": "", "claimed_until": ""},
                },
            )

    def hold(self, pause: Pause, now: datetime) -> None:
        """Let all rows of a channel that are due wait for the end of its pause."""
        with named_failures():
            self._rows.update_many(
                {
                    "state": SendState.QUEUED.value,
                    "due_at": {"$lte": now},
                    "channel_id": pause.channel_id,
                },
                {
                    "$set": {"due_at": pause.until, "reason": pause.reason, "updated_at": now},
                    "$unset": {"enqueued_until": ""},
                },
            )

    def begin_data(self, row: SendRow, provider_message_id: str) -> None:
        """Note that from now on the outcome is unknown unless we learn it. Raises Raced where the claim was lost."""
        with named_failures():
            found = self._rows.update_one(
                {"_id": row.send_id, "fence": row.fence, "state": SendState.SENDING.value},
                {"$set": {"data_begun": True, "provider_message_id": provider_message_id}},
            )
        if not found.matched_count:
            raise Raced(f"{row.send_id}: another has the row by now")

    def mark(
        self,
        row: SendRow,
        step: NextStep,
        provider_message_id: str,
        now: datetime,
        *,
        abandoned: bool | None = None,
    ) -> bool:
        """Write down the outcome and say it, as soon as the database lets us; False where another has the row by now.

        Who learns the outcome late may still correct `unknown`: the fence says that nobody tried again meanwhile.
        """
        ends, pauses = monotonic() + _MARK_WITHIN, bus.pauses()
        while True:
            try:
                return self._mark(row, step, provider_message_id, now, abandoned)
            except Unavailable:
                if monotonic() > ends:
                    raise
                pause(next(pauses))

    def _mark(
        self, row: SendRow, step: NextStep, provider_message_id: str, now: datetime, abandoned: bool | None
    ) -> bool:
        with named_failures():
            kept = self._rows.find_one({"_id": row.send_id}, {"chain": 1, "tp": 1}) or {}
        chain = kept.get("chain", {})
        unit = Unit(self._database, self._clock)
        unit.cause = Cause(
            chain.get("cause", ""), chain.get("id", ""), int(chain.get("depth", 0)), kept.get("tp", "")
        )
        changed: Document = {
            "state": step.state.value,
            "reason": step.reason,
            "updated_at": now,
            "provider_message_id": provider_message_id,
        }
        if step.due_at is not None:
            changed["due_at"] = step.due_at
        where: Document = {"_id": row.send_id, "fence": row.fence, "state": {"$in": _UNDER_WAY}}
        if abandoned is not None:
            # Its owner may have woken since we looked, and be handing the mail over.
            where["claimed_until"] = {"$lte": self._leases.now()}
            where["data_begun"] = True if abandoned else {"$ne": True}
        unit.update(
            "sends",
            where,
            {"$set": changed, "$unset": {"enqueued_until": "", "claimed_until": ""}},
        )
        unit.say(
            delivery_changed(row, step, provider_message_id, now),
            event_id=f"{row.send_id}:{row.fence}:{step.state.value}",
            lane=row.lane,
            subject=row.ticket_id,
        )
        try:
            unit.commit()
        except Raced:
            return False
        if self._outbox is not None:
            # What the broker does not take now is published by the sweep.
            with contextlib.suppress(Unavailable):
                self._outbox.publish(unit.outbox)
        return True

    def abandoned(self, limit: int) -> list[tuple[SendRow, bool]]:
        """Rows whose process died while sending, and whether the mail may have been handed over."""
        where = {"state": SendState.SENDING.value, "claimed_until": {"$lte": self._leases.now()}}
        with named_failures():
            return [(row_of(row), bool(row.get("data_begun"))) for row in self._rows.find(where).limit(limit)]

    # ----------------------------------------------------------------------------------------------------- reading

    def list(self, ticket_id: str, states: Sequence[str], limit: int, after: str) -> list[SendRow]:
        """Rows by id, the newest messages last."""
        where: dict[str, Any] = {}
        if ticket_id:
            where["ticket_id"] = ticket_id
        if states:
            where["state"] = {"$in": list(states)}
        if after:
            where["_id"] = {"$gt": after}
        with named_failures():
            return [row_of(row) for row in self._rows.find(where).sort("_id", 1).limit(limit)]

    def waiting(self, channel_id: str) -> int:
        """How many rows of a channel are not sent yet."""
        where = {
            "channel_id": channel_id,
            "state": {"$in": [SendState.QUEUED.value, SendState.SENDING.value]},
        }
        with named_failures():
            return self._rows.count_documents(where)


class ClaimKeeper:
    """Prolongs the claims of this process for as long as it lives."""

    name = "claim-keeper"

    def __init__(self, sends: MongoSends, claim_for: timedelta) -> None:
        self._sends = sends
        self._every = claim_for.total_seconds() / 4
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.heartbeat: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Begin to prolong."""
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def stop(self, grace: timedelta) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(grace.total_seconds())

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            self.heartbeat()
            with contextlib.suppress(Unavailable):
                self._sends.renew()
