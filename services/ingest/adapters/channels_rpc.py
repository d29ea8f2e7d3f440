"""ChannelsService: what people and programs do with channels."""

# ruff: noqa: N802 - the methods have the names of the contract

from collections.abc import Iterable, Mapping
from typing import Any

from chassis.clock import Clock
from chassis.errors import FailedPrecondition, InvalidField
from chassis.rpc import Access, RpcServer
from relaydesk.ingest.v1 import channels_pb2 as pb
from relaydesk.ingest.v1.channels_pb2_grpc import (
    ChannelsServiceServicer,
    add_ChannelsServiceServicer_to_server,
)
from services.ingest.adapters.channel_desk import ChannelDesk, channel_to_wire
from services.ingest.adapters.directory import ChannelDirectory
from services.ingest.adapters.editors import CHANNELS
from services.ingest.adapters.kinds import Kind
from services.ingest.adapters.mongo.channel_activity import Activity, MongoActivity
from services.ingest.adapters.mongo.mailboxes import MongoMailboxes
from services.ingest.adapters.mongo.paces import MongoPaces
from services.ingest.adapters.setting_fields import SettingField, setting_fields
from services.ingest.adapters.wire import stamp
from services.ingest.domain.channel import Channel
from services.ingest.domain.channel_history import ChannelChange, Step

_PAGE = 200
_READERS = frozenset({"admin", "agent", "system", "read_only"})
EDITORS = frozenset({"admin", "system", CHANNELS})
_SERVICE = "relaydesk.ingest.v1.ChannelsService"
ACCESS: Access = {
    f"{_SERVICE}/ListKinds": _READERS,
    f"{_SERVICE}/ListChannelStates": _READERS,
    f"{_SERVICE}/ApplyChannel": EDITORS,
    f"{_SERVICE}/TestDraft": EDITORS,
    f"{_SERVICE}/PauseChannel": EDITORS,
    f"{_SERVICE}/ResumeChannel": EDITORS,
    f"{_SERVICE}/ListChannelChanges": _READERS,
}


