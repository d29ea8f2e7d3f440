"""Channels, the ledger, quarantine, files and the send ledger from the ingest service."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

import grpc

from relaydesk.ingest.v1 import screening_pb2, service_pb2
from relaydesk.ingest.v1.service_pb2_grpc import IngestServiceStub
from services.console.adapters.calls import Caller, moment, moment_or_none, stamp_of
from services.console.application.ports import Download
from services.console.domain.ingest import (
    Channel,
    Fetching,
    Ledger,
    LedgerLine,
    LedgerRow,
    LedgerRowPage,
    Quarantined,
    QuarantinePage,
    Send,
    SendPage,
    Span,
)
from services.console.domain.tickets import Attachment

# A 35 MB mail over a slow line; the deadline of a call by hand would cut it.
_DOWNLOAD = timedelta(minutes=10)


class GrpcIngest:
    """Implements the port Ingest."""

    def __init__(self, channel: grpc.Channel, caller: Caller) -> None:
        self._stub = IngestServiceStub(channel)
        self._caller = caller

    def list_channels(self) -> tuple[Channel, ...]:
        answer = self._caller.ask(self._stub.ListChannels, service_pb2.ListChannelsRequest())
        return tuple(
            Channel(
                wire.id,
                wire.name,
                wire.kind,
                wire.lane,
                dict(wire.settings),
                wire.is_paused,
                wire.version,
                moment_or_none(wire.updated_at, is_set=wire.HasField("updated_at")),
                _fetching_of(wire.fetching) if wire.HasField("fetching") else None,
            )
            for wire in answer.channels
        )

    def get_ledger(self, span: Span, channel_id: str = "") -> Ledger:
        request = service_pb2.GetLedgerRequest(channel_id=channel_id)
        _bound(request, span)
        answer = self._caller.ask(self._stub.GetLedger, request)
        return Ledger(_line_of(answer.total), tuple(_line_of(line) for line in answer.channels))

    def list_ledger_rows(
        self,
        channel_id: str,
        span: Span,
        *,
        outcomes: Sequence[str] = (),
        page_token: str = "",
        page_size: int = 60,
    ) -> LedgerRowPage:
        request = service_pb2.ListLedgerRowsRequest(
            channel_id=channel_id, outcomes=outcomes, page_token=page_token, page_size=page_size
        )
        _bound(request, span)
        answer = self._caller.ask(self._stub.ListLedgerRows, request)
        return LedgerRowPage(tuple(map(_row_of, answer.rows)), answer.next_page_token)

    def list_quarantine(
        self, *, channel_id: str = "", page_token: str = "", page_size: int = 60
    ) -> QuarantinePage:
        request = service_pb2.ListQuarantineRequest(
            channel_id=channel_id, page_token=page_token, page_size=page_size
        )
        answer = self._caller.ask(self._stub.ListQuarantine, request)
        return QuarantinePage(tuple(map(set_aside_of, answer.messages)), answer.next_page_token)

    def retry_quarantined(self, intake_ids: Sequence[str]) -> int:
        request = service_pb2.RetryQuarantinedRequest(intake_ids=intake_ids)
        return self._caller.ask(self._stub.RetryQuarantined, request).retried

    def read_raw(self, intake_id: str) -> Iterator[bytes]:
        request = service_pb2.ReadRawMessageRequest(intake_id=intake_id)
        pieces = self._caller.stream(self._stub.ReadRawMessage, request, deadline=_DOWNLOAD)
        return (piece.data for piece in pieces)

    def read_attachment(self, attachment_id: str) -> Download:
        request = service_pb2.ReadAttachmentRequest(attachment_id=attachment_id)
        pieces = self._caller.stream(self._stub.ReadAttachment, request, deadline=_DOWNLOAD)
        first = next(pieces, service_pb2.ReadAttachmentResponse())

        def data() -> Iterator[bytes]:
            yield first.data
            for piece in pieces:
                yield piece.data

        return Download(first.name, first.mime_type, first.size, data())

    def write_attachment(self, name: str, mime_type: str, pieces: Iterator[bytes]) -> Attachment:
        def requests() -> Iterator[service_pb2.WriteAttachmentRequest]:
            # The name travels once, even where the file is empty.
            yield service_pb2.WriteAttachmentRequest(name=name, mime_type=mime_type)
            for piece in pieces:
                yield service_pb2.WriteAttachmentRequest(data=piece)

        with self._caller.named():
            answer = self._stub.WriteAttachment(requests(), timeout=_DOWNLOAD.total_seconds())
        return Attachment(answer.attachment_id, name, mime_type, answer.size)

    def list_sends(
        self, *, states: Sequence[str] = (), ticket_id: str = "", page_token: str = "", page_size: int = 60
    ) -> SendPage:
        request = service_pb2.ListSendsRequest(
            ticket_id=ticket_id, states=states, page_token=page_token, page_size=page_size
        )
        answer = self._caller.ask(self._stub.ListSends, request)
        return SendPage(tuple(_send_of(send) for send in answer.sends), answer.next_page_token)


def set_aside_of(wire: service_pb2.QuarantinedMessage | screening_pb2.BlockedMessage) -> Quarantined:
    """A message that waits for a person, whatever it was set aside for."""
    return Quarantined(
        wire.intake_id,
        wire.channel_id,
        wire.reason,
        getattr(wire, "from"),
        wire.size,
        moment(wire.received_at),
    )


def _fetching_of(wire: service_pb2.Fetching) -> Fetching:
    return Fetching(
        wire.trouble, wire.waiting, moment_or_none(wire.looked_at, is_set=wire.HasField("looked_at"))
    )


def _bound(request: service_pb2.GetLedgerRequest | service_pb2.ListLedgerRowsRequest, span: Span) -> None:
    """Ask for the span alone."""
    if span.begins_at is not None:
        getattr(request, "from").CopyFrom(stamp_of(span.begins_at))
    if span.ends_at is not None:
        request.to.CopyFrom(stamp_of(span.ends_at))


def _row_of(wire: service_pb2.LedgerRow) -> LedgerRow:
    return LedgerRow(
        wire.intake_id,
        wire.channel_id,
        wire.outcome,
        wire.reason,
        getattr(wire, "from"),
        wire.size,
        moment(wire.received_at),
        moment_or_none(wire.closed_at, is_set=wire.HasField("closed_at")),
        wire.ticket_id,
        wire.is_closed_twice,
    )


def _line_of(wire: service_pb2.LedgerLine) -> LedgerLine:
    return LedgerLine(
        channel_id=wire.channel_id,
        accepted=wire.accepted,
        ticketed=wire.ticketed,
        appended=wire.appended,
        applied=wire.applied,
        ignored=wire.ignored,
        quarantined=wire.quarantined,
        in_flight=wire.in_flight,
        in_flight_over_60s=wire.in_flight_over_60s,
        closed_twice=wire.closed_twice,
    )


def _send_of(wire: service_pb2.Send) -> Send:
    return Send(
        send_id=wire.id,
        ticket_id=wire.ticket_id,
        message_id=wire.message_id,
        channel_id=wire.channel_id,
        recipient=wire.recipient,
        state=wire.state,
        reason=wire.reason,
        attempts=wire.attempts,
        due_at=moment_or_none(wire.due_at, is_set=wire.HasField("due_at")),
        updated_at=moment_or_none(wire.updated_at, is_set=wire.HasField("updated_at")),
    )
