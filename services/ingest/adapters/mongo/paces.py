"""How fast channels may send, in MongoDB: one bound and one pause for all processes that send."""

from datetime import datetime
from typing import Any

from pymongo import ReturnDocument

from chassis.mongo import Documents, named_failures
from services.ingest.domain.pace import (
    PROBE,
    Pause,
    Turn,
    distance,
    is_still_good,
    over_the_bound,
    pause_after,
    paused,
)


class MongoPaces:
    """A document for each channel that has a bound or was asked for less."""

    def __init__(self, database: Documents) -> None:
        self._paces = database["paces"]

    def turn(self, channel_id: str, per_minute: int, slot: datetime | None, now: datetime) -> Turn:
        """When a message of the channel may leave; a place that it has by now is used up where it is in time."""
        with named_failures():
            found = self._paces.find_one({"_id": channel_id}) or {}
            slow_downs = int(found.get("slow_downs", 0))
            until = found.get("paused_until") or now
            why = paused(found.get("reason", ""))
            if slow_downs and until > now:
                return Turn(until, why)
            if per_minute and not is_still_good(slot, now):
                slot = self._next_slot(channel_id, per_minute, now)
                if slot > now:
                    return Turn(slot, over_the_bound(per_minute), slot)
            if slow_downs and not self._is_first_after(channel_id, slow_downs, now):
                return Turn(now + PROBE, why)
        return Turn(now, slow_downs=slow_downs)

    def _next_slot(self, channel_id: str, per_minute: int, now: datetime) -> datetime:
        step = distance(per_minute)
        after: dict[str, Any] = {
            "$add": [{"$max": ["$next_at", now]}, {"$literal": int(step.total_seconds() * 1000)}]
        }
        kept = self._paces.find_one_and_update(
            {"_id": channel_id},
            [{"$set": {"next_at": after}}],
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        assert kept is not None
        next_at: datetime = kept["next_at"]
        return next_at - step

    def _is_first_after(self, channel_id: str, slow_downs: int, now: datetime) -> bool:
        found = self._paces.update_one(
            {"_id": channel_id, "slow_downs": slow_downs, "paused_until": {"$lte": now}},
            {"$set": {"paused_until": now + PROBE}},
        )
        return bool(found.matched_count)

    def slow_down(self, channel_id: str, turn: Turn, reason: str, now: datetime) -> None:
        """The provider asks for less: nothing leaves for a while, longer each time in a row.

        Those who were on their way together count as one.
        """
        times = turn.slow_downs + 1
        with named_failures():
            self._paces.update_one({"_id": channel_id}, {"$setOnInsert": {"slow_downs": 0}}, upsert=True)
            self._paces.update_one(
                {"_id": channel_id, "slow_downs": turn.slow_downs or {"$in": [0, None]}},
                {
                    "$set": {
                        "slow_downs": times,
                        "paused_until": now + pause_after(times),
                        "reason": reason,
                    }
                },
            )

    def recover(self, channel_id: str, turn: Turn) -> None:
        """The provider takes mail again."""
        if turn.slow_downs:
            with named_failures():
                self._paces.update_one(
                    {"_id": channel_id, "slow_downs": turn.slow_downs},
                    {"$set": {"slow_downs": 0}, "$unset": {"paused_until": "", "reason": ""}},
                )

    def pauses(self, now: datetime) -> list[Pause]:
        """The channels of which nothing leaves now."""
        with named_failures():
            return [
                Pause(found["_id"], found["paused_until"], paused(found.get("reason", "")))
                for found in self._paces.find({"paused_until": {"$gt": now}})
            ]
