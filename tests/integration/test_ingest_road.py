"""From a kept row to a closed one, and from an answer to a sent mail, on real nodes."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP
from bson.binary import Binary

from bus.v1.bundle_pb2 import Bundle, Envelope
from chassis.bus import Bus, Outgoing, Publisher, dead_letters_to, declare_queue
from chassis.ids import new_id
from chassis.link import declaring
from relaydesk.ingest.v1 import events_pb2 as ingest
from relaydesk.ingest.v1 import service_pb2 as pb
from relaydesk.tickets.v1 import events_pb2 as tickets
from services.ingest.domain.tokens import Tokens
from tests.integration.ingest_desk import (
    MAILBOX,
    OTHER,
    IngestDesk,
    Sockets,
    ingest_on,
    letter,
    opened,
    post_body,
    reply,
    send,
)
from tests.unit.services.ingest.samples import raw as sample
from tests.waiting import wait_until


class Sink:
    """A mail server that keeps what it is sent, and answers as told."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, list[str], bytes]] = []
        self.answer = "250 kept"
        self.port = 0
        self._loop = asyncio.new_event_loop()
        started = threading.Event()

        def run() -> None:
            asyncio.set_event_loop(self._loop)
            server = self._loop.run_until_complete(
                self._loop.create_server(lambda: SMTP(self, loop=self._loop), "127.0.0.1", 0)
            )
            self.port = server.sockets[0].getsockname()[1]
            started.set()
            self._loop.run_forever()

        threading.Thread(target=run, daemon=True).start()
        started.wait(60)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.mails.append((envelope.mail_from, list(envelope.rcpt_tos), bytes(envelope.original_content)))
        return self.answer

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    sink = Sink()
    yield sink
    sink.stop()


