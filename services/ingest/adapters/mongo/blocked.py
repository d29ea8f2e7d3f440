"""Rows of the ledger that a list of their mailbox keeps out, in MongoDB."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chassis.clock import Clock
from chassis.mongo import Documents, named_failures
from services.ingest.adapters.mongo.intake_documents import page_of
from services.ingest.application.ports import QuarantinedRow, Unpublished
from services.ingest.domain.intake import IntakeRow, State


class MongoBlocked:
    """Blocked rows are ignored ones that somebody may bring back: no fact of them was ever said. Where one was, by a reader
    that did not know the list yet, what tickets answers closes the row instead (IntakeClosings)."""

    def __init__(self, database: Documents, clock: Clock) -> None:
        self._rows = database["intake"]
        self._clock = clock

    def block(self, rows: Sequence[IntakeRow], reason: str) -> int:
        """Close rows that one entry of a list keeps out, a flood of them in one command; answers how many. Left alone is
        where somebody was first, or brought it back since it was read."""
        by_retries: dict[int, list[str]] = {}
        for row in rows:
            by_retries.setdefault(row.retries, []).append(row.intake_id)
        return sum(self._block(ids, retries, reason) for retries, ids in by_retries.items())

    def _block(self, intake_ids: Sequence[str], retries: int, reason: str) -> int:
        closed = {
            "state": State.IGNORED.value,
            "reason": {"$literal": reason},
            "blocked": True,
            "closed_by": {"$concat": ["$_id", f":blocked:{retries}"]},
            "closed_at": self._clock.now(),
            "published": True,
        }
        where = {
            "_id": {"$in": list(intake_ids)},
            "state": State.ACCEPTED.value,
            "retries": retries or None,
        }
        with named_failures():
            return self._rows.update_many(where, [{"$set": closed}]).modified_count

    def list(
        self, channel_id: str, limit: int, after: tuple[datetime, str] | None
    ) -> Sequence[QuarantinedRow]:
        """Blocked rows, the newest first, after the place given."""
        where: dict[str, Any] = {"blocked": True}
        if channel_id:
            where["channel_id"] = channel_id
        return page_of(self._rows, where, limit, after)

    def bring_back(self, intake_ids: Sequence[str]) -> Sequence[Unpublished]:
        """Set blocked rows back to accepted, past all lists; answers what is to be published."""
        where: dict[str, Any] = {"_id": {"$in": list(intake_ids)}, "blocked": True}
        accepted = {
            "state": State.ACCEPTED.value,
            "let_in": True,
            "published": False,
            "attempts": 0,
            "retried_at": self._clock.now(),
        }
        gone = dict.fromkeys(("blocked", "closed_by", "closed_at", "reason"), "")
        with named_failures():
            rows = list(self._rows.find(where, {"channel_id": 1, "received_at": 1, "tp": 1}))
            if rows:
                self._rows.update_many(where, {"$set": accepted, "$unset": gone, "$inc": {"retries": 1}})
        return [
            Unpublished(row["_id"], row["channel_id"], row["received_at"], row.get("tp", "")) for row in rows
        ]
