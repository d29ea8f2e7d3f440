"""Timers that others set: read for a batch at once, written with compare-and-set."""

from collections.abc import Sequence
from datetime import datetime
from zlib import crc32

from chassis.mongo import Document, named_failures
from chassis.units import Cause, Unit
from services.sla.adapters.mongo.documents import SHARDS
from services.sla.adapters.wire import PUBLISHES, event_id_of_fired
from services.sla.domain.events import TimerFired
from services.sla.domain.timer import ARMED, REMEMBERED, Origin, Timer, TimerName


class MongoTimers:
    """The timers of a batch."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._read: dict[str, Timer] = {}
        self._kept: dict[str, Timer] = {}

    def load(self, timer_ids: Sequence[str]) -> None:
        with named_failures():
            rows = self._unit.database["timers"].find({"_id": {"$in": list(timer_ids)}})
            # One round trip: unless told, the server begins with 101.
            self._read = {row["_id"]: timer_of_row(row) for row in rows.batch_size(len(timer_ids) + 1)}

    def get(self, timer_id: str) -> Timer | None:
        return self._kept.get(timer_id) or self._read.get(timer_id)

    def keep(self, timer: Timer) -> None:
        self._kept[timer.name.timer_id] = timer

    def say(self, fact: TimerFired) -> None:
        origin, before = fact.timer.origin, self._unit.cause
        # The chain that led to the arming goes on.
        self._unit.cause = Cause(origin.cause_id, origin.chain_id, origin.depth)
        self._unit.say(
            PUBLISHES[TimerFired](fact),
            event_id=event_id_of_fired(fact),
            lane=fact.timer.lane,
            subject=fact.timer.ticket_id or fact.timer.name.timer_id,
        )
        self._unit.cause = before

    def flush(self) -> None:
        """Stage the rows; another writer's edition makes the commit raise Raced."""
        for timer_id, timer in self._kept.items():
            row = timer_to_row(timer, self._unit.now)
            if timer.edition == 0:
                self._unit.insert("timers", {"_id": timer_id, **row})
                continue
            update: Document = {"$set": row, "$unset": {"forget_at": ""}}
            if timer.state != ARMED:
                changed = ("epoch", "state", "edition", "forget_at")
                update = {"$set": {name: row[name] for name in changed}, "$unset": {"alarm_at": ""}}
            self._unit.update("timers", {"_id": timer_id, "edition": timer.edition}, update)


def timer_to_row(timer: Timer, now: datetime) -> Document:
    """Everything but the id. What is no longer armed is forgotten after a while."""
    name, origin = timer.name, timer.origin
    row: Document = {
        "owner": name.owner,
        "key": name.key,
        "epoch": name.epoch,
        "due_at": timer.due_at,
        "ticket_id": timer.ticket_id,
        "lane": timer.lane,
        "payload": timer.payload,
        "origin": [origin.chain_id, origin.cause_id, origin.depth],
        "state": timer.state,
        "edition": timer.edition + 1,
        "shard": crc32(name.timer_id.encode()) % SHARDS,
    }
    if timer.state == ARMED:
        row["alarm_at"] = timer.due_at
    else:
        row["forget_at"] = now + REMEMBERED
    return row


def timer_of_row(row: Document) -> Timer:
    return Timer(
        name=TimerName(row["owner"], row["key"], row["epoch"]),
        due_at=row["due_at"],
        ticket_id=row["ticket_id"],
        lane=row["lane"],
        payload=bytes(row["payload"]),
        origin=Origin(*row["origin"]),
        state=row["state"],
        edition=row["edition"],
    )
