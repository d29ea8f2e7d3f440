"""ReportsService: requests become queries, answers become messages of the contract."""

# ruff: noqa: N802 - the methods have the names of the contract

import asyncio
import hashlib
import math
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from chassis import rpc
from chassis.clock import Clock
from chassis.errors import FailedPrecondition, InvalidField, NotFound
from chassis.ids import new_id
from chassis.rpc import Access, RpcServer
from relaydesk.reports.v1 import service_pb2 as pb
from relaydesk.reports.v1.service_pb2_grpc import ReportsServiceServicer, add_ReportsServiceServicer_to_server
from services.reports.application.get_board import get_board
from services.reports.application.ports import Buckets, Exports, Loads
from services.reports.application.query_report import query_report
from services.reports.application.write_export import start_export
from services.reports.domain import figures as names
from services.reports.domain.board import Board, ChannelBoard, Point
from services.reports.domain.export import DONE, Export
from services.reports.domain.histogram import Histogram
from services.reports.domain.query import (
    Query,
    ReportRow,
    checked_board_span,
    checked_load_query,
    checked_query,
)
from services.reports.domain.queues import QueueMinutes
from services.reports.domain.tally import moment_of

_READERS = frozenset({"admin", "agent", "system", "read_only"})
_WRITERS = frozenset({"admin", "agent", "system"})
_SERVICE = "relaydesk.reports.v1.ReportsService"
ACCESS: Access = {
    f"{_SERVICE}/QueryReport": _READERS,
    f"{_SERVICE}/GetBoard": _READERS,
    f"{_SERVICE}/ListQueueLoad": _READERS,
    f"{_SERVICE}/StartExport": _WRITERS,
    f"{_SERVICE}/GetExport": _READERS,
    f"{_SERVICE}/ReadExport": _READERS,
}
# gRPC has no infinity worth sending: a queue that grows drains never.
_GROWS = -1.0
_LONGEST_KEY = 200


class ReportsRpc(ReportsServiceServicer):
    """Answers in threads; ReadExport on the loop."""

    def __init__(self, buckets: Buckets, loads: Loads, exports: Exports, clock: Clock) -> None:
        self._buckets = buckets
        self._loads = loads
        self._exports = exports
        self._clock = clock

    def QueryReport(self, request: pb.QueryReportRequest, _: Any) -> pb.QueryReportResponse:
        rows = query_report(_query(request), self._buckets)
        return pb.QueryReportResponse(rows=[_row(row) for row in rows])

    def GetBoard(self, request: pb.GetBoardRequest, _: Any) -> pb.GetBoardResponse:
        span = checked_board_span(request.span_seconds)
        end = _moment(request, "end") or self._clock.now()
        return _board(get_board(span, end, self._buckets, self._loads))

    def ListQueueLoad(self, request: pb.ListQueueLoadRequest, _: Any) -> pb.ListQueueLoadResponse:
        query = checked_load_query(
            _moment(request, "from"), _moment(request, "to"), request.queue, request.bucket_minutes
        )
        return pb.ListQueueLoadResponse(rows=[_load(load) for load in self._loads.list(query)])

    def StartExport(self, request: pb.StartExportRequest, _: Any) -> pb.StartExportResponse:
        if len(request.idempotency_key) > _LONGEST_KEY:
            raise InvalidField("idempotency_key", f"at most {_LONGEST_KEY} characters")
        query = _query(request.query)
        principal = rpc.call().principal
        export_id = new_id()
        if request.idempotency_key:
            own = f"{principal.token_id}\0{request.idempotency_key}".encode()
            export_id = hashlib.sha256(own).hexdigest()[:32]
        export = start_export(export_id, query, principal.token_id, self._clock.now(), self._exports)
        return pb.StartExportResponse(export=_export(export))

    def GetExport(self, request: pb.GetExportRequest, _: Any) -> pb.GetExportResponse:
        return pb.GetExportResponse(export=_export(self._found(request.export_id)))

    async def ReadExport(self, request: pb.ReadExportRequest, _: Any) -> AsyncIterator[pb.ReadExportResponse]:
        export = await asyncio.to_thread(self._found, request.export_id)
        if export.state != DONE:
            raise FailedPrecondition(f"the export is {export.state}")
        pieces = self._exports.read(export)
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            yield pb.ReadExportResponse(piece=piece)

    def _found(self, export_id: str) -> Export:
        export = self._exports.get(export_id)
        if export is None:
            raise NotFound(f"no export {export_id[:64]!r}")
        return export


