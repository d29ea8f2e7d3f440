"""Channels in MongoDB, and the directory in which every process looks them up."""

import hmac
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import structlog
from pydantic import ValidationError

from chassis.clock import Clock, monotonic
from chassis.errors import FailedPrecondition, NotFound, Unavailable
from chassis.mongo import Document, Documents, Raced, named_failures
from chassis.units import Unit
from services.ingest.adapters.kinds import Kind
from services.ingest.adapters.mongo.channel_changes import changes_of, stage
from services.ingest.adapters.sealing import Seal
from services.ingest.application.ports import Inbox, LiveChannel
from services.ingest.domain.addresses import normalise, without_tag
from services.ingest.domain.channel import Channel
from services.ingest.domain.channel_history import ChannelChange, Editor, Step
from services.ingest.domain.channel_secrets import name_of_kept
from services.ingest.domain.sign_in import Bearer, TokenSource
from services.ingest.domain.tokens import Tokens

# How old what a process knows of the channels may become.
_FRESH = 2.0
# A name that nobody knows is asked for again, but not for every guess of a stranger.
_ASK_AGAIN = 0.5


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


class ChannelDirectory:
    """The channels at work, as of at most two seconds ago. Safe in any thread.

    While the database is away what was known goes on being known; a process that never knew raises Unavailable.
    """

    def __init__(
        self,
        channels: MongoChannels,
        kinds: Mapping[str, Kind],
        tokens: Tokens,
        secret: Callable[[str], str],
        bearer: Callable[[TokenSource, Callable[[str], str]], Bearer],
    ) -> None:
        self._channels = channels
        self._kinds = kinds
        self._tokens = tokens
        self._secret = secret
        self._bearer = bearer
        self._lock = threading.Lock()
        self._loaded = -1e9
        # Why the last look brought nothing, where it did not.
        self._away: Unavailable | None = None
        self._live: dict[str, tuple[Channel, LiveChannel]] = {}
        self._keys: dict[str, str] = {}
        self._mailboxes: dict[str, str] = {}
        self._log = structlog.get_logger(__name__)

    def find(self, channel_id: str) -> tuple[Channel, LiveChannel] | None:
        """The channel of that id. Raises Unavailable."""
        self._refresh(_FRESH)
        if channel_id not in self._live:
            self._refresh(_ASK_AGAIN)
        if channel_id not in self._live:
            self._raise_if_away()
        return self._live.get(channel_id)

    def by_address(self, address: str) -> tuple[Channel, LiveChannel] | None:
        """The mailbox of an address, plus tags and aliases understood. Raises Unavailable."""
        self._refresh(_FRESH)
        wanted = normalise(address)
        for candidate in (wanted, without_tag(wanted)):
            if candidate not in self._mailboxes:
                self._refresh(_ASK_AGAIN)
            if candidate in self._mailboxes:
                return self._live.get(self._mailboxes[candidate])
        self._raise_if_away()
        return None

    def at_hand(self, address: str) -> tuple[Channel, LiveChannel] | None:
        """The mailbox of an address where that is known without asking the store; never blocks."""
        if monotonic() - self._loaded >= _FRESH:
            return None
        wanted = normalise(address)
        channel_id = self._mailboxes.get(wanted) or self._mailboxes.get(without_tag(wanted), "")
        return self._live.get(channel_id)

    def look_again(self) -> None:
        """Something was changed by this very process: what is asked next sees it."""
        with self._lock:
            self._loaded = -1e9

    def opened_at_hand(self, channel_id: str, key: str) -> tuple[Channel, LiveChannel] | None:
        """The channel that is posted to, where it is known without asking the store that the key opens it; never blocks."""
        found = self._live.get(channel_id)
        if found is None or not found[1].is_posted_to or monotonic() - self._loaded >= _FRESH:
            return None
        return found if _is_same(self._keys.get(channel_id, ""), key) else None

    def all(self) -> Sequence[Channel]:
        """Every channel that could be built. Raises Unavailable."""
        self._refresh(_FRESH)
        return [channel for channel, _ in self._live.values()]

    def addresses_of(self, channel: Channel) -> list[str]:
        """The normalised mail addresses that the channel's settings name."""
        built = self._build(channel)
        return list(built.addresses()) if built is not None else []

    def built(self, channel: Channel) -> LiveChannel:
        """The channel at work. Raises FailedPrecondition where its kind or a setting is not known any more."""
        live = self._build(channel)
        if live is None:
            raise FailedPrecondition(f"the settings of {channel.channel_id} are not valid any more")
        return live

    def is_ours(self, address: str) -> bool:
        """A normalised address without its tag is one of our mailboxes."""
        return address in self._mailboxes

    def is_key(self, channel_id: str, given: str) -> bool:
        """The key opens the channel."""
        self._refresh(_FRESH)
        known = self._keys.get(channel_id, "")
        if not _is_same(known, given):
            self._refresh(_ASK_AGAIN)
            known = self._keys.get(channel_id, "")
        return _is_same(known, given)

    def _refresh(self, at_most: float) -> None:
        if monotonic() - self._loaded < at_most:
            return
        with self._lock:
            if monotonic() - self._loaded < at_most:
                return
            try:
                self._load()
            except Unavailable as away:
                if not self._live:
                    raise
                # Asked again soon, not for every message.
                self._away = away
            else:
                self._away = None
            self._loaded = monotonic()

    def _raise_if_away(self) -> None:
        """What is not known may have been made meanwhile: nobody is told for good that it is not there."""
        if self._away is not None:
            raise Unavailable(self._away.what) from self._away

    def _load(self) -> None:
        live: dict[str, tuple[Channel, LiveChannel]] = {}
        keys: dict[str, str] = {}
        mailboxes: dict[str, str] = {}
        for channel, key in self._channels.all_with_keys():
            known = self._live.get(channel.channel_id)
            if known is not None and known[0].version == channel.version:
                live[channel.channel_id] = known
            elif (built := self._build(channel)) is not None:
                live[channel.channel_id] = (channel, built)
            else:
                continue
            keys[channel.channel_id] = key
            for address in live[channel.channel_id][1].addresses():
                mailboxes.setdefault(address, channel.channel_id)
        self._live, self._keys, self._mailboxes = live, keys, mailboxes

    def _build(self, channel: Channel) -> LiveChannel | None:
        kind = self._kinds.get(channel.kind)
        if kind is None:
            self._log.error("channel_kind_unknown", channel=channel.channel_id, kind=channel.kind)
            return None
        try:
            settings = kind.settings.model_validate(dict(channel.settings))
        except ValidationError as error:
            self._log.error(
                "channel_settings_wrong", channel=channel.channel_id, mistakes=error.error_count()
            )
            return None

        def secret(name: str) -> str:
            """KeyError where it is not there."""
            if not (setting := name_of_kept(name)):
                return self._secret(name)
            if found := self._channels.secret(channel, setting):
                return found
            raise KeyError(name)

        def bearer(source: TokenSource) -> Bearer:
            return self._bearer(source, secret)

        inbox = Inbox(channel.channel_id, self._tokens, self.is_ours, secret, bearer)
        return kind.build(settings, inbox)


def _is_same(known: str, given: str) -> bool:
    return bool(known) and hmac.compare_digest(known.encode(), given.encode("utf-8", "replace"))
