"""The directory in which every process looks its channels up."""

import hmac
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import structlog
from pydantic import ValidationError

from chassis.clock import monotonic
from chassis.errors import FailedPrecondition, Unavailable
from services.ingest.adapters.kinds import Kind
from services.ingest.adapters.mongo.channels import MongoChannels
from services.ingest.application.ports import Inbox, LiveChannel
from services.ingest.domain.addresses import normalise, without_tag
from services.ingest.domain.channel import Channel
from services.ingest.domain.channel_secrets import name_of_kept
from services.ingest.domain.inside import Reach
from services.ingest.domain.lists import Lists
from services.ingest.domain.sign_in import Bearer, TokenSource
from services.ingest.domain.tokens import Tokens

# How old what a process knows of the channels may become.
_FRESH = 2.0
# A name that nobody knows is asked for again, but not for every guess of a stranger.
_ASK_AGAIN = 0.5


class ChannelDirectory:
    """The channels at work, as of at most two seconds ago. Safe in any thread.

    While the database is away what was known goes on being known; a process that never knew raises Unavailable. The same
    holds for a channel whose settings this release cannot read.
    """

    def __init__(
        self,
        channels: MongoChannels,
        kinds: Mapping[str, Kind],
        tokens: Tokens,
        secret: Callable[[str], str],
        bearer: Callable[[TokenSource, Callable[[str], str]], Bearer],
        addresses: Reach,
    ) -> None:
        self._channels = channels
        self._kinds = kinds
        self._tokens = tokens
        self._secret = secret
        self._bearer = bearer
        self._addresses = addresses
        self._lock = threading.Lock()
        self._loaded = -1e9
        # Why the last look brought nothing, where it did not.
        self._away: Unavailable | None = None
        self._live: dict[str, tuple[Channel, LiveChannel]] = {}
        self._keys: dict[str, str] = {}
        self._mailboxes: dict[str, str] = {}
        # Kept, and never understood by this process: written by a later release, or wrong.
        self._unreadable: dict[str, Channel] = {}
        self._company_lists: tuple[Lists, ...] = ()
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
        for channel in self._unreadable.values():
            if any("@" in value for value in channel.settings.values()):
                # The address may be its.
                raise Unavailable(f"channel {channel.channel_id} (this release cannot read its settings)")
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
        """The normalised mail addresses of a channel that is kept, none where this release cannot read it."""
        known = self._live.get(channel.channel_id)
        if known is None or known[0].version != channel.version:
            known = self._renewed(channel, known)
        return list(known[1].addresses()) if known is not None else []

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
        """The key opens the channel. Raises Unavailable."""
        for at_most in (_FRESH, _ASK_AGAIN):
            self._refresh(at_most)
            if _is_same(self._keys.get(channel_id, ""), given):
                return True
        self._raise_if_away()
        return False

    def is_unreadable(self, channel_id: str) -> bool:
        """There is such a channel, and this release never could read its settings."""
        return channel_id in self._unreadable

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
        unreadable: dict[str, Channel] = {}
        for channel, key in self._channels.all_with_keys():
            known = self._live.get(channel.channel_id)
            if known is None or known[0].version != channel.version:
                known = self._renewed(channel, known)
            if known is None:
                unreadable[channel.channel_id] = channel
                continue
            live[channel.channel_id] = known
            keys[channel.channel_id] = key
            for address in known[1].addresses():
                mailboxes.setdefault(address, channel.channel_id)
        self._company_lists = tuple(one.lists_for_all for _, one in live.values() if one.lists_for_all)
        self._live, self._keys, self._mailboxes, self._unreadable = live, keys, mailboxes, unreadable

    def _renewed(
        self, channel: Channel, known: tuple[Channel, LiveChannel] | None
    ) -> tuple[Channel, LiveChannel] | None:
        """The channel as it is now; as it was where this release cannot read it; None where it never could."""
        try:
            built = self._build(channel)
        except Exception as failure:  # noqa: BLE001 - a kind's mistake over one channel must not cost the others
            self._log.error("channel_not_built", channel=channel.channel_id, failure=type(failure).__name__)
            built = None
        if built is not None:
            return channel, built
        if known is None:
            return None
        # Its version stays the one that was built, so that the next look tries again.
        was, goes_on = known
        return replace(was, name=channel.name, lane=channel.lane, is_paused=channel.is_paused), goes_on

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

        inbox = Inbox(
            channel.channel_id,
            self._tokens,
            self.is_ours,
            secret,
            bearer,
            self._addresses,
            lambda: self._company_lists,
        )
        return kind.build(settings, inbox)


def _is_same(known: str, given: str) -> bool:
    return bool(known) and hmac.compare_digest(known.encode(), given.encode("utf-8", "replace"))
