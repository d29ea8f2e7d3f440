"""What is done with channels, by the ingest service."""

from collections.abc import Iterable
from datetime import timedelta

import grpc

from relaydesk.ingest.v1 import channels_pb2, service_pb2
from relaydesk.ingest.v1.channels_pb2_grpc import ChannelsServiceStub
from relaydesk.ingest.v1.service_pb2_grpc import IngestServiceStub
from services.console.adapters.calls import ACTING_AGENT, Caller, moment, moment_or_none
from services.console.domain.channels import (
    ChannelChange,
    ChannelState,
    Check,
    Draft,
    Kind,
    Setting,
    Step,
    Trouble,
)

# A server that hangs is waited for, in both directions.
_TEST_WITHIN = timedelta(seconds=60)


class GrpcChannels:
    """Implements the port Channels."""

    def __init__(self, channel: grpc.Channel, caller: Caller) -> None:
        self._stub = ChannelsServiceStub(channel)
        self._ingest = IngestServiceStub(channel)
        self._caller = caller

    def list_kinds(self) -> tuple[Kind, ...]:
        answer = self._caller.ask(self._stub.ListKinds, channels_pb2.ListKindsRequest())
        return tuple(
            Kind(kind.name, kind.text, tuple(_setting_of(one) for one in kind.settings))
            for kind in answer.kinds
        )

    def list_states(self, channel_id: str = "") -> tuple[ChannelState, ...]:
        request = channels_pb2.ListChannelStatesRequest(channel_id=channel_id)
        answer = self._caller.ask(self._stub.ListChannelStates, request)
        return tuple(_state_of(state) for state in answer.states)

    def apply(self, draft: Draft, agent_id: str) -> int:
        request = channels_pb2.ApplyChannelRequest(
            channel=_channel_of(draft), expected_version=draft.version, secrets=draft.secrets
        )
        return self._caller.ask(self._stub.ApplyChannel, request, agent_id=agent_id).channel.version

    def pause(self, channel_id: str, version: int, agent_id: str) -> None:
        request = channels_pb2.PauseChannelRequest(channel_id=channel_id, expected_version=version)
        self._caller.ask(self._stub.PauseChannel, request, agent_id=agent_id)

    def resume(self, channel_id: str, version: int, agent_id: str) -> None:
        request = channels_pb2.ResumeChannelRequest(channel_id=channel_id, expected_version=version)
        self._caller.ask(self._stub.ResumeChannel, request, agent_id=agent_id)

    def test(self, channel_id: str, agent_id: str) -> tuple[Check, ...]:
        request = service_pb2.TestChannelRequest(channel_id=channel_id)
        with self._caller.named():
            answer = self._ingest.TestChannel(
                request, timeout=_TEST_WITHIN.total_seconds(), metadata=((ACTING_AGENT, agent_id),)
            )
        return _checks_of(answer.checks)

    def test_draft(self, draft: Draft, agent_id: str) -> tuple[Check, ...]:
        request = channels_pb2.TestDraftRequest(
            channel=_channel_of(draft), expected_version=draft.version, secrets=draft.secrets
        )
        with self._caller.named():
            answer = self._stub.TestDraft(
                request, timeout=_TEST_WITHIN.total_seconds(), metadata=((ACTING_AGENT, agent_id),)
            )
        return _checks_of(answer.checks)

    def key(self, channel_id: str, agent_id: str) -> str:
        request = service_pb2.GetChannelKeyRequest(channel_id=channel_id)
        return self._caller.ask(self._ingest.GetChannelKey, request, agent_id=agent_id).key

    def list_changes(self, channel_id: str) -> tuple[ChannelChange, ...]:
        request = channels_pb2.ListChannelChangesRequest(channel_id=channel_id, page_size=50)
        answer = self._caller.ask(self._stub.ListChannelChanges, request)
        return tuple(
            ChannelChange(
                change.version,
                moment(change.changed_at),
                change.editor.kind,
                change.editor.name or change.editor.id,
                tuple(Step(step.field, step.old_value, step.new_value) for step in change.steps),
            )
            for change in answer.changes
        )


def _channel_of(draft: Draft) -> service_pb2.Channel:
    return service_pb2.Channel(
        id=draft.channel_id,
        name=draft.name,
        kind=draft.kind,
        lane=draft.lane,
        settings=draft.settings,
        is_paused=draft.is_paused,
    )


def _checks_of(checks: Iterable[service_pb2.ServerCheck]) -> tuple[Check, ...]:
    return tuple(Check(one.name, one.is_well, one.text) for one in checks)


def _setting_of(wire: channels_pb2.SettingField) -> Setting:
    return Setting(
        wire.name,
        wire.text,
        wire.type,
        wire.is_required,
        wire.default_value,
        tuple(wire.choices),
        wire.least if wire.HasField("least") else None,
        wire.most if wire.HasField("most") else None,
        wire.longest,
        wire.example,
    )


def _state_of(wire: channels_pb2.ChannelState) -> ChannelState:
    return ChannelState(
        wire.channel_id,
        moment_or_none(wire.last_received_at, is_set=wire.HasField("last_received_at")),
        moment_or_none(wire.last_sent_at, is_set=wire.HasField("last_sent_at")),
        wire.waiting_to_leave,
        wire.quarantined,
        tuple(Trouble(one.kind, one.text) for one in wire.troubles),
        wire.is_posted_to,
    )
