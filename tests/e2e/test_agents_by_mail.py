"""An agent answers a customer from a mail program: O4, from the door to the sink."""

import uuid
from collections.abc import Iterator

import pytest

from relaydesk.ingest.v1 import service_pb2 as ingest_pb2
from tests.e2e.letters import MAILBOX, letter, messages_of, send, ticket_of
from tests.e2e.system import System
from tests.e2e.test_road import answered, sent_with, unique
from tests.waiting import wait_until

KATE = "kate@demo.example"
PROVEN = "mx.demo.example; dmarc=pass header.from=demo.example"


@pytest.fixture
def mailbox(system: System) -> Iterator[None]:
    """The mailbox believes its server, and lets agents answer."""

    def save(**told: str) -> None:
        asked = ingest_pb2.GetChannelRequest(channel_id="support")
        channel = system.ingest.GetChannel(asked, metadata=system.metadata, timeout=60).channel
        for name, value in told.items():
            channel.settings[name] = value
        request = ingest_pb2.SaveChannelRequest(channel=channel, expected_version=channel.version)
        system.ingest.SaveChannel(request, metadata=system.metadata, timeout=60)

    save(authserv_id="mx.demo.example", agents_answer="public")
    yield
    save(agents_answer="note")


def test_an_agents_mail_leaves_to_the_customer_where_it_is_proven(system: System, mailbox: None) -> None:
    mail = letter(unique("Answer me by mail"), sender="Ana <ana@customer.example>")
    send(system, mail)
    ticket = ticket_of(system, str(mail["Subject"]))
    first = f"We look into it {uuid.uuid4().hex}"
    answered(system, ticket, first)
    ours = wait_until(lambda: sent_with(system, first), describe="our first answer")[0]
    words = f"It is on its way {uuid.uuid4().hex}"

    def write(**headers: str) -> None:
        text = f"{words}\n\nOn 2 March 2026 at 10:00, Support wrote:\n> {first}\n"
        reply = letter(
            f"Re: {mail['Subject']}", text, sender=KATE, answers=str(ours["Message-ID"]), **headers
        )
        send(system, reply)

    def written() -> list[str]:
        return [one.visibility for one in messages_of(system, ticket) if words in one.text]

    write()
    wait_until(lambda: written() == ["internal"], describe=written)

    def leaves() -> bool:
        # Running roles know of the settings within seconds.
        write(Authentication_Results=PROVEN)
        return bool(sent_with(system, words))

    wait_until(leaves, interval=2, describe="the agent's answer in the sink")
    (left, *_) = sent_with(system, words)
    assert (left["To"], left["From"]) == ("ana@customer.example", ours["From"])
    assert first not in left.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert MAILBOX in str(ours["From"])

    def in_flight() -> int:
        answer = system.ingest.GetLedger(ingest_pb2.GetLedgerRequest(), metadata=system.metadata, timeout=60)
        return int(answer.total.in_flight)

    wait_until(lambda: in_flight() == 0, describe=in_flight)