class ChannelsRpc(ChannelsServiceServicer):
    """Plain methods, answered in threads."""

    def __init__(
        self,
        *,
        desk: ChannelDesk,
        kinds: Mapping[str, Kind],
        directory: ChannelDirectory,
        activity: MongoActivity,
        mailboxes: MongoMailboxes,
        paces: MongoPaces,
        clock: Clock,
    ) -> None:
        self._desk = desk
        self._kinds = kinds
        self._directory = directory
        self._activity = activity
        self._mailboxes = mailboxes
        self._paces = paces
        self._clock = clock

    def ListKinds(self, request: pb.ListKindsRequest, _: Any) -> pb.ListKindsResponse:
        return pb.ListKindsResponse(
            kinds=[
                pb.ChannelKind(
                    name=kind.name, text=kind.text, settings=map(_field_to_wire, setting_fields(kind))
                )
                for kind in self._kinds.values()
            ]
        )

    def ApplyChannel(self, request: pb.ApplyChannelRequest, _: Any) -> pb.ApplyChannelResponse:
        applied = self._desk.apply(
            request.channel,
            request.expected_version,
            dict(request.secrets),
            only_check=request.validate_only,
        )
        return pb.ApplyChannelResponse(
            channel=channel_to_wire(applied.channel), steps=_steps_to_wire(applied.steps)
        )

    def TestDraft(self, request: pb.TestDraftRequest, _: Any) -> pb.TestDraftResponse:
        applied = self._desk.apply(
            request.channel, request.expected_version, dict(request.secrets), only_check=True
        )
        return pb.TestDraftResponse(checks=self._desk.checks(applied.channel))

    def PauseChannel(self, request: pb.PauseChannelRequest, _: Any) -> pb.PauseChannelResponse:
        paused = self._desk.pause(request.channel_id, request.expected_version, is_paused=True)
        return pb.PauseChannelResponse(channel=channel_to_wire(paused))

    def ResumeChannel(self, request: pb.ResumeChannelRequest, _: Any) -> pb.ResumeChannelResponse:
        resumed = self._desk.pause(request.channel_id, request.expected_version, is_paused=False)
        return pb.ResumeChannelResponse(channel=channel_to_wire(resumed))

    def ListChannelStates(self, request: pb.ListChannelStatesRequest, _: Any) -> pb.ListChannelStatesResponse:
        channels = self._desk.channels
        wanted = [channels.get(request.channel_id)] if request.channel_id else channels.all()
        fetching = {state.channel_id: state.trouble for state in self._mailboxes.states()}
        sending = {pause.channel_id: pause.reason for pause in self._paces.pauses(self._clock.now())}
        answer = pb.ListChannelStatesResponse()
        activities = self._activity.of([channel.channel_id for channel in wanted])
        for channel, activity in zip(wanted, activities, strict=True):
            state = answer.states.add(
                channel_id=channel.channel_id,
                waiting_to_leave=activity.waiting_to_leave,
                quarantined=activity.quarantined,
            )
            if activity.last_received_at is not None:
                state.last_received_at.CopyFrom(stamp(activity.last_received_at))
            if activity.last_sent_at is not None:
                state.last_sent_at.CopyFrom(stamp(activity.last_sent_at))
            self._tell(state, channel, activity, fetching, sending)
        return answer

    def _tell(
        self,
        state: pb.ChannelState,
        channel: Channel,
        activity: Activity,
        fetching: Mapping[str, str],
        sending: Mapping[str, str],
    ) -> None:
        """Write down what the channel does, and what is wrong with it, the worst first."""
        try:
            live = self._directory.built(channel)
        except FailedPrecondition as wrong:
            state.troubles.add(kind="settings", text=str(wrong))
            return
        state.is_posted_to = live.is_posted_to
        trouble = fetching.get(channel.channel_id, "")
        # What was noted before somebody paused it says nothing of now.
        if live.remote is not None and trouble and not channel.is_paused:
            state.troubles.add(kind="fetching", text=trouble)
        if channel.channel_id in sending:
            state.troubles.add(kind="sending", text=sending[channel.channel_id])
        if activity.failed_reason is not None:
            state.troubles.add(kind="failed", text=activity.failed_reason)
        if activity.quarantined:
            state.troubles.add(kind="quarantine", text=str(activity.quarantined))

    def ListChannelChanges(
        self, request: pb.ListChannelChangesRequest, _: Any
    ) -> pb.ListChannelChangesResponse:
        size = request.page_size or 50
        if not 0 < size <= _PAGE:
            raise InvalidField("page_size", f"1 to {_PAGE}", str(size))
        token = request.page_token
        if token and not (token.isascii() and token.isdigit() and len(token) < 16):
            raise InvalidField("page_token", "a token that ListChannelChanges gave")
        self._desk.channels.get(request.channel_id)
        found = self._desk.channels.changes(request.channel_id, size + 1, int(token) if token else None)
        answer = pb.ListChannelChangesResponse(changes=map(_change_to_wire, found[:size]))
        if len(found) > size:
            answer.next_page_token = str(found[size - 1].version)
        return answer


def _field_to_wire(field: SettingField) -> pb.SettingField:
    return pb.SettingField(
        name=field.name,
        text=field.text,
        is_required=field.is_required,
        default_value=field.default,
        type=field.type,
        choices=field.choices,
        least=field.least,
        most=field.most,
        longest=field.longest,
        example=field.example,
    )


def _steps_to_wire(steps: Iterable[Step]) -> list[pb.ChannelStep]:
    return [pb.ChannelStep(field=step.field, old_value=step.old, new_value=step.new) for step in steps]


def _change_to_wire(change: ChannelChange) -> pb.ChannelChange:
    editor = change.editor
    return pb.ChannelChange(
        channel_id=change.channel_id,
        version=change.version,
        changed_at=stamp(change.changed_at),
        editor=pb.ChannelEditor(kind=editor.kind, id=editor.editor_id, name=editor.name),
        steps=_steps_to_wire(change.steps),
    )


def add_to(server: RpcServer, rpc: ChannelsRpc) -> None:
    """Serve it."""
    server.add(add_ChannelsServiceServicer_to_server, rpc)
