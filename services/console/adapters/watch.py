"""What happens to tickets, as it happens: one WatchTickets stream on the event loop."""

from collections.abc import AsyncGenerator
from functools import partial

import grpc

from chassis.errors import Refused, Unavailable
from chassis.rpc import aio_channel
from chassis.telemetry import logger
from relaydesk.tickets.v1 import service_pb2, ticket_pb2
from relaydesk.tickets.v1.service_pb2_grpc import TicketsServiceStub
from services.console.adapters.tickets import ticket_of
from services.console.domain.tickets import Fact, News, Ticket

_KINDS = {"ticket_opened": "opened", "message_added": "message", "ticket_changed": "changed"}


class GrpcWatch:
    """Implements the port Watch. The channel is opened on the loop that asks."""

    def __init__(self, address: str, token: str) -> None:
        self._address = address
        self._token = token

    async def news(self, from_sequence: int) -> AsyncGenerator[News, None]:
        async with aio_channel(self._address, self._token) as channel:
            stub = TicketsServiceStub(channel)
            request = service_pb2.WatchTicketsRequest(from_sequence=from_sequence, batch=True)
            try:
                async for answer in stub.WatchTickets(request):
                    yield _news_of(answer)
            except (Unavailable, Refused, grpc.RpcError) as error:
                # Also a refusal is waited out: the token may come, and the pages go on without the stream.
                logger(__name__).warning("watch_refused", error=str(error))
                raise Unavailable("tickets") from error
        raise Unavailable("tickets")


def _news_of(wire: service_pb2.WatchTicketsResponse) -> News:
    # A server of an earlier version sends each fact alone.
    facts = (_fact_of(one) for one in wire.batch or (wire,))
    return News(wire.sequence, tuple(fact for fact in facts if fact is not None))


def _fact_of(wire: service_pb2.WatchTicketsResponse) -> Fact | None:
    name = wire.WhichOneof("fact")
    # A heartbeat, or a fact of a later version.
    if name is None or name not in _KINDS:
        return None
    ticket: ticket_pb2.Ticket = getattr(wire, name).ticket
    # As bytes: a part of the message would keep the whole of it in memory, with all that people wrote.
    read = partial(_read, ticket.SerializeToString())
    return Fact(wire.sequence, _KINDS[name], ticket.id, ticket.number, read)


def _read(raw: bytes) -> Ticket:
    return ticket_of(ticket_pb2.Ticket.FromString(raw))
