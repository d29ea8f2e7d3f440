"""ScreeningService: how patterns and lists read mail, tried on what came."""

# ruff: noqa: N802 - the methods have the names of the contract

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chassis.errors import InvalidField
from chassis.rpc import Access, RpcServer
from relaydesk.ingest.v1 import screening_pb2 as pb
from relaydesk.ingest.v1.screening_pb2_grpc import (
    ScreeningServiceServicer,
    add_ScreeningServiceServicer_to_server,
)
from services.ingest.adapters.directory import ChannelDirectory
from services.ingest.adapters.editors import CHANNELS
from services.ingest.adapters.intake_queues import IntakePublisher
from services.ingest.adapters.kinds import Kind, check_settings
from services.ingest.adapters.mongo.blocked import MongoBlocked
from services.ingest.adapters.mongo.channels import MongoChannels
from services.ingest.adapters.mongo.intake import MongoIntake
from services.ingest.adapters.places import MOST, page_size_of, place_of, token_of
from services.ingest.adapters.wire import stamp
from services.ingest.application.try_settings import Tried, try_settings

_MOST_TRIED = 50
_TRIED = 20
_TEXT = 2_000
_EDITORS = frozenset({"admin", "system", CHANNELS})
_AGENTS = frozenset({"admin", "agent", "system"})
_READERS = frozenset({"admin", "agent", "system", "read_only"})
_SERVICE = "relaydesk.ingest.v1.ScreeningService"
ACCESS: Access = {
    f"{_SERVICE}/TrySettings": _EDITORS,
    f"{_SERVICE}/ListBlocked": _READERS,
    f"{_SERVICE}/BringBack": _AGENTS,
}


class ScreeningRpc(ScreeningServiceServicer):
    """Answers in threads."""

    def __init__(
        self,
        *,
        channels: MongoChannels,
        directory: ChannelDirectory,
        kinds: Mapping[str, Kind],
        intake: MongoIntake,
        blocked: MongoBlocked,
        publisher: IntakePublisher,
    ) -> None:
        self._channels = channels
        self._directory = directory
        self._kinds = kinds
        self._intake = intake
        self._blocked = blocked
        self._publisher = publisher

    def TrySettings(self, request: pb.TrySettingsRequest, _: Any) -> pb.TrySettingsResponse:
        limit = request.limit or _TRIED
        if not 1 <= limit <= _MOST_TRIED:
            raise InvalidField("limit", f"1 to {_MOST_TRIED}", str(limit))
        channel = self._channels.get(request.channel_id)
        channel = replace(channel, settings={**channel.settings, **request.settings})
        check_settings(self._kinds, channel.kind, channel.settings)
        live = self._directory.built(channel)
        tried = try_settings(self._intake.latest(channel.channel_id, limit), live)
        return pb.TrySettingsResponse(messages=[_to_wire(one) for one in tried])

    def ListBlocked(self, request: pb.ListBlockedRequest, _: Any) -> pb.ListBlockedResponse:
        size = page_size_of(request.page_size)
        after = place_of(request.page_token) if request.page_token else None
        rows = self._blocked.list(request.channel_id, size + 1, after)
        answer = pb.ListBlockedResponse()
        for row in rows[:size]:
            message = answer.messages.add(
                intake_id=row.intake_id,
                channel_id=row.channel_id,
                reason=row.reason,
                size=row.size,
                received_at=stamp(row.received_at),
            )
            setattr(message, "from", row.sender)
        if len(rows) > size:
            last = rows[size - 1]
            answer.next_page_token = token_of(last.received_at, last.intake_id)
        return answer

    def BringBack(self, request: pb.BringBackRequest, _: Any) -> pb.BringBackResponse:
        if not 1 <= len(request.intake_ids) <= MOST:
            raise InvalidField("intake_ids", f"1 to {MOST} ids", str(len(request.intake_ids)))
        rows = self._blocked.bring_back(list(request.intake_ids))
        self._publisher.offer(rows)
        return pb.BringBackResponse(brought_back=len(rows))


def _to_wire(one: Tried) -> pb.TriedMessage:
    message, author = one.message, one.message.author
    wire = pb.TriedMessage(
        intake_id=one.row.intake_id,
        received_at=stamp(one.row.received_at),
        original_from=one.sender,
        original_subject=one.subject,
        subject=message.subject,
        text=(message.said or message.text)[:_TEXT],
        fields=message.fields,
        conversation=message.thread.conversation_id.partition("\n")[2],
        read_as=message.read_as,
        explanation=message.explanation,
    )
    wire.author.name, wire.author.email = author.name, author.email
    wire.author.phone, wire.author.external_id = author.phone, author.external_id
    return wire


def add_to(server: RpcServer, rpc: ScreeningRpc) -> None:
    """Serve it."""
    server.add(add_ScreeningServiceServicer_to_server, rpc)
