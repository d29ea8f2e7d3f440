"""Rows that tickets found nothing for and that a person should see: they lie in quarantine."""

from collections.abc import Sequence
from datetime import datetime

from pymongo import ReturnDocument

from chassis.mongo import Document, Documents, named_failures
from services.ingest.domain.intake import Closing, State


class MongoHandedBack:
    """Puts such rows into quarantine, each once; who tries one again and gets the same answer has seen it."""

    def __init__(self, database: Documents) -> None:
        self._rows = database["intake"]

    def set_aside(self, closings: Sequence[Closing], now: datetime) -> list[tuple[str, str]]:
        """Ids and channels of the rows that wait for a person now; safe to repeat."""
        return [
            (one.intake_id, row["channel_id"])
            for one in closings
            if (row := self._set_aside(one, now)) is not None and row["state"] == State.QUARANTINED.value
        ]

    def _set_aside(self, closing: Closing, now: datetime) -> Document | None:
        was_seen = {"$gt": [{"$ifNull": ["$handed_back", 0]}, 0]}
        changed: Document = {
            "state": {"$cond": [was_seen, State.IGNORED.value, State.QUARANTINED.value]},
            "reason": {"$literal": closing.reason},
            "handed_back": {"$add": [{"$ifNull": ["$handed_back", 0]}, 1]},
            "handed_back_by": closing.closing_id,
            "closed_by": {"$cond": [was_seen, closing.closing_id, "$$REMOVE"]},
            "closed_at": {"$cond": [was_seen, now, "$$REMOVE"]},
            "quarantined_at": now,
            "published": True,
        }
        is_open = {
            "_id": closing.intake_id,
            "state": State.ACCEPTED.value,
            "handed_back_by": {"$ne": closing.closing_id},
        }
        with named_failures():
            row: Document | None = self._rows.find_one_and_update(
                is_open,
                [{"$set": changed}],
                {"channel_id": 1, "state": 1},
                return_document=ReturnDocument.AFTER,
            )
            if row is None:
                # A repeat, perhaps of one that died before it could say so.
                before = {"_id": closing.intake_id, "handed_back_by": closing.closing_id}
                row = self._rows.find_one(before, {"channel_id": 1, "state": 1})
        return row
