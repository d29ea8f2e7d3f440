"""Channels in MongoDB."""

import secrets
from collections.abc import Sequence
from dataclasses import replace

from chassis.clock import Clock
from chassis.errors import NotFound
from chassis.mongo import Document, Documents, Raced, named_failures
from chassis.units import Unit
from services.ingest.adapters.mongo.channel_changes import changes_of, stage
from services.ingest.adapters.sealing import Seal
from services.ingest.domain.channel import Channel
from services.ingest.domain.channel_history import ChannelChange, Editor, Step


class MongoChannels:
    """Channels by id, each with its key sealed."""

    def __init__(self, database: Documents, clock: Clock, seal: Seal) -> None:
        self._database = database
        self._rows = database["channels"]
        self._clock = clock
        self._seal = seal

    def all(self) -> list[Channel]:
        """Every channel, by id."""
        with named_failures():
            return [_channel_of(row) for row in self._rows.find({}).sort("_id", 1)]

    def all_with_keys(self) -> list[tuple[Channel, str]]:
        """Every channel and its key, empty where none was made yet."""
        with named_failures():
            rows = list(self._rows.find({}).sort("_id", 1))
        return [(_channel_of(row), self._seal.open(row["key"]) if row.get("key") else "") for row in rows]

    def get(self, channel_id: str) -> Channel:
        """Raises NotFound."""
        with named_failures():
            row = self._rows.find_one({"_id": channel_id})
        if row is None:
            raise NotFound(f"no channel {channel_id}")
        return _channel_of(row)

    def find(self, channel_id: str) -> Channel | None:
        with named_failures():
            row = self._rows.find_one({"_id": channel_id})
        return _channel_of(row) if row is not None else None

    def sealed(self, secret: str) -> bytes:
        """The secret, encrypted with the instance's key."""
        return self._seal.close(secret)

    def secret(self, channel: Channel, setting: str) -> str:
        """The secret that is kept for a setting; empty where there is none that can be opened."""
        return self._seal.open(channel.sealed.get(setting, b""))

    def save(
        self, channel: Channel, expected_version: int, editor: Editor, steps: Sequence[Step]
    ) -> Channel | None:
        """Make (expected version 0) or change a channel, with its line of history; None where another was first."""
        unit = Unit(self._database, self._clock)
        saved = replace(
            channel,
            version=expected_version + 1,
            created_at=channel.created_at or unit.now,
            updated_at=unit.now,
        )
        said = _document(saved)
        if expected_version == 0:
            unit.insert("channels", {"_id": channel.channel_id, **said})
        else:
            del said["created_at"]
            unit.update("channels", {"_id": channel.channel_id, "version": expected_version}, {"$set": said})
        stage(unit, ChannelChange(channel.channel_id, saved.version, unit.now, editor, tuple(steps)))
        try:
            unit.commit()
        except Raced:
            return None
        return self.get(channel.channel_id)

    def last_change(self, channel_id: str) -> ChannelChange | None:
        """What its newest version changed; None where nothing was noted."""
        found = changes_of(self._database, channel_id, 1, None)
        return found[0] if found else None

    def changes(self, channel_id: str, limit: int, before: int | None) -> list[ChannelChange]:
        """What was changed in versions below `before`, the newest first."""
        return changes_of(self._database, channel_id, limit, before)

    def key(self, channel_id: str) -> str:
        """The channel's key, made on first use. Raises NotFound."""
        made = f"rdk_{secrets.token_urlsafe(32)}"
        with named_failures():
            self._rows.update_one(
                {"_id": channel_id, "key": {"$exists": False}}, {"$set": {"key": self._seal.close(made)}}
            )
            row = self._rows.find_one({"_id": channel_id}, {"key": 1})
        if row is None:
            raise NotFound(f"no channel {channel_id}")
        return self._seal.open(row["key"])


def _channel_of(row: Document) -> Channel:
    return Channel(
        channel_id=row["_id"],
        name=row["name"],
        kind=row["kind"],
        lane=row["lane"],
        settings=dict(row["settings"]),
        sealed={name: bytes(value) for name, value in row.get("sealed", {}).items()},
        is_paused=bool(row["is_paused"]),
        version=int(row["version"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _document(channel: Channel) -> Document:
    return {
        "name": channel.name,
        "kind": channel.kind,
        "lane": channel.lane,
        "settings": dict(channel.settings),
        "sealed": dict(channel.sealed),
        "is_paused": channel.is_paused,
        "version": channel.version,
        "created_at": channel.created_at,
        "updated_at": channel.updated_at,
    }
