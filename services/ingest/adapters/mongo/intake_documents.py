"""Rows of the intake ledger as documents, and back."""

from datetime import datetime
from typing import Any

from bson.binary import Binary
from pymongo.collection import Collection

from chassis.mongo import Document, named_failures
from services.ingest.application.ports import QuarantinedRow
from services.ingest.domain.intake import Envelope, IntakeRow, State

# Larger raw messages lie in pieces beside the row.
INLINE = 256 * 1024
RAW_PREFIX = "raw-"


def document_of(row: IntakeRow) -> Document:
    """A row that was not there before; raw bytes that are too large for it lie beside it."""
    document: Document = {
        "_id": row.intake_id,
        "channel_id": row.channel_id,
        "key": row.key,
        "fp": row.fingerprint,
        "sha": row.raw_sha256,
        "size": len(row.raw),
        "env": {
            "sender": row.envelope.sender,
            "recipient": row.envelope.recipient,
            "peer": row.envelope.peer,
            "key": row.envelope.idempotency_key,
        },
        "received_at": row.received_at,
        "state": row.state.value,
        "published": False,
    }
    if len(row.raw) > INLINE:
        document["raw_file"] = RAW_PREFIX + row.intake_id
    else:
        document["raw"] = Binary(row.raw)
    if row.flags:
        document["flags"] = list(row.flags)
    if row.traceparent:
        document["tp"] = row.traceparent
    return document


def row_of(document: Document, raw: bytes) -> IntakeRow:
    """The row that a document holds, with its raw bytes."""
    env = document["env"]
    return IntakeRow(
        intake_id=document["_id"],
        channel_id=document["channel_id"],
        key=document["key"],
        fingerprint=document["fp"],
        raw=raw,
        raw_sha256=document["sha"],
        envelope=Envelope(env["sender"], env["recipient"], env["peer"], env["key"]),
        received_at=document["received_at"],
        flags=tuple(document.get("flags", ())),
        traceparent=document.get("tp", ""),
        state=State(document["state"]),
        reason=document.get("reason", ""),
        retries=int(document.get("retries", 0)),
        handed_back=int(document.get("handed_back", 0)),
        is_let_in=bool(document.get("let_in", False)),
    )


def page_of(
    rows: Collection[Document], where: dict[str, Any], limit: int, after: tuple[datetime, str] | None
) -> list[QuarantinedRow]:
    """Rows for a person to look at, the newest first, after the place given."""
    if after is not None:
        moment, intake_id = after
        where = {
            **where,
            # Where an index begins to look; the alternatives alone would make it begin at the newest.
            "received_at": {"$lte": moment},
            "$or": [{"received_at": {"$lt": moment}}, {"received_at": moment, "_id": {"$lt": intake_id}}],
        }
    with named_failures():
        found = rows.find(where, {"raw": 0}).sort([("received_at", -1), ("_id", -1)]).limit(limit)
        return [
            QuarantinedRow(
                row["_id"],
                row["channel_id"],
                row.get("reason", ""),
                row["env"].get("sender") or "",
                row["size"],
                row["received_at"],
            )
            for row in found
        ]
