"""The console's channels in memory, kept by compare-and-set as the real ones."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

from chassis.errors import AlreadyExists, Conflict, InvalidField, InvalidFields, NotFound, Unavailable
from services.console.application.ports import Clock
from services.console.domain.channels import (
    ChannelChange,
    ChannelState,
    Check,
    Draft,
    Kind,
    Setting,
    Step,
)
from services.console.domain.ingest import Channel
from tests.fakes import console_samples as samples

KINDS = (
    Kind(
        "email",
        "E-mail: a mailbox.",
        (
            Setting("address", "The mailbox.", "text", is_required=True, example="support@example.com"),
            Setting("aliases", "More addresses.", "list"),
            Setting("signature", "Below every answer.", "text", longest=8000),
            Setting("quote_history", "What is repeated.", "choice", default="none", choices=("none", "last")),
            Setting("imap_host", "Server.", "text"),
            Setting("imap_port", "Port.", "number", default="993", least=1, most=65535),
            Setting("imap_password_secret", "Password.", "secret"),
            Setting("is_tidy", "A setting that the console has no words for.", "flag", default="false"),
        ),
    ),
    Kind("json", "JSON: a key.", ()),
    Kind("api", "An older name of the key.", (Setting("key_file", "A file.", "text"),)),
)


@dataclass
class Outages:
    """Services that are away for now."""

    away: set[str] = field(default_factory=set)

    def check(self, service: str) -> None:
        if service in self.away:
            raise Unavailable(service)

    @contextmanager
    def of(self, *services: str) -> Iterator[None]:
        self.away |= set(services)
        try:
            yield
        finally:
            self.away -= set(services)


class KeepsChannels(Protocol):
    channels: dict[str, Channel]


class MemoryChannels:
    """Changes the channels that ingest lists."""

    def __init__(self, outages: Outages, kept: KeepsChannels, clock: Clock) -> None:
        self._outages = outages
        self._kept = kept
        self._clock = clock
        self.states = {one.channel_id: one for one in samples.STATES}
        self.changes: dict[str, list[ChannelChange]] = {}
        self.checks: tuple[Check, ...] = (
            Check("smtp", True, "takes mail"),
            Check("imap", False, "refuses the password"),
        )
        # What the next ones are refused with.
        self.mistakes: tuple[InvalidField, ...] = ()
        self.tried: list[Draft] = []
        self.applied: list[tuple[Draft, str]] = []

    def list_kinds(self) -> tuple[Kind, ...]:
        self._outages.check("ingest")
        return KINDS

    def list_states(self, channel_id: str = "") -> tuple[ChannelState, ...]:
        self._outages.check("ingest")
        return tuple(one for one in self.states.values() if channel_id in ("", one.channel_id))

    def apply(self, draft: Draft, agent_id: str) -> int:
        self._outages.check("ingest")
        if self.mistakes:
            raise InvalidFields(self.mistakes)
        before = self._kept.channels.get(draft.channel_id)
        if before is not None and not draft.version:
            raise AlreadyExists(f"there is a channel {draft.channel_id}")
        if before is not None and before.version != draft.version:
            raise Conflict("Kate changed the channel")
        settings = {**draft.settings, **{name: f"sealed:{name}" for name in draft.secrets}}
        self._save(
            Channel(
                draft.channel_id,
                draft.name,
                draft.kind,
                draft.lane,
                settings,
                draft.is_paused,
                draft.version + 1,
            ),
            agent_id,
        )
        self.applied.append((draft, agent_id))
        return draft.version + 1

    def pause(self, channel_id: str, version: int, agent_id: str) -> None:
        self._rest(channel_id, version, agent_id, is_paused=True)

    def resume(self, channel_id: str, version: int, agent_id: str) -> None:
        self._rest(channel_id, version, agent_id, is_paused=False)

    def test(self, channel_id: str, agent_id: str) -> tuple[Check, ...]:
        self._outages.check("ingest")
        return self.checks

    def test_draft(self, draft: Draft, agent_id: str) -> tuple[Check, ...]:
        self._outages.check("ingest")
        if self.mistakes:
            raise InvalidFields(self.mistakes)
        self.tried.append(draft)
        return self.checks

    def key(self, channel_id: str, agent_id: str) -> str:
        self._outages.check("ingest")
        return f"rdk_{channel_id}"

    def list_changes(self, channel_id: str) -> tuple[ChannelChange, ...]:
        self._outages.check("ingest")
        return tuple(self.changes.get(channel_id, samples.CHANNEL_CHANGES if channel_id == "support" else ()))

    def _rest(self, channel_id: str, version: int, agent_id: str, *, is_paused: bool) -> None:
        self._outages.check("ingest")
        before = self._kept.channels.get(channel_id)
        if before is None:
            raise NotFound(channel_id)
        if before.version != version:
            raise Conflict("the channel has moved on")
        self._save(replace(before, is_paused=is_paused, version=version + 1), agent_id)

    def _save(self, channel: Channel, agent_id: str) -> None:
        self._kept.channels[channel.channel_id] = channel
        step = Step("is_paused", "", "true" if channel.is_paused else "false")
        line = ChannelChange(channel.version, self._clock.now(), "agent", agent_id, (step,))
        self.changes.setdefault(channel.channel_id, []).insert(0, line)
