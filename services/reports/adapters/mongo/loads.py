"""The queues' load, kept by the minute and by 15 minutes."""

import math
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pymongo
from pymongo import ASCENDING

from chassis.mongo import Document, Documents, named_failures
from services.reports.domain.query import LONGEST_LOAD, LoadQuery
from services.reports.domain.queues import QueueMinutes, QueueState
from services.reports.domain.tally import bucket_of, minute_of, moment_of

# What was last seen longer ago says nothing of now: nobody samples.
_RECENT_MINUTES = 3
# A growing queue drains never; the store keeps no infinity.
_NEVER = -1.0


class MongoLoads:
    """Implements Loads. Highest values and sums only, so that two samplers at once spoil no rate."""

    def __init__(self, database: Documents) -> None:
        self._rows = database["queue_load"]

    def keep(self, states: Sequence[QueueState], at: datetime) -> None:
        minute = minute_of(at)
        updates = [
            pymongo.UpdateOne(
                {"_id": f"{minutes:02d}:{bucket_of(minute, minutes):08d}:{state.queue}"},
                _update(state, moment_of(bucket_of(minute, minutes)) + keeping),
                upsert=True,
            )
            for state in states
            for minutes, keeping in LONGEST_LOAD.items()
        ]
        if updates:
            with named_failures():
                self._rows.bulk_write(updates, ordered=False)

    def list(self, query: LoadQuery) -> Sequence[QueueMinutes]:
        first = bucket_of(minute_of(query.begins_at), query.minutes)
        end = minute_of(query.ends_at - timedelta(microseconds=1)) + 1
        found: dict[str, Any] = {"_id": _span(query.minutes, first, end)}
        if query.queue:
            found["queue"] = query.queue
        with named_failures():
            return [_minutes(row) for row in self._rows.find(found).sort("_id", ASCENDING)]

    def latest(self, at: datetime) -> Sequence[QueueMinutes]:
        minute = minute_of(at - timedelta(microseconds=1))
        with named_failures():
            rows = self._rows.find({"_id": _span(1, minute - _RECENT_MINUTES, minute + 1)}).sort(
                "_id", ASCENDING
            )
            newest = {row["queue"]: _minutes(row) for row in rows}
        return list(newest.values())

    def known(self, since: datetime) -> Collection[str]:
        """Queues that were seen since then."""
        first, end = bucket_of(minute_of(since)), minute_of(since + LONGEST_LOAD[15])
        with named_failures():
            return {str(name) for name in self._rows.distinct("queue", {"_id": _span(15, first, end)})}


def _span(minutes: int, first: int, end: int) -> Mapping[str, str]:
    return {"$gte": f"{minutes:02d}:{first:08d}:", "$lt": f"{minutes:02d}:{end:08d}:"}


def _update(state: QueueState, expires_at: datetime) -> Mapping[str, Any]:
    drain = state.drain_seconds
    return {
        "$max": {"ready": state.ready, "unacked": state.unacked},
        "$inc": {"came": state.came, "left": state.left, "seconds": state.since_last.total_seconds()},
        "$set": {
            "consumers": state.consumers,
            "last_ready": state.ready,
            "last_unacked": state.unacked,
            "last_drain_seconds": _NEVER if math.isinf(drain) else drain,
            "oldest_seconds": state.oldest.total_seconds(),
        },
        "$setOnInsert": {"queue": state.queue, "expires_at": expires_at},
    }


def _minutes(row: Document) -> QueueMinutes:
    seconds = float(row["seconds"])
    drain = float(row["last_drain_seconds"])
    return QueueMinutes(
        queue=row["queue"],
        at=moment_of(int(row["_id"].split(":", 2)[1])),
        ready=int(row["ready"]),
        unacked=int(row["unacked"]),
        consumers=int(row["consumers"]),
        came_per_second=row["came"] / seconds if seconds else 0.0,
        left_per_second=row["left"] / seconds if seconds else 0.0,
        last_ready=int(row["last_ready"]),
        last_unacked=int(row["last_unacked"]),
        last_drain_seconds=math.inf if drain == _NEVER else drain,
        oldest_seconds=float(row["oldest_seconds"]),
    )
