"""The board and the queues' load from the reports service."""

from datetime import datetime, timedelta

import grpc

from relaydesk.reports.v1 import service_pb2
from relaydesk.reports.v1.service_pb2_grpc import ReportsServiceStub
from services.console.adapters.calls import Caller, moment, stamp_of
from services.console.domain.reports import Board, BoardChannel, BoardPoint, Durations, QueueLoad


class GrpcReports:
    """Implements the port Reports."""

    def __init__(self, channel: grpc.Channel, caller: Caller) -> None:
        self._stub = ReportsServiceStub(channel)
        self._caller = caller

    def get_board(self, span: timedelta, end: datetime | None) -> Board:
        request = service_pb2.GetBoardRequest(
            span_seconds=round(span.total_seconds()), end=None if end is None else stamp_of(end)
        )
        return _board_of(self._caller.ask(self._stub.GetBoard, request))

    def list_queue_load(self, begins_at: datetime, ends_at: datetime) -> tuple[QueueLoad, ...]:
        request = service_pb2.ListQueueLoadRequest(to=stamp_of(ends_at))
        # `from` is a word of Python's own.
        getattr(request, "from").CopyFrom(stamp_of(begins_at))
        answer = self._caller.ask(self._stub.ListQueueLoad, request)
        return tuple(
            QueueLoad(
                row.queue,
                moment(row.at),
                row.ready,
                row.unacked,
                row.consumers,
                row.published_per_second,
                row.acked_per_second,
            )
            for row in answer.rows
        )


def _board_of(wire: service_pb2.GetBoardResponse) -> Board:
    return Board(
        begins_at=moment(getattr(wire, "from")),
        ends_at=moment(wire.to),
        channels=tuple(_channel_of(channel) for channel in wire.channels),
        points=tuple(
            BoardPoint(
                moment(point.at),
                point.arrived,
                point.completed,
                point.p50_seconds,
                point.p95_seconds,
                point.p99_seconds,
            )
            for point in wire.points
        ),
        opened=wire.opened,
        solved=wire.solved,
        messages_in=wire.messages_in,
        messages_out=wire.messages_out,
        breached=wire.breached,
        dead_letters=wire.dead_letters,
        waiting=wire.waiting,
        latency=_durations_of(wire.message_to_ticket),
    )


def _channel_of(wire: service_pb2.BoardChannel) -> BoardChannel:
    return BoardChannel(
        channel_id=wire.channel_id,
        in_per_minute=wire.in_per_minute,
        out_per_minute=wire.out_per_minute,
        ready=wire.ready,
        unacked=wire.unacked,
        consumers=wire.consumers,
        drain_seconds=wire.drain_seconds,
        latency=_durations_of(wire.message_to_ticket),
        spark=tuple(wire.spark),
        dead_letters=wire.dead_letters,
        oldest_seconds=wire.oldest_seconds,
    )


def _durations_of(wire: service_pb2.Durations) -> Durations:
    return Durations(wire.count, wire.sum_seconds, wire.p50_seconds, wire.p95_seconds, wire.p99_seconds)
