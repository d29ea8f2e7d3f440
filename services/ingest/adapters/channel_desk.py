"""Changes of channels as the contract asks for them, by whichever service of it."""

from collections.abc import Mapping

import structlog

from relaydesk.ingest.v1 import service_pb2 as pb
from services.ingest.adapters.channel_checks import ChannelChecks
from services.ingest.adapters.directory import ChannelDirectory
from services.ingest.adapters.editors import Editors
from services.ingest.adapters.imap.session import check
from services.ingest.adapters.mongo.channels import MongoChannels
from services.ingest.adapters.wire import stamp
from services.ingest.application.apply_channel import Applied, ApplyChannel, apply_channel, pause_channel
from services.ingest.domain.channel import Channel
from services.ingest.domain.channel_history import Editor


class ChannelDesk:
    """Knows who asks, changes the channel, and lets this process see it at once."""

    def __init__(
        self, channels: MongoChannels, checks: ChannelChecks, directory: ChannelDirectory, editors: Editors
    ) -> None:
        self.channels = channels
        self.editors = editors
        self._checks = checks
        self._directory = directory
        self._log = structlog.get_logger(__name__)

    def apply(
        self,
        channel: pb.Channel,
        expected_version: int,
        secrets: Mapping[str, str],
        *,
        only_check: bool = False,
    ) -> Applied:
        """Raises AlreadyExists, NotFound, Conflict, InvalidFields, PermissionDenied, Unavailable."""
        wanted = Channel(
            channel_id=channel.id,
            name=channel.name or channel.id,
            kind=channel.kind,
            lane=channel.lane,
            settings=dict(channel.settings),
            is_paused=channel.is_paused,
        )
        editor = self.editors.editor()
        asked = ApplyChannel(wanted, expected_version, editor, secrets, only_check=only_check)
        applied = apply_channel(asked, self.channels, self._checks)
        if not only_check:
            self._changed(applied, editor)
        return applied

    def checks(self, channel: Channel) -> list[pb.ServerCheck]:
        """Sign in at its servers, as its settings are now and not as the directory has them at hand."""
        live = self._directory.built(channel)
        found = [*live.check_servers(), *([check(live.remote)] if live.remote is not None else [])]
        return [pb.ServerCheck(name=one.name, is_well=one.is_well, text=one.text) for one in found]

    def pause(self, channel_id: str, expected_version: int, *, is_paused: bool) -> Channel:
        """Raises NotFound, Conflict, PermissionDenied, Unavailable."""
        editor = self.editors.editor()
        applied = pause_channel(channel_id, expected_version, editor, self.channels, is_paused=is_paused)
        self._changed(applied, editor)
        return applied.channel

    def _changed(self, applied: Applied, editor: Editor) -> None:
        """The history has the values; a line of the log says that there is something to read in it."""
        self._directory.look_again()
        if applied.steps:
            self._log.info(
                "channel_changed",
                channel=applied.channel.channel_id,
                version=applied.channel.version,
                by=editor.editor_id or editor.kind,
                fields=[step.field for step in applied.steps],
            )


def channel_to_wire(channel: Channel) -> pb.Channel:
    """The channel without its secrets."""
    return pb.Channel(
        id=channel.channel_id,
        name=channel.name,
        kind=channel.kind,
        lane=channel.lane,
        settings=channel.settings,
        is_paused=channel.is_paused,
        version=channel.version,
        created_at=stamp(channel.created_at) if channel.created_at else None,
        updated_at=stamp(channel.updated_at) if channel.updated_at else None,
    )
