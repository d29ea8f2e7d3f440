"""Bytes too large for a row: pieces of 1 MB, written before the row that names them.

The row is the commit: pieces that no row names are orphans, and a sweep takes them after a day.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime, timedelta

from bson.binary import Binary
from pymongo import ASCENDING, IndexModel

from chassis.clock import Clock
from chassis.errors import NotFound
from chassis.ids import new_id
from chassis.mongo import Documents, named_failures

PIECE = 1_000_000
INDEXES = {
    "chunks": [
        IndexModel([("file", ASCENDING), ("n", ASCENDING)]),
        IndexModel([("n", ASCENDING), ("at", ASCENDING)]),
    ]
}
ORPHAN_AGE = timedelta(days=1)


class Chunks:
    """Files in pieces."""

    def __init__(self, database: Documents, clock: Clock) -> None:
        self._rows = database["chunks"]
        self._clock = clock

    def write(self, data: bytes, file_id: str = "") -> str:
        """Keep the bytes and answer the file's id. A file id that was given makes a repeat harmless: the pieces are
        replaced."""
        name = file_id or new_id()
        now: datetime = self._clock.now()
        with named_failures():
            for n, piece in enumerate(pieces(data)):
                row = {
                    "file": name,
                    "n": n,
                    "at": now,
                    "data": Binary(piece),
                    "last": (n + 1) * PIECE >= len(data),
                }
                self._rows.replace_one({"_id": f"{name}:{n}"}, row, upsert=True)
        return name

    def read(self, file_id: str) -> Iterator[bytes]:
        """The file's bytes, piece by piece. Raises NotFound where it is not, or not whole."""
        expected, last = 0, False
        with named_failures():
            for row in self._rows.find({"file": file_id}).sort("n", ASCENDING):
                if row["n"] != expected:
                    break
                last = bool(row["last"])
                yield bytes(row["data"])
                if last:
                    # Behind it lie pieces of a longer file that had this id before.
                    return
                expected += 1
        raise NotFound(f"no file {file_id}")

    def whole(self, file_id: str) -> bytes:
        """The file's bytes at once."""
        return b"".join(self.read(file_id))

    def delete(self, file_ids: Iterable[str]) -> None:
        """Forget files."""
        with named_failures():
            self._rows.delete_many({"file": {"$in": list(file_ids)}})

    def sweep(self, named: Callable[[Collection[str]], Collection[str]], limit: int = 500) -> int:
        """Forget old files of which `named(ids)` names no owner; answers how many. One that has an owner is not asked
        about again: its owner deletes it."""
        with named_failures():
            old = self._rows.find({"n": 0, "at": {"$lt": self._clock.now() - ORPHAN_AGE}}, {"file": 1}).limit(
                limit
            )
            ids = {row["file"] for row in old}
        owned = ids & set(named(ids)) if ids else set()
        if owned:
            # Else the oldest files, which stay, would be all that a sweep ever sees.
            with named_failures():
                self._rows.update_many({"file": {"$in": list(owned)}, "n": 0}, {"$unset": {"at": ""}})
        orphans = ids - owned
        if orphans:
            self.delete(orphans)
        return len(orphans)


def pieces(data: bytes) -> Iterator[bytes]:
    """The bytes in pieces of PIECE; one empty piece for none."""
    for start in range(0, max(len(data), 1), PIECE):
        yield data[start : start + PIECE]
