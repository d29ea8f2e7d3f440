"""Lists and patterns at work, from the ingest service."""

from collections.abc import Mapping, Sequence

import grpc

from relaydesk.ingest.v1 import screening_pb2
from relaydesk.ingest.v1.screening_pb2_grpc import ScreeningServiceStub
from services.console.adapters.calls import Caller, moment
from services.console.adapters.ingest import set_aside_of
from services.console.domain.screening import BlockedPage, Tried


class GrpcScreening:
    """Implements the port Screening."""

    def __init__(self, channel: grpc.Channel, caller: Caller) -> None:
        self._stub = ScreeningServiceStub(channel)
        self._caller = caller

    def list_blocked(self, *, channel_id: str = "", page_token: str = "", page_size: int = 60) -> BlockedPage:
        request = screening_pb2.ListBlockedRequest(
            channel_id=channel_id, page_token=page_token, page_size=page_size
        )
        answer = self._caller.ask(self._stub.ListBlocked, request)
        return BlockedPage(tuple(map(set_aside_of, answer.messages)), answer.next_page_token)

    def bring_back(self, intake_ids: Sequence[str]) -> int:
        request = screening_pb2.BringBackRequest(intake_ids=intake_ids)
        return self._caller.ask(self._stub.BringBack, request).brought_back

    def try_settings(self, channel_id: str, settings: Mapping[str, str]) -> tuple[Tried, ...]:
        request = screening_pb2.TrySettingsRequest(channel_id=channel_id, settings=settings)
        answer = self._caller.ask(self._stub.TrySettings, request)
        return tuple(_tried_of(wire) for wire in answer.messages)


def _tried_of(wire: screening_pb2.TriedMessage) -> Tried:
    return Tried(
        moment(wire.received_at),
        wire.original_from,
        wire.original_subject,
        wire.author.name,
        wire.author.email,
        wire.author.phone,
        wire.author.external_id,
        wire.subject,
        wire.text,
        dict(wire.fields),
        wire.conversation,
        wire.read_as,
        wire.explanation,
    )
