"""Make a channel or change one, or only say what would change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from chassis.errors import AlreadyExists, Conflict, InvalidField, InvalidFields, NotFound
from services.ingest.domain import channel_secrets
from services.ingest.domain.channel import Channel, mistakes_in
from services.ingest.domain.channel_history import ChannelChange, Editor, Step, steps_between


class Channels(Protocol):
    """The kept channels. Everything raises Unavailable where the store is away."""

    def find(self, channel_id: str) -> Channel | None: ...

    def sealed(self, secret: str) -> bytes:
        """The secret, encrypted with the instance's key."""
        ...

    def secret(self, channel: Channel, setting: str) -> str:
        """The secret that is kept for a setting; empty where there is none that can be opened."""
        ...

    def save(
        self, channel: Channel, expected_version: int, editor: Editor, steps: Sequence[Step]
    ) -> Channel | None:
        """Keep it with its line of history, both or none; None where another was first."""
        ...

    def last_change(self, channel_id: str) -> ChannelChange | None: ...


class Kinds(Protocol):
    """What the kinds of channel make of settings."""

    def mistakes(self, channel: Channel) -> Sequence[InvalidField]:
        """Everything that is wrong with the kind and the settings."""
        ...


@dataclass(frozen=True, slots=True)
class ApplyChannel:
    """The wanted channel, whole; `secrets` by the setting that says where each is."""

    wanted: Channel
    # 0 for a new channel.
    expected_version: int
    editor: Editor
    secrets: Mapping[str, str]
    only_check: bool = False


@dataclass(frozen=True, slots=True)
class Applied:
    """The channel as it is kept, or would be, and what that changed; nothing where it was so already."""

    channel: Channel
    steps: tuple[Step, ...]


def apply_channel(asked: ApplyChannel, channels: Channels, kinds: Kinds) -> Applied:
    """Raises AlreadyExists, NotFound, Conflict, InvalidFields; then nothing was changed."""
    before = channels.find(asked.wanted.channel_id)
    _check_version(asked, before, channels)
    known = before.settings if before is not None else {}
    wanted = replace(
        asked.wanted, settings=channel_secrets.completed(asked.wanted.settings, asked.secrets, known)
    )
    if mistakes := _mistakes(wanted, asked, known, kinds):
        raise InvalidFields(mistakes)
    given = {
        setting
        for setting, secret in asked.secrets.items()
        if before is None or channels.secret(before, setting) != secret
    }
    wanted = replace(wanted, sealed=_sealed(wanted, before, asked.secrets, given, channels))
    steps = steps_between(before, wanted, given)
    if before is not None and not steps:
        return Applied(before, ())
    if asked.only_check:
        return Applied(replace(wanted, version=asked.expected_version), steps)
    saved = channels.save(wanted, asked.expected_version, asked.editor, steps)
    if saved is None:
        raise _raced(asked, channels)
    return Applied(saved, steps)


def pause_channel(
    channel_id: str, expected_version: int, editor: Editor, channels: Channels, *, is_paused: bool
) -> Applied:
    """Stop a channel or let it go on. Raises NotFound, Conflict."""
    before = channels.find(channel_id)
    if before is None:
        raise NotFound(f"no channel {channel_id}")
    wanted = replace(before, is_paused=is_paused)
    asked = ApplyChannel(wanted, expected_version or before.version, editor, {})
    _check_version(asked, before, channels)
    steps = steps_between(before, wanted, frozenset())
    if not steps:
        return Applied(before, ())
    saved = channels.save(wanted, asked.expected_version, editor, steps)
    if saved is None:
        raise _raced(asked, channels)
    return Applied(saved, steps)


def _check_version(asked: ApplyChannel, before: Channel | None, channels: Channels) -> None:
    channel_id = asked.wanted.channel_id
    if before is None and asked.expected_version:
        raise NotFound(f"no channel {channel_id}")
    if before is not None and not asked.expected_version:
        raise AlreadyExists(f"there is a channel {channel_id}")
    if before is not None and before.version != asked.expected_version:
        raise _raced(asked, channels)


def _raced(asked: ApplyChannel, channels: Channels) -> Conflict:
    channel_id, seen = asked.wanted.channel_id, asked.expected_version
    last = channels.last_change(channel_id)
    if last is None:
        return Conflict(f"the channel {channel_id} is not at version {seen} any more: look again")
    who = last.editor.name or last.editor.editor_id or last.editor.kind
    return Conflict(
        f"{who} changed the channel {channel_id} at {last.changed_at:%Y-%m-%d %H:%M} UTC: it is at version "
        f"{last.version}, and you saw version {seen}; look again before you change it"
    )


def _mistakes(
    wanted: Channel, asked: ApplyChannel, known: Mapping[str, str], kinds: Kinds
) -> list[InvalidField]:
    mistakes = [InvalidField(field, expected) for field, expected in mistakes_in(wanted)]
    about_secrets = channel_secrets.mistakes_in(
        wanted.settings, asked.secrets, known, may_name=asked.editor.is_admin
    )
    mistakes += [InvalidField(f"channel.settings.{setting}", text) for setting, text in about_secrets]
    named = {mistake.field for mistake in mistakes}
    return mistakes + [mistake for mistake in kinds.mistakes(wanted) if mistake.field not in named]


def _sealed(
    wanted: Channel,
    before: Channel | None,
    secrets: Mapping[str, str],
    given: set[str],
    channels: Channels,
) -> dict[str, bytes]:
    kept = before.sealed if before is not None else {}
    sealed: dict[str, bytes] = {}
    for setting, value in wanted.settings.items():
        if setting in given:
            sealed[setting] = channels.sealed(secrets[setting])
        elif channel_secrets.name_of_kept(value) and setting in kept:
            sealed[setting] = kept[setting]
    return sealed
