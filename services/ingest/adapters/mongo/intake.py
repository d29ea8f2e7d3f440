"""The intake ledger in MongoDB. The row is the commit; larger raw bytes are written before it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pymongo.errors import BulkWriteError, DuplicateKeyError, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from chassis.chunks import Chunks
from chassis.clock import Clock
from chassis.errors import Unavailable
from chassis.failpoints import failpoint
from chassis.mongo import Document, Documents, Raced, name_failure, named_failures
from chassis.units import Unit
from services.ingest.adapters.mongo.intake_closings import IntakeClosings
from services.ingest.adapters.mongo.intake_documents import INLINE, RAW_PREFIX, document_of, page_of, row_of
from services.ingest.adapters.mongo.intake_figures import IntakeFigures
from services.ingest.adapters.mongo.intake_pages import IntakePages
from services.ingest.application.ports import Kept, QuarantinedRow, Unpublished
from services.ingest.domain.intake import (
    IntakeRow,
    State,
    as_other_message,
    is_repeat,
)

_AT_ONCE = 5
_DUPLICATE = 11000
# A mark that is lost costs one publication more, which the listener forgives.
_RELAXED = WriteConcern(w=1, j=False)


class MongoIntake(IntakeClosings, IntakeFigures, IntakePages):
    """Rows by id, unique by channel and key."""

    def __init__(self, database: Documents, clock: Clock) -> None:
        self._database = database
        self._rows = database["intake"]
        self._relaxed = database.get_collection("intake", write_concern=_RELAXED)
        # What only a primary knows that has lost its secondaries may be lost with it: no yes and no fact may rest on it.
        self._confirmed = database.get_collection("intake", read_concern=ReadConcern("majority"))
        self._chunks = Chunks(database, clock)
        self._clock = clock

    # ------------------------------------------------------------------------------------------------- accepting

    def stash(self, intake_id: str, raw: bytes) -> None:
        """Write raw bytes that are too large for a row; to be done before the row is kept."""
        if len(raw) > INLINE:
            self._chunks.write(raw, RAW_PREFIX + intake_id)

    def keep(self, groups: Sequence[Sequence[IntakeRow]]) -> list[list[Kept]]:
        """Keep rows, each group wholly or not at all; durable on return."""
        kept: dict[int, list[Kept]] = {}
        singles = {number: rows[0] for number, rows in enumerate(groups) if len(rows) == 1}
        if singles:
            for number, one in self._keep_singles(singles).items():
                kept[number] = [one]
        for number, rows in enumerate(groups):
            if number not in kept:
                kept[number] = self._keep_together(rows) if rows else []
        failpoint("after-intake-before-yes")
        return [kept[number] for number in range(len(groups))]

    def _keep_singles(self, rows: Mapping[int, IntakeRow]) -> dict[int, Kept]:
        kept: dict[int, Kept] = {}
        pending = dict(rows)
        for _ in range(_AT_ONCE):
            taken = self._insert(pending)
            kept.update({n: Kept(row.intake_id) for n, row in pending.items() if n not in taken})
            pending = {n: pending[n] for n in taken}
            if not pending:
                return kept
            holders = self._holders(pending.values())
            for number, row in list(pending.items()):
                holder = holders.get((row.channel_id, row.key))
                if holder is None:
                    continue
                if is_repeat(row, holder["fp"]):
                    kept[number] = Kept(str(holder["_id"]), is_duplicate=True)
                    del pending[number]
                else:
                    pending[number] = as_other_message(row)
            if not pending:
                return kept
        raise Unavailable("database (an intake key stays contested)")

    def _insert(self, rows: Mapping[int, IntakeRow]) -> list[int]:
        """Insert what can be; answers the numbers whose key is taken."""
        numbers = list(rows)
        documents = [document_of(rows[n]) for n in numbers]
        try:
            if len(documents) == 1:
                # So it is in a quiet hour: two thirds of the price.
                self._rows.insert_one(documents[0])
            else:
                self._rows.insert_many(documents, ordered=False)
        except DuplicateKeyError:
            return numbers
        except BulkWriteError as error:
            details = error.details or {}
            errors = details.get("writeErrors", [])
            if details.get("writeConcernErrors") or any(found.get("code") != _DUPLICATE for found in errors):
                raise name_failure(error) from error
            return [numbers[found["index"]] for found in errors]
        except PyMongoError as error:
            raise name_failure(error) from error
        return []

    def _keep_together(self, rows: Sequence[IntakeRow]) -> list[Kept]:
        for _ in range(_AT_ONCE):
            kept: list[Kept] = []
            unit = Unit(self._database, self._clock)
            holders = self._holders([*rows, *(as_other_message(row) for row in rows)])
            for row in rows:
                for candidate in (row, as_other_message(row)):
                    holder = holders.get((candidate.channel_id, candidate.key))
                    if holder is None:
                        unit.insert("intake", document_of(candidate))
                        kept.append(Kept(candidate.intake_id))
                        break
                    if is_repeat(candidate, holder["fp"]):
                        kept.append(Kept(str(holder["_id"]), is_duplicate=True))
                        break
            try:
                unit.commit()
            except Raced:
                continue
            return kept
        raise Unavailable("database (an intake key stays contested)")

    def _holders(self, rows: Iterable[IntakeRow]) -> dict[tuple[str, str], Document]:
        wanted = [{"channel_id": row.channel_id, "key": row.key} for row in rows]
        with named_failures():
            found = self._confirmed.find({"$or": wanted}, {"channel_id": 1, "key": 1, "fp": 1})
            return {(row["channel_id"], row["key"]): row for row in found}

    # ------------------------------------------------------------------------------------------------ publishing

    def mark_published(self, intake_ids: Sequence[str]) -> None:
        """Note that ids are in their queue; a note that is lost costs a second publication."""
        with named_failures():
            self._relaxed.update_many(
                {"_id": {"$in": list(intake_ids)}, "published": False}, {"$set": {"published": True}}
            )

    def unpublished(self, older_than: timedelta, limit: int) -> list[Unpublished]:
        """Rows whose id never reached the queue, the oldest first."""
        before = self._clock.now() - older_than
        with named_failures():
            found = self._confirmed.find(
                {"published": False, "received_at": {"$lt": before}, "state": State.ACCEPTED.value},
                {"channel_id": 1, "received_at": 1, "tp": 1},
            )
            return [
                Unpublished(row["_id"], row["channel_id"], row["received_at"], row.get("tp", ""))
                for row in found.sort("received_at", 1).limit(limit)
            ]

    # ----------------------------------------------------------------------------------------------- normalising

    def accepted(self, intake_ids: Sequence[str]) -> Iterator[list[IntakeRow]]:
        """Those of the rows that are still to be understood, raw bytes and all: the small ones together, then each large
        one by itself, so that few bytes are in memory at a time. Raises NotFound where a raw file is not whole."""
        with named_failures():
            found = list(self._rows.find({"_id": {"$in": list(intake_ids)}, "state": State.ACCEPTED.value}))
        if len(found) < len(intake_ids):
            self._must_be_done(set(intake_ids) - {str(document["_id"]) for document in found})
        small = [row_of(document, bytes(document["raw"])) for document in found if "raw" in document]
        if small:
            yield small
        for document in found:
            if "raw_file" in document:
                yield [row_of(document, self._chunks.whole(document["raw_file"]))]

    def latest(self, channel_id: str, limit: int) -> Iterator[IntakeRow]:
        """The channel's newest messages, raw bytes and all, one in memory at a time."""
        where = {"channel_id": channel_id, "state": {"$in": [state.value for state in State]}}
        with named_failures():
            found = self._rows.find(where, {"received_at": 1}).sort("received_at", -1).limit(limit)
            ids = [row["_id"] for row in found]
        for intake_id in ids:
            with named_failures():
                document = self._rows.find_one({"_id": intake_id})
            if document is not None:
                is_here = "raw" in document
                raw = bytes(document["raw"]) if is_here else self._chunks.whole(document["raw_file"])
                yield row_of(document, raw)

    def head(self, intake_id: str) -> IntakeRow | None:
        """A row that is still to be understood, without its raw bytes."""
        with named_failures():
            found = self._rows.find_one({"_id": intake_id, "state": State.ACCEPTED.value}, {"raw": 0})
        if found is None:
            self._must_be_done({intake_id})
            return None
        return row_of(found, b"")

    def _must_be_done(self, intake_ids: set[str]) -> None:
        """Nobody reads these rows again, so a majority must know that they are closed or set aside. Raises Unavailable."""
        where = {"_id": {"$in": list(intake_ids)}, "state": State.ACCEPTED.value}
        with named_failures():
            if self._confirmed.find_one(where, {"_id": 1}) is not None:
                raise Unavailable("database (what became of a row is not confirmed)")

    def count_attempt(self, intake_id: str) -> int:
        """Note that somebody tries to read a row that may have killed a process; answers how often that was."""
        with named_failures():
            row = self._rows.find_one_and_update(
                {"_id": intake_id}, {"$inc": {"attempts": 1}}, {"attempts": 1}, return_document=True
            )
        return int(row["attempts"]) if row is not None else 0

    def forget_attempts(self, intake_id: str) -> None:
        """The attempt ended, whatever came of it, and its process lives."""
        with named_failures():
            self._relaxed.update_one({"_id": intake_id}, {"$unset": {"attempts": ""}})

    def quarantine(self, unit: Unit, intake_id: str, reason: str) -> None:
        """Stage the row's quarantine."""
        unit.update(
            "intake",
            {"_id": intake_id, "state": State.ACCEPTED.value},
            {
                "$set": {
                    "state": State.QUARANTINED.value,
                    "reason": reason,
                    "quarantined_at": unit.now,
                    "published": True,
                }
            },
        )

    # ------------------------------------------------------------------------------------------------ quarantine

    def quarantined(
        self, channel_id: str, limit: int, after: tuple[datetime, str] | None
    ) -> list[QuarantinedRow]:
        """Quarantined rows, the newest first, after the place given."""
        where: dict[str, Any] = {"state": State.QUARANTINED.value}
        if channel_id:
            where["channel_id"] = channel_id
        return page_of(self._rows, where, limit, after)

    def retry(self, intake_ids: Sequence[str], channel_id: str, now: datetime) -> list[Unpublished]:
        """Set quarantined rows back to accepted; answers what is to be published."""
        where: dict[str, Any] = {"state": State.QUARANTINED.value}
        if intake_ids:
            where["_id"] = {"$in": list(intake_ids)}
        if channel_id:
            where["channel_id"] = channel_id
        with named_failures():
            rows = list(self._rows.find(where, {"channel_id": 1, "received_at": 1, "tp": 1}).limit(1000))
            if rows:
                self._rows.update_many(
                    {**where, "_id": {"$in": [row["_id"] for row in rows]}},
                    {
                        "$set": {
                            "state": State.ACCEPTED.value,
                            "published": False,
                            "attempts": 0,
                            "retried_at": now,
                        },
                        "$inc": {"retries": 1},
                    },
                )
        return [
            Unpublished(row["_id"], row["channel_id"], row["received_at"], row.get("tp", "")) for row in rows
        ]

    def raw(self, intake_id: str) -> Iterable[bytes] | None:
        """The raw bytes in pieces; None where there is no such row."""
        with named_failures():
            row = self._rows.find_one({"_id": intake_id}, {"raw": 1, "raw_file": 1})
        if row is None:
            return None
        return [bytes(row["raw"])] if "raw" in row else self._chunks.read(row["raw_file"])

    def named(self, file_ids: Iterable[str]) -> set[str]:
        """Those of the raw files that a row names."""
        ids = [name.removeprefix(RAW_PREFIX) for name in file_ids if name.startswith(RAW_PREFIX)]
        with named_failures():
            return {RAW_PREFIX + row["_id"] for row in self._rows.find({"_id": {"$in": ids}}, {"_id": 1})}
