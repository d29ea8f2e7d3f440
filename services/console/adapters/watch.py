"""What happens to tickets, as it happens: one WatchTickets stream on the event loop."""

from collections.abc import AsyncIterator

import grpc

from chassis.errors import Refused, Unavailable
from chassis.rpc import aio_channel
from chassis.telemetry import logger
from relaydesk.tickets.v1 import service_pb2
from relaydesk.tickets.v1.service_pb2_grpc import TicketsServiceStub
from services.console.adapters.tickets import ticket_of
from services.console.domain.tickets import Fact


class GrpcWatch:
    """Implements the port Watch. The channel is opened on the loop that first asks."""

    def __init__(self, address: str, token: str) -> None:
        self._address = address
        self._token = token

    async def facts(self, from_sequence: int) -> AsyncIterator[Fact]:
        async with aio_channel(self._address, self._token) as channel:
            stub = TicketsServiceStub(channel)
            request = service_pb2.WatchTicketsRequest(from_sequence=from_sequence)
            try:
                async for answer in stub.WatchTickets(request):
                    yield _fact_of(answer)
            except (Unavailable, Refused, grpc.RpcError) as error:
                # Also a refusal is waited out: the token may come, and the pages go on without the stream.
                logger(__name__).warning("watch_refused", error=str(error))
                raise Unavailable("tickets") from error
        raise Unavailable("tickets")


def _fact_of(wire: service_pb2.WatchTicketsResponse) -> Fact:
    kind = wire.WhichOneof("fact")
    if kind == "ticket_opened":
        opened = wire.ticket_opened
        return Fact(wire.sequence, wire.event_id, "opened", ticket_of(opened.ticket), opened.message.id)
    if kind == "message_added":
        added = wire.message_added
        return Fact(wire.sequence, wire.event_id, "message", ticket_of(added.ticket), added.message.id)
    if kind == "ticket_changed":
        return Fact(wire.sequence, wire.event_id, "changed", ticket_of(wire.ticket_changed.ticket))
    return Fact(wire.sequence, wire.event_id, "heartbeat", None)
