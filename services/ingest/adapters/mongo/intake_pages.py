"""Rows of the intake ledger page by page, the newest first, without reading more of it than the page."""

from datetime import datetime
from typing import Any

from pymongo.collection import Collection

from chassis.mongo import Document, named_failures
from services.ingest.domain.intake import State
from services.ingest.domain.ledger import Entry, Wanted

_SHOWN = dict.fromkeys(
    (
        *("channel_id", "state", "reason", "env.sender", "size", "received_at"),
        *("closed_at", "closed_by", "closed_twice"),
    ),
    1,
)


class IntakePages:
    """Lists the ledger's rows; whoever keeps them is one too."""

    _rows: Collection[Document]

    def entries(self, wanted: Wanted, limit: int, after: tuple[datetime, str] | None) -> list[Entry]:
        """What one channel accepted, behind the place given.

        The index has the moments in order and no ids, as they would make it several times as large for every count. So the
        rows of a moment that a page begins or ends in are read by themselves, which are few.
        """
        where: dict[str, Any] = {
            "state": {"$in": [state.value for state in wanted.states]},
            "channel_id": wanted.channel_id,
        }
        span = span_of(wanted.since, wanted.until)
        rows: list[Document] = []
        with named_failures():
            if after is not None:
                moment, intake_id = after
                rows = self._of_moment({**where, "_id": {"$lt": intake_id}}, moment, limit)
                span["$lt"] = min(span.get("$lt", moment), moment)
            if (left := limit - len(rows)) > 0:
                rows += self._newest({**where, "received_at": span} if span else where, left)
        return [_entry_of(row) for row in rows]

    def _newest(self, where: dict[str, Any], limit: int) -> list[Document]:
        found = list(self._rows.find(where, _SHOWN).sort("received_at", -1).limit(limit))
        if len(found) == limit:
            # There may be more of the last moment, and which of them come first is for their ids to say.
            last = found[-1]["received_at"]
            found = [row for row in found if row["received_at"] > last]
            found += self._of_moment(where, last, limit - len(found))
        return sorted(found, key=lambda row: (row["received_at"], row["_id"]), reverse=True)

    def _of_moment(self, where: dict[str, Any], moment: datetime, limit: int) -> list[Document]:
        found = self._rows.find({**where, "received_at": moment}, _SHOWN)
        return list(found.sort("_id", -1).limit(limit))


def span_of(since: datetime | None, until: datetime | None) -> dict[str, Any]:
    """The bounds of a span as a condition; empty where there are none."""
    bounds = {"$gte": since, "$lt": until}
    return {bound: moment for bound, moment in bounds.items() if moment is not None}


def _entry_of(row: Document) -> Entry:
    return Entry(
        row["_id"],
        row["channel_id"],
        State(row["state"]),
        row.get("reason", ""),
        row["env"].get("sender") or "",
        row["size"],
        row["received_at"],
        row.get("closed_at"),
        row.get("closed_by", ""),
        bool(row.get("closed_twice")),
    )