def register(server: RpcServer, servicer: ReportsRpc) -> None:
    """Serve it."""
    server.add(add_ReportsServiceServicer_to_server, servicer)


def _query(request: pb.QueryReportRequest) -> Query:
    return checked_query(
        _moment(request, "from"),
        _moment(request, "to"),
        request.by,
        request.bucket_minutes,
        request.time_zone,
    )


def _moment(request: Message, field: str) -> datetime | None:
    """The moment, None where it is not set. Raises InvalidField where no calendar has it."""
    if not request.HasField(field):
        return None
    wire: Timestamp = getattr(request, field)
    try:
        return wire.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidField(field, "a moment of the years 1 to 9999", f"{wire.seconds} s") from error


def _stamp(moment: datetime) -> Timestamp:
    wire = Timestamp()
    wire.FromDatetime(moment)
    return wire


def _row(row: ReportRow) -> pb.ReportRow:
    figures = row.figures
    return pb.ReportRow(
        bucket_at=_stamp(moment_of(row.minute)),
        key=row.value,
        first_reply=_durations(figures.duration(names.FIRST_REPLY)),
        resolution=_durations(figures.duration(names.RESOLUTION)),
        first_reply_business=_durations(figures.duration(names.FIRST_REPLY_BUSINESS)),
        resolution_business=_durations(figures.duration(names.RESOLUTION_BUSINESS)),
        message_to_ticket=_durations(figures.duration(names.MESSAGE_TO_TICKET)),
        # Fields of the contract are named like the figures.
        **{name: figures[name] for name in names.COUNTS},
    )


def _durations(histogram: Histogram) -> pb.Durations:
    return pb.Durations(
        count=histogram.count,
        sum_seconds=histogram.sum_milliseconds / 1000,
        p50_seconds=histogram.quantile(0.5) / 1000,
        p95_seconds=histogram.quantile(0.95) / 1000,
        p99_seconds=histogram.quantile(0.99) / 1000,
    )


def _board(board: Board) -> pb.GetBoardResponse:
    window, whole = board.window, board.whole
    answer = pb.GetBoardResponse(
        to=_stamp(window.ends_at),
        channels=[_channel(channel, window.minutes) for channel in board.channels],
        points=[_point(point) for point in board.points],
        opened=whole[names.OPENED],
        solved=whole[names.SOLVED],
        messages_in=whole[names.MESSAGES_IN],
        messages_out=whole[names.MESSAGES_OUT],
        breached=whole[names.BREACHED],
        dead_letters=board.dead_letters,
        waiting=board.waiting,
        message_to_ticket=_durations(whole.duration(names.MESSAGE_TO_TICKET)),
    )
    # `from` is a word of Python's own.
    getattr(answer, "from").CopyFrom(_stamp(window.begins_at))
    return answer


def _channel(channel: ChannelBoard, minutes: float) -> pb.BoardChannel:
    return pb.BoardChannel(
        channel_id=channel.channel,
        in_per_minute=channel.arrived / minutes,
        out_per_minute=channel.completed / minutes,
        ready=channel.ready,
        unacked=channel.unacked,
        consumers=channel.consumers,
        drain_seconds=_GROWS if math.isinf(channel.drain_seconds) else channel.drain_seconds,
        message_to_ticket=_durations(channel.message_to_ticket),
        spark=channel.spark,
        dead_letters=channel.dead_letters,
        oldest_seconds=channel.oldest_seconds,
    )


def _point(point: Point) -> pb.BoardPoint:
    return pb.BoardPoint(
        at=_stamp(point.at),
        arrived=point.arrived,
        completed=point.completed,
        p50_seconds=point.message_to_ticket.quantile(0.5) / 1000,
        p95_seconds=point.message_to_ticket.quantile(0.95) / 1000,
        p99_seconds=point.message_to_ticket.quantile(0.99) / 1000,
    )


def _load(load: QueueMinutes) -> pb.QueueLoad:
    return pb.QueueLoad(
        queue=load.queue,
        at=_stamp(load.at),
        ready=load.ready,
        unacked=load.unacked,
        consumers=load.consumers,
        published_per_second=load.came_per_second,
        acked_per_second=load.left_per_second,
    )


def _export(export: Export) -> pb.Export:
    return pb.Export(
        id=export.export_id,
        state=export.state,
        reason=export.reason,
        rows=export.rows,
        size=export.size,
        requested_at=_stamp(export.requested_at),
        finished_at=_stamp(export.finished_at) if export.finished_at else None,
    )
