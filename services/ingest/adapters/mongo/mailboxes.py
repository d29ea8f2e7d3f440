"""How far each remote mailbox was fetched, what was passed by, and how it goes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chassis.clock import Clock
from chassis.leases import Lease
from chassis.mongo import Document, Documents, Raced, named_failures
from services.ingest.domain.fetching import Cursor, Passed, Passing


class Overtaken(Exception):
    """Another process has the mailbox by now."""


@dataclass(frozen=True, slots=True)
class MailboxState:
    """How it goes with one mailbox."""

    channel_id: str
    # When everything that was there was in the ledger or passed by for the last time.
    looked_at: datetime | None
    # Why not now; empty where all is well.
    trouble: str
    # On the server and not in the ledger.
    waiting: int
    passed: Mapping[Passing, int] = field(default_factory=dict)


class MongoMailboxes:
    """A row for each mailbox, written only under its newest lease; a row for each mail that was passed by."""

    def __init__(self, database: Documents, clock: Clock) -> None:
        self._rows = database["mailboxes"]
        self._passed = database["passed_mails"]
        self._clock = clock

    def cursor(self, channel_id: str) -> Cursor:
        """Where the last holder was; at the beginning of nothing where there was none."""
        with named_failures():
            row = self._rows.find_one({"_id": channel_id})
        if row is None:
            return Cursor()
        return Cursor(row.get("source", ""), int(row.get("validity", 0)), int(row.get("uid", 0)))

    def advance(self, channel_id: str, cursor: Cursor, lease: Lease) -> None:
        """Raises Overtaken."""
        self._write(
            channel_id,
            lease,
            {"source": cursor.source, "validity": cursor.validity, "uid": cursor.uid},
        )

    def note(
        self,
        channel_id: str,
        lease: Lease,
        trouble: str,
        waiting: int | None = None,
        *,
        is_whole: bool = False,
    ) -> None:
        """Write down how it goes; `waiting` is None where nobody could look, `is_whole` where all was looked at.

        Raises Overtaken.
        """
        said: Document = {"trouble": trouble}
        if waiting is not None:
            said["waiting"] = waiting
        if is_whole:
            said["looked_at"] = self._clock.now()
        self._write(channel_id, lease, said)

    def _write(self, channel_id: str, lease: Lease, said: Document) -> None:
        # An upsert that finds a newer fence would make a second row of the same id.
        try:
            with named_failures():
                self._rows.update_one(
                    {"_id": channel_id, "fence": {"$lte": lease.fence}},
                    {"$set": {**said, "fence": lease.fence}},
                    upsert=True,
                )
        except Raced:
            raise Overtaken(channel_id) from None

    # ------------------------------------------------------------------------------------------------------- passed

    def passed(self, channel_id: str, validity: int) -> dict[int, Passed]:
        """What was passed by in this folder, by UID; what was in another one under this name is forgotten."""
        with named_failures():
            self._passed.delete_many({"channel_id": channel_id, "validity": {"$ne": validity}})
            rows = list(self._passed.find({"channel_id": channel_id}))
        return {int(row["uid"]): _passed_of(row) for row in rows}

    def pass_by(self, channel_id: str, validity: int, one: Passed) -> None:
        """Note it, or one attempt more."""
        said = {
            "channel_id": channel_id,
            "validity": validity,
            "uid": one.uid,
            "reason": one.reason.value,
            "text": one.text,
            "size": one.size,
            "attempts": one.attempts,
            "due_at": one.due_at,
        }
        with named_failures():
            self._passed.update_one({"_id": _key(channel_id, validity, one.uid)}, {"$set": said}, upsert=True)

    def forget(self, channel_id: str, validity: int, uids: list[int]) -> None:
        """They are in the ledger now, or gone from the server."""
        with named_failures():
            self._passed.delete_many({"_id": {"$in": [_key(channel_id, validity, uid) for uid in uids]}})

    # ------------------------------------------------------------------------------------------------------- states

    def states(self) -> list[MailboxState]:
        """How it goes with every mailbox that was ever fetched."""
        grouped: list[dict[str, Any]] = [
            {"$group": {"_id": {"channel": "$channel_id", "reason": "$reason"}, "count": {"$sum": 1}}}
        ]
        passed: dict[str, dict[Passing, int]] = {}
        with named_failures():
            for row in self._passed.aggregate(grouped):
                of = passed.setdefault(row["_id"]["channel"], {})
                of[Passing(row["_id"]["reason"])] = int(row["count"])
            return [
                MailboxState(
                    channel_id=row["_id"],
                    looked_at=row.get("looked_at"),
                    trouble=row.get("trouble", ""),
                    waiting=int(row.get("waiting", 0)),
                    passed=passed.get(row["_id"], {}),
                )
                for row in self._rows.find({}).sort("_id", 1)
            ]


def _key(channel_id: str, validity: int, uid: int) -> str:
    return f"{channel_id}:{validity}:{uid}"


def _passed_of(row: Document) -> Passed:
    return Passed(
        uid=int(row["uid"]),
        reason=Passing(row["reason"]),
        text=row["text"],
        size=int(row["size"]),
        attempts=int(row["attempts"]),
        due_at=row["due_at"],
    )
