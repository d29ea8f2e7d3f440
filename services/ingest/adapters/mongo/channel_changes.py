"""The history of channels in MongoDB: a row for each version, written with it."""

from typing import Any

from chassis.mongo import Document, Documents, named_failures
from chassis.units import Unit
from services.ingest.domain.channel_history import ChannelChange, Editor, Step

_COLLECTION = "channel_changes"


def stage(unit: Unit, change: ChannelChange) -> None:
    """Write the row together with the version that it tells of."""
    editor = change.editor
    unit.insert(
        _COLLECTION,
        {
            "_id": f"{change.channel_id}:{change.version}",
            "channel_id": change.channel_id,
            "version": change.version,
            "at": change.changed_at,
            "editor": {"kind": editor.kind, "id": editor.editor_id, "name": editor.name},
            "steps": [[step.field, step.old, step.new] for step in change.steps],
        },
    )


def changes_of(database: Documents, channel_id: str, limit: int, before: int | None) -> list[ChannelChange]:
    """Those below the version `before`, the newest first."""
    where: dict[str, Any] = {"channel_id": channel_id}
    if before is not None:
        where["version"] = {"$lt": before}
    with named_failures():
        rows = list(database[_COLLECTION].find(where).sort("version", -1).limit(limit))
    return [_change_of(row) for row in rows]


def _change_of(row: Document) -> ChannelChange:
    editor = row["editor"]
    return ChannelChange(
        row["channel_id"],
        row["version"],
        row["at"],
        Editor(editor["kind"], editor["id"], editor["name"]),
        tuple(Step(*step) for step in row["steps"]),
    )
