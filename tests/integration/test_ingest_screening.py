"""Forms, lists and what they do, over ingest's own sockets and on real nodes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chassis.errors import InvalidFields
from relaydesk.ingest.v1 import events_pb2 as ingest
from relaydesk.ingest.v1 import screening_pb2 as pb
from relaydesk.ingest.v1 import service_pb2
from tests.integration.ingest_desk import IngestDesk, Sockets, ingest_on, send
from tests.waiting import wait_until

FORM = "- {name: Site, from: forms.example, pick: {email: {label: E-mail}, fields.order: {label: Order}}}"


@pytest.fixture(scope="module")
def desk(
    broker_url: str, broker_management_url: str, mongo_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[IngestDesk]:
    folder: Path = tmp_path_factory.mktemp("secrets")
    with ingest_on(broker_url, broker_management_url, mongo_url, folder) as made:
        yield made


@pytest.fixture(scope="module")
def sockets(desk: IngestDesk) -> Sockets:
    found = desk.serve()
    desk.desk.role("listen")
    return found


def _form(message_id: str, text: str, sender: str = "robot@forms.example") -> bytes:
    head = f"From: {sender}\r\nTo: support@demo.example\r\nSubject: Request\r\nMessage-ID: {message_id}\r\n"
    return f"{head}\r\n{text}\r\n".encode()


def test_patterns_are_tried_on_the_latest_mails_and_change_nothing(
    desk: IngestDesk, sockets: Sockets
) -> None:
    send(sockets.smtp, _form("<f1@forms>", "E-mail: anna@client.example\r\nOrder: 77-12"))
    send(sockets.smtp, _form("<f2@forms>", "E-mail:\r\nOrder: 77-13"))
    send(sockets.smtp, _form("<f3@forms>", "Hello", sender="boris@client.example"))
    wait_until(lambda: len({fact.intake_id for fact in desk.received()}) == 3)
    tried = sockets.screening.TrySettings(
        pb.TrySettingsRequest(channel_id="support", settings={"mail_patterns": FORM})
    ).messages
    assert [one.read_as for one in tried] == ["", "missed", "form"]
    picked = tried[2]
    assert (picked.author.email, picked.fields["order"]) == ("anna@client.example", "77-12")
    assert (picked.original_from, picked.original_subject) == ("robot@forms.example", "Request")
    assert "“Site” found no e-mail" in tried[1].explanation
    assert {fact.author.email for fact in desk.received()} == {"robot@forms.example", "boris@client.example"}


def test_patterns_that_cannot_be_are_refused_with_their_place(sockets: Sockets) -> None:
    request = pb.TrySettingsRequest(channel_id="support", settings={"mail_patterns": "- {name: Site}"})
    with pytest.raises(InvalidFields) as refused:
        sockets.screening.TrySettings(request)
    assert refused.value.fields[0].field == "channel.settings.mail_patterns.0"


def test_a_saved_pattern_names_the_person_in_what_is_said(desk: IngestDesk, sockets: Sockets) -> None:
    channel = sockets.rpc.GetChannel(service_pb2.GetChannelRequest(channel_id="support")).channel
    channel.settings["mail_patterns"] = FORM
    sockets.rpc.SaveChannel(service_pb2.SaveChannelRequest(channel=channel, expected_version=channel.version))
    wait_until(lambda: _said_of(desk, sockets) is not None)
    fact = _said_of(desk, sockets)
    assert fact is not None
    assert (fact.author.email, dict(fact.fields)) == ("anna@client.example", {"order": "99"})
    assert "claimed_requester" in fact.flags
    assert fact.explanation.startswith("Form “Site”")


def _said_of(desk: IngestDesk, sockets: Sockets) -> ingest.MessageReceived | None:
    """Readers learn of new settings within seconds, so mails are sent until one is read by them."""
    number = len(desk.rows())
    send(sockets.smtp, _form(f"<g{number}@forms>", "E-mail: anna@client.example\r\nOrder: 99"))
    wait_until(lambda: len(desk.received()) > number)
    return next((fact for fact in desk.received() if fact.fields.get("order") == "99"), None)


def test_a_blocked_mail_is_counted_with_its_reason_read_by_nobody_and_can_be_brought_back(
    desk: IngestDesk, sockets: Sockets
) -> None:
    desk.save(
        sockets.rpc, "walled", "email", "email", address="walled@demo.example", block_list="casino.example"
    )
    raw = _form("<c1@casino>", "Win!", sender="x@casino.example")
    wait_until(lambda: not send(sockets.smtp, raw, "walled@demo.example"))
    wait_until(lambda: _line(sockets).ignored == 1)
    (blocked,) = sockets.screening.ListBlocked(pb.ListBlockedRequest(channel_id="walled")).messages
    assert blocked.reason == "blocked by domain: casino.example"
    assert (_line(sockets).accepted, _line(sockets).in_flight) == (1, 0)
    assert "<c1@casino>" not in {fact.thread.message_id for fact in desk.received()}

    back = sockets.screening.BringBack(pb.BringBackRequest(intake_ids=[blocked.intake_id]))
    assert back.brought_back == 1
    wait_until(lambda: "<c1@casino>" in {fact.thread.message_id for fact in desk.received()})
    assert not sockets.screening.ListBlocked(pb.ListBlockedRequest()).messages
    assert (_line(sockets).ignored, _line(sockets).in_flight) == (0, 1)
    again = sockets.screening.BringBack(pb.BringBackRequest(intake_ids=[blocked.intake_id]))
    assert again.brought_back == 0


def test_what_one_mailbox_keeps_out_for_all_is_kept_out_by_every_one_that_does_not_say_otherwise(
    desk: IngestDesk, sockets: Sockets
) -> None:
    lists = {"block_list": "lottery.example", "lists_for_all": "true"}
    desk.save(sockets.rpc, "office", "email", "email", address="office@demo.example", **lists)
    own = {"address": "open@demo.example", "company_lists": "false"}
    desk.save(sockets.rpc, "open", "email", "email", **own)

    def is_kept_out() -> bool:
        """Readers learn of new lists within seconds, so mails are sent until one is read by them."""
        number = len(desk.rows())
        for to in ("sales@demo.example", "open@demo.example"):
            send(sockets.smtp, _form(f"<l{number}@lottery>", "Win!", sender="x@lottery.example"), to)
        wait_until(lambda: all(row["published"] for row in desk.rows()))
        request = pb.ListBlockedRequest(channel_id="sales")
        reasons = {one.reason for one in sockets.screening.ListBlocked(request).messages}
        return reasons == {"blocked by domain: lottery.example [office]"}

    wait_until(is_kept_out, timeout=60)
    assert not sockets.screening.ListBlocked(pb.ListBlockedRequest(channel_id="open")).messages


def _line(sockets: Sockets) -> service_pb2.LedgerLine:
    line: service_pb2.LedgerLine = sockets.rpc.GetLedger(
        service_pb2.GetLedgerRequest(channel_id="walled")
    ).total
    return line
