"""The stream as the tickets service sends it: several facts in a message, or one as an earlier version does."""

import asyncio
from contextlib import aclosing

import pytest

from chassis.errors import Unavailable
from relaydesk.tickets.v1 import events_pb2, service_pb2, ticket_pb2
from services.console.adapters.watch import GrpcWatch
from services.console.domain.tickets import News
from tests.fakes.tickets_rpc import FakeTickets

Response = service_pb2.WatchTicketsResponse


def _opened(sequence: int) -> Response:
    ticket = ticket_pb2.Ticket(id=f"t{sequence}", number=sequence, subject=f"Parcel {sequence}", version=1)
    fact = events_pb2.TicketOpened(ticket=ticket)
    return Response(sequence=sequence, event_id=f"t{sequence}:1:0", ticket_opened=fact)


def _heard(*answers: Response) -> list[News]:
    """All that is heard until the stream ends, which it does as when the service is away."""
    tickets, heard = FakeTickets(), []
    tickets.stream += answers

    async def listen() -> None:
        async with aclosing(GrpcWatch(tickets.address, "token").news(7)) as news:
            async for one in news:
                heard.append(one)

    try:
        with pytest.raises(Unavailable):
            asyncio.run(listen())
    finally:
        tickets.stop()
    (asked,) = tickets.watches
    assert (asked.from_sequence, asked.batch) == (7, True)
    return heard


def test_facts_of_one_message_come_in_their_order() -> None:
    (news,) = _heard(Response(sequence=12, batch=[_opened(8), _opened(9)]))
    assert news.sequence == 12
    assert [(fact.sequence, fact.kind, fact.ticket_id, fact.number) for fact in news.facts] == [
        (8, "opened", "t8", 8),
        (9, "opened", "t9", 9),
    ]
    assert [fact.read().subject for fact in news.facts] == ["Parcel 8", "Parcel 9"]


def test_a_fact_alone_is_news_too() -> None:
    (news,) = _heard(_opened(8))
    assert (news.sequence, [fact.number for fact in news.facts]) == (8, [8])


def test_a_heartbeat_and_what_is_not_known_here_only_say_how_far_it_is() -> None:
    heard = _heard(Response(sequence=8, heartbeat=service_pb2.Heartbeat()), Response(sequence=9))
    assert heard == [News(8), News(9)]
