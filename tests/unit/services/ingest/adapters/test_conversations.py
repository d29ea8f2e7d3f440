"""What was written before is asked of tickets."""

from collections.abc import Iterator

import pytest

from chassis import rpc
from chassis.errors import Unavailable
from relaydesk.tickets.v1 import ticket_pb2
from services.ingest.adapters.conversations import LISTED, Conversations
from tests.fakes.tickets_rpc import FakeTickets


@pytest.fixture
def tickets() -> Iterator[FakeTickets]:
    fake = FakeTickets()
    yield fake
    fake.stop()


def _message(message_id: str, visibility: str = "public") -> ticket_pb2.Message:
    return ticket_pb2.Message(
        id=message_id,
        visibility=visibility,
        author=ticket_pb2.Actor(kind="requester", name="Anna"),
        text=f"text of {message_id}",
        external_id=f"<{message_id}@client.example>",
    )


def test_only_what_everybody_may_read_and_what_is_older_is_repeated(tickets: FakeTickets) -> None:
    tickets.messages["t1"] = [_message("m1"), _message("m2", "internal"), _message("m3"), _message("m4")]
    with rpc.channel(tickets.address, "token", retried=LISTED) as channel:
        earlier = Conversations(channel).earlier("t1", "m3")
    assert [(one.author_name, one.said, one.external_id) for one in earlier] == [
        ("Anna", "text of m1", "<m1@client.example>")
    ]


def test_what_a_message_quotes_is_not_repeated_once_more(tickets: FakeTickets) -> None:
    # Not what a second reading of the text would say, but what was said of it when it came.
    asked = _message("m1")
    asked.text, asked.said = "And when?\n\nMit freundlichen Grüßen\n> On its way.", "And when?"
    tickets.messages["t1"] = [asked]
    with rpc.channel(tickets.address, "token", retried=LISTED) as channel:
        (earlier,) = Conversations(channel).earlier("t1", "m3")
    assert earlier.said == "And when?"


def test_tickets_away_is_said_by_name() -> None:
    with (
        rpc.channel("127.0.0.1:1", "token", retried=LISTED) as channel,
        pytest.raises(Unavailable),
    ):
        Conversations(channel).earlier("t1", "m3")
