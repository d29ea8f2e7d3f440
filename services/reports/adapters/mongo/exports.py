"""Exports and their files. A row says what is wanted; the file's pieces are written before the row says done."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bson.binary import Binary
from pymongo import ASCENDING, ReturnDocument

from chassis.clock import Clock
from chassis.errors import Conflict
from chassis.mongo import Document, Documents, Raced, named_failures
from services.reports.domain.export import QUEUED, RUNNING, Export
from services.reports.domain.query import Query
from services.reports.domain.zones import UTC_NAME

LEASE = timedelta(minutes=2)
KEPT_FOR = timedelta(days=7)
# A job that was sent and of which nothing is heard is sent again.
_SILENCE = timedelta(minutes=1)
PIECE = 1_000_000


class MongoExports:
    """Implements Exports. A file belongs to one attempt: two that believe they are the one never mix theirs."""

    def __init__(self, database: Documents, clock: Clock) -> None:
        self._rows = database["exports"]
        self._pieces = database["export_pieces"]
        self._clock = clock

    def add(self, export: Export) -> bool:
        try:
            with named_failures():
                self._rows.insert_one(_row(export))
        except Raced:
            return False
        return True

    def get(self, export_id: str) -> Export | None:
        with named_failures():
            row = self._rows.find_one({"_id": export_id})
        return None if row is None else _export(row)

    def claim(self, export_id: str) -> Export | None:
        now = self._clock.now()
        with named_failures():
            row = self._rows.find_one_and_update(
                {"_id": export_id, **self._free()},
                {"$set": {"state": RUNNING, "lease_until": now + LEASE}, "$inc": {"fence": 1}},
                return_document=ReturnDocument.AFTER,
            )
        return None if row is None else _export(row)

    def take_due(self) -> Sequence[str]:
        now = self._clock.now()
        silent = {"$not": {"$gt": now - _SILENCE}}
        with named_failures():
            due = [
                row["_id"]
                for row in self._rows.find({**self._free(), "enqueued_at": silent}, {"_id": 1}).limit(100)
            ]
            if due:
                self._rows.update_many({"_id": {"$in": due}}, {"$set": {"enqueued_at": now}})
        return due

    def write(self, export: Export, lines: Iterator[bytes]) -> int:
        """Raises Conflict where another attempt has begun."""
        size = 0
        for n, piece in enumerate(_pieces(lines)):
            size += len(piece)
            with named_failures():
                self._pieces.insert_one({"_id": f"{_file(export)}:{n:06d}", "data": Binary(piece)})
            self._go_on(export)
        return size

    def finish(self, export: Export) -> None:
        with named_failures():
            self._rows.update_one(
                {"_id": export.export_id, "fence": export.fence},
                {
                    "$set": {
                        "state": export.state,
                        "rows": export.rows,
                        "size": export.size,
                        "reason": export.reason,
                        "finished_at": export.finished_at,
                    },
                    "$unset": {"lease_until": ""},
                },
            )

    def read(self, export: Export) -> Iterator[bytes]:
        with named_failures():
            for row in self._pieces.find({"_id": _prefixed(_file(export))}).sort("_id", ASCENDING):
                yield bytes(row["data"])

    def forget_old(self) -> int:
        with named_failures():
            old = [
                row["_id"]
                for row in self._rows.find(
                    {"requested_at": {"$lt": self._clock.now() - KEPT_FOR}}, {"_id": 1}
                ).limit(100)
            ]
            for export_id in old:
                self._pieces.delete_many({"_id": _prefixed(export_id)})
                self._rows.delete_one({"_id": export_id})
        return len(old)

    def _free(self) -> dict[str, Any]:
        return {"$or": [{"state": QUEUED}, {"state": RUNNING, "lease_until": {"$lt": self._clock.now()}}]}

    def _go_on(self, export: Export) -> None:
        with named_failures():
            held = self._rows.update_one(
                {"_id": export.export_id, "fence": export.fence},
                {"$set": {"lease_until": self._clock.now() + LEASE}},
            )
        if not held.matched_count:
            raise Conflict("another attempt writes this export")


def _pieces(lines: Iterator[bytes]) -> Iterator[bytes]:
    piece = bytearray()
    for line in lines:
        piece += line
        if len(piece) >= PIECE:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)


def _file(export: Export) -> str:
    return f"{export.export_id}:{export.fence:04d}"


def _prefixed(prefix: str) -> dict[str, str]:
    # ';' is the character after ':'.
    return {"$gte": f"{prefix}:", "$lt": f"{prefix};"}


def _row(export: Export) -> Document:
    query = export.query
    return {
        "_id": export.export_id,
        "query": {
            "begins_at": query.begins_at,
            "ends_at": query.ends_at,
            "by": query.by,
            "minutes": query.minutes,
            "zone": query.zone,
        },
        "state": export.state,
        "requested_at": export.requested_at,
        "requested_by": export.requested_by,
        "fence": 0,
    }


def _export(row: Document) -> Export:
    query = row["query"]
    export = Export(
        export_id=row["_id"],
        # One that was asked for before zones were known is UTC's.
        query=Query(
            query["begins_at"], query["ends_at"], query["by"], query["minutes"], query.get("zone", UTC_NAME)
        ),
        state=row["state"],
        requested_at=row["requested_at"],
        requested_by=row["requested_by"],
        fence=row["fence"],
    )
    if "finished_at" not in row:
        return export
    return replace(
        export, rows=row["rows"], size=row["size"], reason=row["reason"], finished_at=row["finished_at"]
    )
