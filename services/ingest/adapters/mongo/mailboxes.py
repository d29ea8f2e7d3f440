"""How far each remote mailbox was fetched, what was passed by, and how it goes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chassis.clock import Clock
from chassis.leases import Lease
from chassis.mongo import Document, Documents, Raced, named_failures
from chassis.units import Unit
from services.ingest.domain.fetching import Cursor, Passed, Passing

# Notes that are forgotten in one transaction.
_AT_ONCE = 500


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
    """A row for each mailbox and one for each mail that was passed by, both written only under the newest lease."""

    def __init__(self, database: Documents, clock: Clock) -> None:
        self._database = database
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

    def passed(self, channel_id: str, cursor: Cursor, lease: Lease) -> dict[int, Passed]:
        """What was passed by in the folder of the cursor, by UID; what was in another one is forgotten. Raises Overtaken."""
        where = {"channel_id": channel_id, "source": cursor.source, "validity": cursor.validity}
        with named_failures():
            rows = list(self._passed.find(where))
            elsewhere = [
                row["_id"]
                for row in self._passed.find({"channel_id": channel_id, "$nor": [where]}, {"_id": 1})
            ]
        self._forget(channel_id, elsewhere, lease)
        return {int(row["uid"]): _passed_of(row) for row in rows}

    def pass_by(self, channel_id: str, cursor: Cursor, one: Passed, lease: Lease) -> None:
        """Note it, or one attempt more. Raises Overtaken."""
        said = {
            "channel_id": channel_id,
            "source": cursor.source,
            "validity": cursor.validity,
            "uid": one.uid,
            "reason": one.reason.value,
            "text": one.text,
            "size": one.size,
            "attempts": one.attempts,
            "due_at": one.due_at,
        }
        unit = self._held(channel_id, lease)
        unit.update("passed_mails", {"_id": _key(channel_id, cursor, one.uid)}, {"$set": said}, upsert=True)
        self._commit(unit, channel_id)

    def forget(self, channel_id: str, cursor: Cursor, uids: Sequence[int], lease: Lease) -> None:
        """They are in the ledger now, or gone from the server. Raises Overtaken."""
        self._forget(channel_id, [_key(channel_id, cursor, uid) for uid in uids], lease)

    def _forget(self, channel_id: str, keys: Sequence[str], lease: Lease) -> None:
        for start in range(0, len(keys), _AT_ONCE):
            unit = self._held(channel_id, lease)
            for key in keys[start : start + _AT_ONCE]:
                unit.delete("passed_mails", {"_id": key})
            self._commit(unit, channel_id)

    def _held(self, channel_id: str, lease: Lease) -> Unit:
        """A transaction that is only committed while nobody has the mailbox with a newer lease."""
        unit = Unit(self._database, self._clock)
        unit.update(
            "mailboxes",
            {"_id": channel_id, "fence": {"$lte": lease.fence}},
            {"$set": {"fence": lease.fence}},
        )
        return unit

    @staticmethod
    def _commit(unit: Unit, channel_id: str) -> None:
        try:
            unit.commit()
        except Raced:
            raise Overtaken(channel_id) from None

    # ------------------------------------------------------------------------------------------------------- states

    def states(self) -> list[MailboxState]:
        """How it goes with every mailbox that was ever fetched."""
        grouped: list[dict[str, Any]] = [
            # The order makes the index serve it, so that only keys are looked at.
            {"$sort": {"channel_id": 1, "reason": 1}},
            {"$group": {"_id": {"channel": "$channel_id", "reason": "$reason"}, "count": {"$sum": 1}}},
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


def _key(channel_id: str, cursor: Cursor, uid: int) -> str:
    # Another folder, or another server, may use the same UIDVALIDITY.
    return f"{channel_id}:{cursor.validity}:{uid}:{cursor.source}"


def _passed_of(row: Document) -> Passed:
    return Passed(
        uid=int(row["uid"]),
        reason=Passing(row["reason"]),
        text=row["text"],
        size=int(row["size"]),
        attempts=int(row["attempts"]),
        due_at=row["due_at"],
    )
