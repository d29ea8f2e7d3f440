"""Clocks as documents, and back.

A clock's row has a dozen moments, and on their way through the driver aware ones cost more than all else in it: there
they are bare, and UTC all the same.
"""

from datetime import UTC, datetime
from typing import Any
from zlib import crc32

from bson.codec_options import CodecOptions
from pymongo.collection import Collection

from chassis.mongo import Document, Documents
from services.sla.domain.history import Entry, History
from services.sla.domain.record import ClockRecord, Said, Shown
from services.sla.domain.snapshot import Change, Snapshot

# Pollers share what falls due by this number; it is fixed, as rows hold it.
SHARDS = 64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BARE_EPOCH = _EPOCH.replace(tzinfo=None)


def clock_to_row(record: ClockRecord) -> Document:
    """Everything but the id. What has no value is left out, so that sparse indexes hold only what runs."""
    row = {**_heard_to_row(record), **_counted_to_row(record)}
    row["entries"] = [_entry_to_row(entry) for entry in record.history.entries]
    if record.history.folded_to:
        row["folded_to"] = record.history.folded_to
    row["shard"] = crc32(record.history.snapshot.ticket_id.encode()) % SHARDS
    return row


def clock_update(record: ClockRecord) -> dict[str, Any]:
    """What a settled clock changes in its row."""
    row, history = _heard_to_row(record), record.history
    update: dict[str, Any] = {"$set": row}
    if record.is_counted:
        row.update(_counted_to_row(record))
        gone = {name: "" for name in _OPTIONAL if name not in row}
        if gone:
            update["$unset"] = gone
    entries = [_entry_to_row(entry) for entry in history.entries[history.kept :]]
    if not history.kept:
        row["entries"] = entries
        if history.folded_to:
            row["folded_to"] = history.folded_to
        else:
            update.setdefault("$unset", {})["folded_to"] = ""
    elif entries:
        update["$push"] = {"entries": {"$each": entries}}
    return update


def _heard_to_row(record: ClockRecord) -> Document:
    """What every fact moves on."""
    history = record.history
    return {
        "edition": record.edition,
        "latest_at": _bare(history.latest_at),
        "ticket": _snapshot_to_row(history.snapshot),
        # Asked for by lists.
        "group": history.snapshot.group,
        "channel": history.snapshot.channel,
        "seen_to": history.seen_to,
    }


def _counted_to_row(record: ClockRecord) -> Document:
    """What follows from the history."""
    shown = record.shown
    row: Document = {
        "ahead": sorted(record.history.ahead),
        "said": [
            [
                key,
                said.epoch,
                _bare_or_none(said.due_at),
                _bare_or_none(said.warned_to),
                said.breached,
                said.met,
            ]
            for key, said in record.said.items()
        ],
        "armed": record.armed,
        "epoch": record.epoch,
        "page": record.page,
        "target": shown.target,
        "is_paused": shown.is_paused,
        "is_breached": shown.is_breached,
    }
    for name, moment in (
        ("due_at", shown.due_at),
        ("alarm_at", record.alarm_at),
        ("gap_since", record.gap_since),
        ("asked_at", record.asked_at),
    ):
        if moment is not None:
            row[name] = _bare(moment)
    return row


_OPTIONAL = ("due_at", "alarm_at", "gap_since", "asked_at")


def clock_rows(database: Documents) -> Collection[Document]:
    """The clocks as `clock_of_row` reads them."""
    return database.get_collection("clocks", codec_options=CodecOptions())


def history_of_row(row: Document) -> History:
    """What happened to the ticket, without what was said of it."""
    return History(
        snapshot=_snapshot_of_row(row["_id"], row["ticket"]),
        latest_at=_aware(row["latest_at"]),
        entries=[_entry_of_row(entry) for entry in row["entries"]],
        seen_to=row["seen_to"],
        ahead=set(row["ahead"]),
        folded_to=row.get("folded_to", 0),
        kept=len(row["entries"]),
    )


def clock_of_row(row: Document) -> ClockRecord:
    history = history_of_row(row)
    history.settled()
    return ClockRecord(
        history=history,
        said={
            key: Said(
                epoch, _aware_or_none(due_at), _warned_to(warned, _aware_or_none(due_at)), breached, met
            )
            for key, epoch, due_at, warned, breached, met in row["said"]
        },
        armed=row["armed"],
        shown=Shown(row["target"], _aware_or_none(row.get("due_at")), row["is_paused"], row["is_breached"]),
        epoch=row["epoch"],
        alarm_at=_aware_or_none(row.get("alarm_at")),
        gap_since=_aware_or_none(row.get("gap_since")),
        asked_at=_aware_or_none(row.get("asked_at")),
        edition=row["edition"],
        # Rows of before have none: they are counted once more.
        page=row.get("page", ""),
    )


def _warned_to(kept: datetime | bool | None, due_at: datetime | None) -> datetime | None:
    # Rows of before knew of one warning: whether it was said.
    if isinstance(kept, bool):
        return due_at if kept else None
    return _aware_or_none(kept)


def _bare(moment: datetime) -> datetime:
    return _BARE_EPOCH + (moment - _EPOCH)


def _bare_or_none(moment: datetime | None) -> datetime | None:
    return _BARE_EPOCH + (moment - _EPOCH) if moment is not None else None


def _aware(moment: datetime) -> datetime:
    return _EPOCH + (moment - _BARE_EPOCH)


def _aware_or_none(moment: datetime | None) -> datetime | None:
    return _EPOCH + (moment - _BARE_EPOCH) if moment is not None else None


def _entry_to_row(entry: Entry) -> list[Any]:
    changes = [[change.field, change.old, change.new] for change in entry.changes]
    return [entry.version, entry.index, _bare(entry.at), entry.wrote, changes, entry.is_opening]


def _entry_of_row(row: list[Any]) -> Entry:
    version, index, at, wrote, changes, is_opening = row
    steps = tuple([Change(field, old, new) for field, old, new in changes])
    return Entry(version, index, _aware(at), wrote, steps, is_opening)


def _snapshot_to_row(ticket: Snapshot) -> Document:
    row: Document = {
        "version": ticket.version,
        "created_at": _bare(ticket.created_at),
        "status": ticket.status,
        "priority": ticket.priority,
        "channel": ticket.channel,
        "lane": ticket.lane,
        "group": ticket.group,
        "agent": ticket.agent,
        "tags": list(ticket.tags),
        "sla_policy": ticket.sla_policy,
        "first_replied_at": _bare_or_none(ticket.first_replied_at),
        "last_requester_message_at": _bare_or_none(ticket.last_requester_message_at),
        "about": ticket.about,
    }
    if ticket.fields:
        # Their names may have dots.
        row["fields"] = list(ticket.fields.items())
    return row


def _snapshot_of_row(ticket_id: str, row: Document) -> Snapshot:
    return Snapshot(
        ticket_id=ticket_id,
        version=row["version"],
        created_at=_aware(row["created_at"]),
        status=row["status"],
        priority=row["priority"],
        channel=row["channel"],
        lane=row["lane"],
        group=row["group"],
        agent=row["agent"],
        tags=tuple(row["tags"]),
        sla_policy=row["sla_policy"],
        first_replied_at=_aware_or_none(row["first_replied_at"]),
        last_requester_message_at=_aware_or_none(row["last_requester_message_at"]),
        about=tuple(row.get("about", ())),
        fields=dict(row["fields"]) if "fields" in row else {},
    )