@pytest.fixture(scope="module")
def desk(
    broker_url: str, broker_management_url: str, mongo_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[IngestDesk]:
    folder = tmp_path_factory.mktemp("secrets")
    quick = {"measure_every": _seconds(0.2), "send_every": _seconds(0.1), "sweep_after": _seconds(0.5)}
    with ingest_on(broker_url, broker_management_url, mongo_url, folder, **quick) as desk:
        yield desk


@pytest.fixture(scope="module")
def sockets(desk: IngestDesk, sink: Sink) -> Sockets:
    sockets = desk.serve()
    channel = sockets.rpc.GetChannel(pb.GetChannelRequest(channel_id="support")).channel
    channel.settings.update({"smtp_host": "127.0.0.1", "smtp_port": str(sink.port), "display_name": "Demo"})
    sockets.rpc.SaveChannel(pb.SaveChannelRequest(channel=channel, expected_version=channel.version))
    desk.desk.role("listen")
    desk.desk.role("work")
    return sockets


@pytest.fixture(autouse=True)
def _fresh(desk: IngestDesk, sockets: Sockets, sink: Sink) -> None:
    desk.database["intake"].delete_many({})
    desk.database["paces"].delete_many({})
    desk.desk.heard()
    desk.desk.said.clear()
    sink.mails.clear()
    sink.answer = "250 kept"


def _seconds(count: float) -> Any:
    from datetime import timedelta

    return timedelta(seconds=count)


def _received(desk: IngestDesk, count: int = 1) -> list[ingest.MessageReceived]:
    wait_until(lambda: len(desk.received()) >= count, describe=lambda: desk.rows())
    return desk.received()


# ----------------------------------------------------------------------------------------------------------- reading


def test_a_mail_becomes_a_fact_with_its_files(desk: IngestDesk, sockets: Sockets) -> None:
    send(sockets.smtp, sample("multipart-with-attachment"))
    (fact,) = _received(desk)
    assert fact.author.email == "anna@client.example"
    assert fact.text == "Hello *there*"
    assert fact.html.strip() == "<p>Hello <b>there</b></p>"
    assert fact.channel_kind == "email"
    (file,) = fact.attachments
    pieces = sockets.rpc.ReadAttachment(pb.ReadAttachmentRequest(attachment_id=file.attachment_id))
    assert b"".join(piece.data for piece in pieces) == b"%PDF-1.4 receipt"


def test_a_fact_is_named_by_its_row(desk: IngestDesk, sockets: Sockets) -> None:
    send(sockets.smtp, letter("<named@b>"))
    _received(desk)
    (envelope,) = desk.desk.said
    assert envelope.event_id == desk.rows()[0]["_id"]
    assert envelope.lane == "email"
    assert envelope.HasField("received_at")


def test_a_posted_message_becomes_a_fact(desk: IngestDesk, sockets: Sockets) -> None:
    desk.post(sockets, post_body("Где заказ?", conversation_id="c-1", fields={"order": 5}))
    (fact,) = _received(desk)
    assert (fact.text, fact.thread.conversation_id, dict(fact.fields)) == (
        "Где заказ?",
        "c-1",
        {"order": "5"},
    )
    assert desk.desk.said[0].lane == "api"


def test_a_flag_of_the_edge_reaches_the_fact(desk: IngestDesk, sockets: Sockets) -> None:
    send(sockets.smtp, letter("<flag@b>", "one"))
    send(sockets.smtp, letter("<flag@b>", "two"))
    facts = _received(desk, 2)
    assert sorted(list(fact.flags) for fact in facts) == [[], ["same_id_other_content"]]


def test_a_mail_in_pieces_is_read(desk: IngestDesk, sockets: Sockets) -> None:
    send(sockets.smtp, letter("<pieces@b>", "x" * 70 + "\r\n" + ("y" * 70 + "\r\n") * 10_000))
    (fact,) = _received(desk)
    assert fact.is_truncated


# -------------------------------------------------------------------------------------------------------- quarantine


def test_poison_is_set_aside_and_its_neighbours_are_read(desk: IngestDesk, sockets: Sockets) -> None:
    send(sockets.smtp, letter("<before@b>"))
    send(sockets.smtp, sample("quarantine-binary"))
    send(sockets.smtp, letter("<behind@b>"))
    _received(desk, 2)
    wait_until(lambda: desk.desk.heard(ingest.MessageQuarantined))
    (fact,) = desk.desk.heard(ingest.MessageQuarantined)
    assert "not a mail" in fact.reason
    (listed,) = sockets.rpc.ListQuarantine(pb.ListQuarantineRequest()).messages
    assert listed.intake_id == fact.intake_id
    raw = sockets.rpc.ReadRawMessage(pb.ReadRawMessageRequest(intake_id=fact.intake_id))
    assert b"PNG" in b"".join(piece.data for piece in raw)


def test_quarantine_can_be_tried_again_after_a_fix(desk: IngestDesk, sockets: Sockets) -> None:
    send(sockets.smtp, sample("quarantine-empty"))
    wait_until(lambda: desk.ledger().quarantined == 1)
    (row,) = desk.rows()
    desk.database["intake"].update_one({"_id": row["_id"]}, {"$set": {"raw": letter("<mended@b>")}})
    assert sockets.rpc.RetryQuarantined(pb.RetryQuarantinedRequest(channel_id="support")).retried == 1
    assert [fact.intake_id for fact in _received(desk)] == [row["_id"]]


def test_what_cannot_be_read_twice_says_so_twice(desk: IngestDesk, sockets: Sockets) -> None:
    send(sockets.smtp, sample("quarantine-empty"))
    wait_until(lambda: desk.ledger().quarantined == 1)
    sockets.rpc.RetryQuarantined(pb.RetryQuarantinedRequest(intake_ids=[desk.rows()[0]["_id"]]))
    wait_until(lambda: len(desk.desk.heard(ingest.MessageQuarantined)) == 2)
    assert len({envelope.event_id for envelope in desk.desk.said}) == 2


def test_a_row_that_makes_its_reader_stumble_is_set_aside_and_blocks_nobody(
    desk: IngestDesk, sockets: Sockets
) -> None:
    send(sockets.smtp, letter("<model@b>"))
    _received(desk)
    (row,) = desk.rows()
    # Its bytes are said to lie in a file that is not there.
    broken = {name: value for name, value in row.items() if name != "raw"}
    broken |= {"_id": new_id(), "key": "id:<broken@b>", "published": False, "raw_file": "raw-nowhere"}
    desk.database["intake"].insert_one(broken)
    send(sockets.smtp, letter("<behind-broken@b>"))
    wait_until(lambda: desk.ledger().quarantined == 1)
    assert {fact.thread.message_id for fact in desk.received()} == {"<model@b>", "<behind-broken@b>"}


def _row_like(desk: IngestDesk, name: str, **others: Any) -> str:
    """A row beside the only one there is, of which no queue knows; answers its id."""
    (row,) = desk.database["intake"].find({"key": {"$regex": "model"}})
    raw = letter(f"<{name}@b>")
    beside = {
        **row,
        "_id": new_id(),
        "key": f"id:<{name}@b>",
        "published": True,
        "state": "accepted",
        "raw": raw,
    }
    desk.database["intake"].insert_one({**beside, **others})
    return str(beside["_id"])


def _publish_suspect(desk: IngestDesk, *intake_ids: str) -> None:
    """As the broker delivers what was in hand when its reader died."""
    publisher = Publisher(Bus(desk.settings.broker_url, desk.settings.exchange))
    bundle = Bundle(events=[Envelope(event_id=one, lane="email") for one in intake_ids])
    headers = {"x-delivery-count": 3}
    publisher.publish([Outgoing("", "intake.support", bundle.SerializeToString(), "x", "suspect", headers)])
    publisher.close()


def test_a_row_that_killed_its_reader_each_time_is_set_aside_and_its_neighbours_are_read(
    desk: IngestDesk, sockets: Sockets
) -> None:
    send(sockets.smtp, letter("<model@b>"))
    _received(desk)
    deadly, innocent = _row_like(desk, "deadly", attempts=3), _row_like(desk, "innocent", attempts=2)
    _publish_suspect(desk, deadly, innocent)
    wait_until(lambda: {fact.thread.message_id for fact in desk.received()} == {"<model@b>", "<innocent@b>"})
    wait_until(lambda: desk.ledger().quarantined == 1)
    rows = {row["_id"]: row for row in desk.rows()}
    assert rows[deadly]["state"] == "quarantined"
    wait_until(lambda: not any("attempts" in row for row in desk.rows()), describe="attempts to be forgotten")


def test_what_the_broker_gives_up_of_an_intake_goes_to_the_dead_letters(
    desk: IngestDesk, sockets: Sockets
) -> None:
    with declaring(Bus(desk.settings.broker_url, desk.settings.exchange)) as channel:
        # The broker refuses a declaration with other arguments than the queue has.
        declare_queue(channel, "intake.support", dead_letters_to("intake.dead"))


@pytest.mark.parametrize("body", [b"\xff\xff not protobuf", Bundle().SerializeToString()])
def test_rubbish_in_an_intake_queue_is_buried_and_blocks_nobody(
    desk: IngestDesk, sockets: Sockets, body: bytes
) -> None:
    publisher = Publisher(Bus(desk.settings.broker_url, desk.settings.exchange))
    publisher.publish([Outgoing("", "intake.support", body, "x", "rubbish")])
    publisher.close()
    send(sockets.smtp, letter("<behind-rubbish@b>"))
    assert len(_received(desk)) == 1


def test_an_id_that_no_row_has_is_passed_over(desk: IngestDesk, sockets: Sockets) -> None:
    publisher = Publisher(Bus(desk.settings.broker_url, desk.settings.exchange))
    bundle = Bundle(events=[Envelope(event_id="nobody", lane="email")])
    publisher.publish([Outgoing("", "intake.support", bundle.SerializeToString(), "x", "stray")])
    publisher.close()
    send(sockets.smtp, letter("<behind-stray@b>"))
    assert len(_received(desk)) == 1


# ------------------------------------------------------------------------------------------------------- the ledger


def _closed(desk: IngestDesk) -> dict[str, Any]:
    wait_until(lambda: desk.rows()[0].get("closed_by"), describe=lambda: desk.rows())
    return desk.rows()[0]


def test_a_ticket_closes_the_row(desk: IngestDesk, sockets: Sockets) -> None:
    send(sockets.smtp, letter("<close@b>"))
    (fact,) = _received(desk)
    desk.answer_as_tickets(opened(fact.intake_id, "t1"))
    assert _closed(desk)["state"] == "ticketed"
    line = desk.ledger()
    assert (line.accepted, line.ticketed, line.in_flight, line.closed_twice) == (1, 1, 0, 0)


def test_hearing_twice_is_not_closing_twice(desk: IngestDesk, sockets: Sockets) -> None:
    send(sockets.smtp, letter("<twice@b>"))
    (fact,) = _received(desk)
    for _ in range(3):
        desk.answer_as_tickets(opened(fact.intake_id, "t2"))
    _closed(desk)
    desk.answer_as_tickets(opened("other", "t3"))
    assert desk.ledger().closed_twice == 0


def test_a_second_commit_for_the_same_message_is_counted(desk: IngestDesk, sockets: Sockets) -> None:
    send(sockets.smtp, letter("<double@b>"))
    (fact,) = _received(desk)
    desk.answer_as_tickets(opened(fact.intake_id, "t4"))
    _closed(desk)
    desk.answer_as_tickets(opened(fact.intake_id, "t5"))
    wait_until(lambda: desk.ledger().closed_twice == 1)


def test_an_ignored_message_keeps_its_reason(desk: IngestDesk, sockets: Sockets) -> None:
    send(sockets.smtp, letter("<ignored@b>"))
    (fact,) = _received(desk)
    desk.answer_as_tickets((tickets.MessageIgnored(intake_id=fact.intake_id, reason="loop"), "", 0))
    row = _closed(desk)
    assert (row["state"], row["reason"]) == ("ignored", "loop")


def test_what_was_never_published_is_brought_by_the_sweep(desk: IngestDesk, sockets: Sockets) -> None:
    send(sockets.smtp, letter("<model@b>"))
    (row,) = desk.rows()
    _received(desk)
    orphan = {
        **row,
        "_id": new_id(),
        "key": "id:<orphan@b>",
        "published": False,
        "raw": Binary(letter("<orphan@b>")),
    }
    desk.database["intake"].insert_one(orphan)
    wait_until(lambda: "<orphan@b>" in {fact.thread.message_id for fact in desk.received()})


# --------------------------------------------------------------------------------------------------------- answers


def _changes(desk: IngestDesk, count: int = 1) -> list[ingest.DeliveryChanged]:
    wait_until(lambda: len(desk.desk.heard(ingest.DeliveryChanged)) >= count)
    return desk.desk.heard(ingest.DeliveryChanged)


def _last_change(desk: IngestDesk, ticket_id: str) -> datetime:
    row = desk.database["sends"].find_one({"ticket_id": ticket_id})
    assert row is not None
    changed: datetime = row["updated_at"]
    return changed


def test_an_answer_leaves_threaded_and_its_state_is_said(
    desk: IngestDesk, sockets: Sockets, sink: Sink
) -> None:
    desk.answer_as_tickets(reply("aa01", "bb01", "anna@client.example"))
    (change,) = _changes(desk)
    ((sender, recipients, raw),) = sink.mails
    assert (change.state, change.ticket_id, change.recipient) == ("sent", "aa01", "anna@client.example")
    assert (sender, recipients) == (MAILBOX, ["anna@client.example"])
    mail = message_from_bytes(raw)
    assert mail["In-Reply-To"] == "<one@client.example>"
    assert Tokens(bytes.fromhex("ab" * 32)).ticket_of(mail["Message-ID"]) == "aa01"
    assert change.provider_message_id == mail["Message-ID"]


def test_an_answer_goes_to_each_recipient_once_and_never_to_ourselves(
    desk: IngestDesk, sockets: Sockets, sink: Sink
) -> None:
    desk.answer_as_tickets(
        reply("aa02", "bb02", "anna@client.example", "ANNA@client.example", OTHER, "b@client.example")
    )
    _changes(desk, 2)
    assert sorted(recipients[0] for _, recipients, _ in sink.mails) == [
        "anna@client.example",
        "b@client.example",
    ]


def test_an_answer_heard_twice_leaves_once(desk: IngestDesk, sockets: Sockets, sink: Sink) -> None:
    for _ in range(3):
        desk.answer_as_tickets(reply("aa03", "bb03", "anna@client.example"))
    desk.answer_as_tickets(reply("aa04", "bb04", "b@client.example"))
    _changes(desk, 2)
    assert len(sink.mails) == 2


def test_a_refused_recipient_has_failed(desk: IngestDesk, sockets: Sockets, sink: Sink) -> None:
    sink.answer = "550 5.1.1 no such user"
    desk.answer_as_tickets(reply("aa05", "bb05", "gone@client.example"))
    (change,) = _changes(desk)
    assert (change.state, change.reason) == (
        "failed",
        "the recipient's address does not exist: 550 5.1.1 no such user",
    )


def test_a_mailbox_whose_server_is_busy_waits_with_all_it_has_to_send(
    desk: IngestDesk, sockets: Sockets, sink: Sink
) -> None:
    sink.answer = "451 4.7.1 later"
    desk.answer_as_tickets(reply("aa16", "bb16", "anna@client.example"))
    _changes(desk)
    wait_until(lambda: desk.database["paces"].find_one({"_id": "support"}) is not None)
    desk.answer_as_tickets(reply("aa17", "bb17", "b@client.example"))
    wait_until(lambda: "451 4.7.1 later" in _reason(sockets, "aa17"))
    assert len(sink.mails) == 1


def _reason(sockets: Sockets, ticket_id: str) -> str:
    return "".join(
        one.reason for one in sockets.rpc.ListSends(pb.ListSendsRequest(ticket_id=ticket_id)).sends
    )


def test_who_asks_is_told_whether_a_mailbox_can_send(sockets: Sockets, sink: Sink) -> None:
    (check,) = sockets.rpc.TestChannel(pb.TestChannelRequest(channel_id="support")).checks
    assert (check.name, check.is_well) == ("smtp", True)
    assert sockets.rpc.TestChannel(pb.TestChannelRequest(channel_id="api")).checks == []
    assert sink.mails == []


def test_a_busy_server_is_tried_again_by_a_due_time_in_the_ledger(
    desk: IngestDesk, sockets: Sockets, sink: Sink
) -> None:
    sink.answer = "451 later"
    desk.answer_as_tickets(reply("aa06", "bb06", "anna@client.example"))
    (change,) = _changes(desk)
    assert change.state == "queued"
    (row,) = sockets.rpc.ListSends(pb.ListSendsRequest(ticket_id="aa06")).sends
    assert row.due_at.ToDatetime() > row.updated_at.ToDatetime()
    sink.answer = "250 kept"
    desk.database["paces"].delete_many({})
    desk.database["sends"].update_one({"_id": row.id}, {"$set": {"due_at": row.updated_at.ToDatetime()}})
    assert _changes(desk, 2)[1].state == "sent"
    assert _changes(desk, 2)[1].attempt == 2


def test_a_row_whose_process_died_after_the_data_is_unknown_and_never_sent(
    desk: IngestDesk, sockets: Sockets, sink: Sink
) -> None:
    sink.answer = "451 later"
    desk.answer_as_tickets(reply("aa07", "bb07", "anna@client.example"))
    _changes(desk)
    sink.answer = "250 kept"
    desk.database["paces"].delete_many({})
    sink.mails.clear()
    long_ago = _last_change(desk, "aa07")
    dead = {"state": "sending", "data_begun": True, "claimed_until": long_ago}
    desk.database["sends"].update_one({"ticket_id": "aa07"}, {"$set": dead})
    assert _changes(desk, 2)[1].state == "unknown"
    assert sink.mails == []


def test_a_row_whose_process_died_before_the_data_is_sent(
    desk: IngestDesk, sockets: Sockets, sink: Sink
) -> None:
    sink.answer = "451 later"
    desk.answer_as_tickets(reply("aa08", "bb08", "anna@client.example"))
    _changes(desk)
    sink.answer = "250 kept"
    desk.database["paces"].delete_many({})
    long_ago = _last_change(desk, "aa08")
    dead = {"state": "sending", "data_begun": False, "claimed_until": long_ago}
    desk.database["sends"].update_one({"ticket_id": "aa08"}, {"$set": dead})
    assert _changes(desk, 3)[-1].state == "sent"
