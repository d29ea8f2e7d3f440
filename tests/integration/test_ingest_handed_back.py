"""What tickets cannot place and a person should see lies in quarantine: B4; and so does what goes in circles: A6."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from relaydesk.ingest.v1 import events_pb2 as ingest
from relaydesk.ingest.v1 import service_pb2 as pb
from relaydesk.tickets.v1 import events_pb2 as tickets
from services.ingest.adapters import wire
from services.ingest.adapters.mongo.handed_back import MongoHandedBack
from services.ingest.domain.intake import Closing, State
from tests.integration.ingest_desk import IngestDesk, Sockets, ingest_on, letter, send
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def desk(
    broker_url: str, broker_management_url: str, mongo_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[IngestDesk]:
    quick = {"measure_every": timedelta(seconds=0.2), "sweep_after": timedelta(seconds=0.5)}
    folder = tmp_path_factory.mktemp("secrets")
    with ingest_on(broker_url, broker_management_url, mongo_url, folder, **quick) as desk:
        yield desk


@pytest.fixture(scope="module")
def sockets(desk: IngestDesk) -> Sockets:
    sockets = desk.serve()
    desk.desk.role("listen")
    desk.desk.role("work")
    return sockets


@pytest.fixture(autouse=True)
def _fresh(desk: IngestDesk, sockets: Sockets) -> None:
    desk.database["intake"].delete_many({})
    desk.desk.heard()
    desk.desk.said.clear()


def _kept(desk: IngestDesk, sockets: Sockets, name: str) -> str:
    """The id of a mail that tickets was told of."""
    send(sockets.smtp, letter(f"<{name}@b>"))
    wait_until(lambda: len(desk.received()) >= 1, describe=desk.rows)
    return str(desk.rows()[0]["_id"])


def _listed(sockets: Sockets) -> list[str]:
    return [one.reason for one in sockets.rpc.ListQuarantine(pb.ListQuarantineRequest()).messages]


def _told(desk: IngestDesk) -> set[str]:
    """What tickets was told of, by the ids of the facts: on a busy machine the sweep may say one again."""
    desk.received()
    return {one.event_id for one in desk.desk.said if one.type == wire.RECEIVED}


def test_a_bounce_of_what_we_never_sent_waits_in_quarantine_until_a_person_has_seen_it(
    desk: IngestDesk, sockets: Sockets
) -> None:
    intake_id = _kept(desk, sockets, "stray")
    answer = tickets.MessageIgnored(intake_id=intake_id, reason="bounce_of_unknown")
    desk.answer_as_tickets((answer, "", 0))
    wait_until(lambda: desk.ledger().quarantined == 1)
    assert _listed(sockets) == ["it reports that a mail did not arrive that we never sent"]
    wait_until(lambda: desk.desk.heard(ingest.MessageQuarantined))
    sockets.rpc.RetryQuarantined(pb.RetryQuarantinedRequest(intake_ids=[intake_id]))
    # Another fact, or tickets would take it for a repeat.
    wait_until(lambda: _told(desk) == {intake_id, f"{intake_id}:1"}, describe=lambda: _told(desk))
    desk.answer_as_tickets((answer, "", 0))
    wait_until(lambda: desk.ledger().ignored == 1)
    assert desk.ledger().quarantined == 0


def test_an_answer_that_is_heard_again_sets_nothing_aside_again(desk: IngestDesk, sockets: Sockets) -> None:
    intake_id = _kept(desk, sockets, "again")
    shelf = MongoHandedBack(desk.database)
    closing = Closing(intake_id, State.QUARANTINED, "one", "why")
    at = desk.rows()[0]["received_at"]
    assert [shelf.set_aside([closing], at) for _ in range(2)] == [[(intake_id, "support")]] * 2
    (row,) = desk.rows()
    assert (row["state"], row["handed_back"], "closed_by" in row) == ("quarantined", 1, False)
    sockets.rpc.RetryQuarantined(pb.RetryQuarantinedRequest(intake_ids=[intake_id]))
    assert shelf.set_aside([closing], at) == []
    assert desk.rows()[0]["handed_back"] == 1


def test_a_mail_through_too_many_servers_is_read_once_a_person_lets_it_through(
    desk: IngestDesk, sockets: Sockets
) -> None:
    send(
        sockets.smtp, b"Received: from a by b; Mon, 2 Mar 2026 10:00:00 +0000\r\n" * 31 + letter("<circle@b>")
    )
    wait_until(lambda: desk.ledger().quarantined == 1)
    assert _listed(sockets) == ["held for review: it has been through more than 30 servers"]
    assert desk.received() == []
    sockets.rpc.RetryQuarantined(pb.RetryQuarantinedRequest(channel_id="support"))
    wait_until(lambda: len(desk.received()) >= 1)
    assert "too_many_hops" in desk.received()[0].flags
