"""Mails that were made to harm, through the sockets on real nodes: said yes to once, kept byte by byte, read by the reader."""

from collections.abc import Iterator

import pytest

from relaydesk.ingest.v1 import service_pb2 as pb
from services.ingest.domain.mail import read_mail
from tests.integration.ingest_desk import IngestDesk, Sockets, ingest_on, letter, send
from tests.unit.services.ingest.bad_mails import BAD
from tests.unit.services.ingest.samples import HOUSE


@pytest.fixture(scope="module")
def desk(
    broker_url: str, broker_management_url: str, mongo_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[IngestDesk]:
    folder = tmp_path_factory.mktemp("secrets")
    with ingest_on(broker_url, broker_management_url, mongo_url, folder) as desk:
        yield desk


@pytest.fixture(scope="module")
def sockets(desk: IngestDesk) -> Sockets:
    return desk.serve()


@pytest.fixture(autouse=True)
def _empty(desk: IngestDesk, sockets: Sockets) -> None:
    desk.database["intake"].delete_many({})


@pytest.mark.parametrize("name", BAD)
def test_a_mail_that_was_made_to_harm_is_kept_as_it_came_and_read(
    desk: IngestDesk, sockets: Sockets, name: str
) -> None:
    raw = BAD[name]()
    assert send(sockets.smtp, raw) == {}
    assert send(sockets.smtp, raw) == {}
    (row,) = desk.rows()
    pieces = sockets.rpc.ReadRawMessage(pb.ReadRawMessageRequest(intake_id=row["_id"]))
    kept = b"".join(piece.data for piece in pieces)
    assert kept.split() == raw.split()
    message = read_mail(kept, "anna@client.example", HOUSE)
    assert message.author.email in ("anna@client.example", "a@b.example")
    assert len(message.thread.references) <= 100


def test_an_honest_mail_behind_all_of_them_is_kept_too(desk: IngestDesk, sockets: Sockets) -> None:
    for make in BAD.values():
        send(sockets.smtp, make())
    send(sockets.smtp, letter("<honest@client.example>"))
    assert len(desk.rows()) == len(BAD) + 1


def test_one_message_id_over_other_content_is_two_mails_and_each_repeat_is_none(
    desk: IngestDesk, sockets: Sockets
) -> None:
    for text in ("first", "second", "first", "second"):
        send(sockets.smtp, letter("<twice@client.example>", text))
    first, second = desk.rows()
    assert "flags" not in first
    assert second["flags"] == ["same_id_other_content"]
