"""The sockets on real nodes: kept before the yes, a clear no otherwise."""

import base64
import json
import os
import smtplib
import socket
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import httpx
import pytest

from chassis import failpoints
from chassis.errors import InvalidField, InvalidFields
from relaydesk.ingest.v1 import service_pb2 as pb
from services.ingest.adapters.directory import ChannelDirectory
from services.ingest.adapters.edge import Edge
from tests.integration.ingest_desk import (
    MAILBOX,
    OTHER,
    IngestDesk,
    Sockets,
    ingest_on,
    letter,
    post_body,
    send,
)
from tests.waiting import wait_until


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


# -------------------------------------------------------------------------------------------------------------- SMTP


def test_a_mail_is_kept_before_250(desk: IngestDesk, sockets: Sockets) -> None:
    raw = letter("<kept@client.example>")
    assert send(sockets.smtp, raw) == {}
    (row,) = desk.rows()
    assert bytes(row["raw"]) == raw
    assert row["state"] == "accepted"
    assert row["env"]["sender"] == "anna@client.example"


def test_the_same_mail_again_is_a_yes_and_one_row(desk: IngestDesk, sockets: Sockets) -> None:
    raw = letter("<again@client.example>")
    for _ in range(3):
        send(sockets.smtp, raw)
    assert len(desk.rows()) == 1


@pytest.fixture
def _failing_once() -> Iterator[None]:
    failpoints.arm({"FAILPOINTS": "after-intake-before-yes=error"})
    yield
    failpoints.arm({})


@pytest.mark.usefixtures("_failing_once")
def test_whoever_fails_after_a_mail_is_kept_says_later_and_the_repeat_is_the_same_row(
    desk: IngestDesk, sockets: Sockets
) -> None:
    raw = letter("<failed@client.example>")
    with pytest.raises(smtplib.SMTPDataError) as later:
        send(sockets.smtp, raw)
    assert later.value.smtp_code == 451
    assert send(sockets.smtp, raw) == {}
    assert len(desk.rows()) == 1


def test_what_nobody_foresaw_at_another_verb_is_later_too(
    sockets: Sockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(self: ChannelDirectory, address: str) -> None:
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(ChannelDirectory, "at_hand", break_down)
    with smtplib.SMTP("127.0.0.1", sockets.smtp, timeout=60) as smtp:
        smtp.ehlo()
        smtp.mail("anna@client.example")
        code, words = smtp.rcpt(MAILBOX)
        assert (code, b"foresaw" in words) == (451, False)
        monkeypatch.undo()
        assert smtp.rcpt(MAILBOX)[0] == 250


def test_another_text_under_the_same_id_is_kept_and_flagged(desk: IngestDesk, sockets: Sockets) -> None:
    send(sockets.smtp, letter("<same@client.example>", "one"))
    send(sockets.smtp, letter("<same@client.example>", "two"))
    send(sockets.smtp, letter("<same@client.example>", "two"))
    first, second = desk.rows()
    assert "flags" not in first
    assert second["flags"] == ["same_id_other_content"]


def test_a_mail_without_an_id_is_known_by_its_content(desk: IngestDesk, sockets: Sockets) -> None:
    for text in ("one", "one", "two"):
        send(sockets.smtp, letter(text=text))
    assert len(desk.rows()) == 2


def test_an_unknown_mailbox_is_550_at_rcpt(sockets: Sockets) -> None:
    with smtplib.SMTP("127.0.0.1", sockets.smtp) as client:
        client.ehlo()
        client.mail("anna@client.example")
        assert client.rcpt("nobody@demo.example")[0] == 550


@pytest.mark.parametrize(
    "address", ["help@demo.example", "SUPPORT@Demo.Example", "support+t.1.abc@demo.example"]
)
def test_aliases_capitals_and_plus_tags_lead_to_the_mailbox(
    desk: IngestDesk, sockets: Sockets, address: str
) -> None:
    assert send(sockets.smtp, letter("<a@b>"), address) == {}
    assert [row["channel_id"] for row in desk.rows()] == ["support"]


def test_a_mail_to_two_mailboxes_is_a_row_in_each(desk: IngestDesk, sockets: Sockets) -> None:
    for _ in range(2):
        send(sockets.smtp, letter("<two@client.example>"), MAILBOX, OTHER, "help@demo.example")
    assert sorted(row["channel_id"] for row in desk.rows()) == ["sales", "support"]


def test_a_mail_that_one_mailbox_has_is_added_to_the_other_only(desk: IngestDesk, sockets: Sockets) -> None:
    send(sockets.smtp, letter("<two@client.example>"), OTHER)
    send(sockets.smtp, letter("<two@client.example>"), MAILBOX, OTHER)
    assert sorted(row["channel_id"] for row in desk.rows()) == ["sales", "support"]


def test_the_size_limit_is_advertised_and_552(sockets: Sockets) -> None:
    limit = 35 * 1024 * 1024
    with smtplib.SMTP("127.0.0.1", sockets.smtp, timeout=60) as client:
        client.ehlo()
        assert client.esmtp_features["size"] == str(limit)
        assert client.mail("a@client.example", [f"SIZE={limit + 1}"])[0] == 552


def test_a_mail_over_the_limit_is_552_after_its_data(desk: IngestDesk, sockets: Sockets) -> None:
    raw = letter() + b"x" * 70 + b"\r\n"
    raw += (b"y" * 76 + b"\r\n") * (36 * 1024 * 1024 // 78)
    with smtplib.SMTP("127.0.0.1", sockets.smtp, timeout=60) as client:
        client.ehlo()
        client.mail("a@client.example")
        client.rcpt(MAILBOX)
        assert client.data(raw)[0] == 552
    assert desk.rows() == []


def test_a_mail_of_30_mb_is_kept_in_pieces(desk: IngestDesk, sockets: Sockets) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = (
        "a@b.example",
        MAILBOX,
        "big",
        "<big@b.example>",
    )
    mail.set_content("see attached")
    mail.add_attachment(b"\0" * 22_000_000, maintype="application", subtype="zip", filename="big.zip")
    send(sockets.smtp, mail.as_bytes())
    (row,) = desk.rows()
    assert "raw" not in row
    kept = sockets.rpc.ReadRawMessage(pb.ReadRawMessageRequest(intake_id=row["_id"]))
    assert sum(len(piece.data) for piece in kept) == row["size"] > 29_000_000


def test_a_stream_that_ends_midway_keeps_nothing(desk: IngestDesk, sockets: Sockets) -> None:
    with socket.create_connection(("127.0.0.1", sockets.smtp)) as client:
        wire = client.makefile("rwb")
        wire.readline()
        for line in (b"HELO x", b"MAIL FROM:<a@b.example>", f"RCPT TO:<{MAILBOX}>".encode(), b"DATA"):
            wire.write(line + b"\r\n")
            wire.flush()
            wire.readline()
        wire.write(b"From: a@b.example\r\n\r\nhalf of a sen")
        wire.flush()
    send(sockets.smtp, letter("<after@client.example>"))
    assert [row["key"] for row in desk.rows()] == ["id:<after@client.example>"]


def test_a_header_line_of_a_megabyte_is_taken(desk: IngestDesk, sockets: Sockets) -> None:
    assert send(sockets.smtp, b"X-Long: " + b"x" * 1_000_000 + b"\r\n" + letter("<long@b>")) == {}
    assert len(desk.rows()) == 1


def test_too_many_recipients_are_452_and_the_rest_may_come_again(sockets: Sockets) -> None:
    with smtplib.SMTP("127.0.0.1", sockets.smtp) as client:
        client.ehlo()
        client.mail("a@client.example")
        codes = [client.rcpt(f"support+{n}@demo.example")[0] for n in range(101)]
    assert codes == [250] * 100 + [452]


def test_lmtp_answers_for_each_recipient(desk: IngestDesk, sockets: Sockets) -> None:
    with socket.create_connection(("127.0.0.1", sockets.lmtp)) as client, client.makefile("rwb") as wire:

        def say(line: str) -> str:
            wire.write(f"{line}\r\n".encode())
            wire.flush()
            answer = wire.readline()
            while answer[3:4] == b"-":
                answer = wire.readline()
            return answer.decode()[:3]

        wire.readline()
        say("LHLO client")
        say("MAIL FROM:<a@client.example>")
        said = [say(f"RCPT TO:<{to}>") for to in (MAILBOX, "nobody@demo.example", OTHER)]
        say("DATA")
        statuses = [say(f"{letter('<l@b>').decode()}."), wire.readline().decode()[:3]]
    assert said == ["250", "550", "250"]
    assert statuses == ["250", "250"]
    assert sorted(row["channel_id"] for row in desk.rows()) == ["sales", "support"]


def test_dots_at_line_starts_come_as_they_were(desk: IngestDesk, sockets: Sockets) -> None:
    raw = letter("<dots@b>", ".one\r\n..two\r\n.\r\nthree")
    send(sockets.smtp, raw)
    assert bytes(desk.rows()[0]["raw"]) == raw


def test_an_empty_mail_is_a_mail(desk: IngestDesk, sockets: Sockets) -> None:
    with smtplib.SMTP("127.0.0.1", sockets.smtp) as client:
        client.ehlo()
        client.mail("a@client.example")
        client.rcpt(MAILBOX)
        client.docmd("DATA")
        assert client.docmd(".")[0] == 250
    assert bytes(desk.rows()[0]["raw"]) == b""


def test_two_mails_in_one_connection_stay_apart(desk: IngestDesk, sockets: Sockets) -> None:
    with smtplib.SMTP("127.0.0.1", sockets.smtp) as client:
        for name in ("one", "two"):
            client.sendmail("a@client.example", [MAILBOX], letter(f"<{name}@b>", name))
    assert [row["key"] for row in desk.rows()] == ["id:<one@b>", "id:<two@b>"]


def test_an_empty_sender_is_taken(desk: IngestDesk, sockets: Sockets) -> None:
    send(sockets.smtp, letter("<bounce@b>"), sender="")
    assert desk.rows()[0]["env"]["sender"] == ""


# -------------------------------------------------------------------------------------------------------------- HTTP


def test_a_posted_message_is_kept_before_202(desk: IngestDesk, sockets: Sockets) -> None:
    answer = desk.post(sockets, post_body(), Idempotency_Key="k-1")
    assert answer.status_code == 202
    assert answer.json() == {"intake_id": desk.rows()[0]["_id"], "duplicate": False}


def test_what_nobody_foresaw_at_a_post_is_later_too_and_its_repeat_is_kept(
    desk: IngestDesk, sockets: Sockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(self: Edge, arrivals: object) -> None:
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(Edge, "begin", break_down)
    later = desk.post(sockets, post_body(), Idempotency_Key="k-3")
    assert (later.status_code, later.headers["Retry-After"], "foresaw" in later.text) == (503, "5", False)
    monkeypatch.undo()
    assert desk.post(sockets, post_body(), Idempotency_Key="k-3").status_code == 202
    assert len(desk.rows()) == 1


def test_the_same_key_again_is_the_same_yes(desk: IngestDesk, sockets: Sockets) -> None:
    first = desk.post(sockets, post_body(), Idempotency_Key="k-2").json()
    again = desk.post(sockets, post_body(client_message_id="k-2"))
    assert again.status_code == 200
    assert again.json() == {"intake_id": first["intake_id"], "duplicate": True}


def test_the_key_may_come_in_a_header_of_its_own(desk: IngestDesk, sockets: Sockets) -> None:
    assert desk.post(sockets, post_body(), Authorization="", X_Api_Key=desk.key).status_code == 202


@pytest.mark.parametrize("key", ["", "Bearer wrong", "Bearer ключ".encode(), "Basic x"])
def test_a_wrong_key_is_401_and_nothing_is_kept(desk: IngestDesk, sockets: Sockets, key: Any) -> None:
    assert desk.post(sockets, post_body(), Authorization=key).status_code == 401
    assert desk.rows() == []


@pytest.mark.parametrize("channel", ["nothing", "support", "../api", "a" * 300])
def test_what_is_not_posted_to_is_404(desk: IngestDesk, sockets: Sockets, channel: str) -> None:
    assert desk.post(sockets, post_body(), channel=channel).status_code == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"author": {}}, "author"),
        ({"author": {"email": "x"}}, "author.email"),
        ({"text": ""}, "text"),
        ({"text": 1}, "text"),
        ({"subject": "x" * 501}, "subject"),
        ({"attachments": [{"upload_id": "nothing"}]}, "attachments.0.upload_id"),
        ({"fields": []}, "fields"),
        ({"page_url": "x"}, "page_url"),
        ({"sent_at": "x"}, "sent_at"),
        ({"client_message_id": 1}, "client_message_id"),
        ({"conversation_id": ""}, "conversation_id"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_each_wrong_field_is_422_by_name(
    desk: IngestDesk, sockets: Sockets, change: dict[str, Any], field: str
) -> None:
    answer = desk.post(sockets, post_body() | change)
    assert answer.status_code == 422
    assert field in {mistake["field"] for mistake in answer.json()["fields"]}
    assert desk.rows() == []


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_400(desk: IngestDesk, sockets: Sockets, raw: bytes) -> None:
    assert desk.post(sockets, raw).status_code == 400


def test_another_content_type_is_415(desk: IngestDesk, sockets: Sockets) -> None:
    assert desk.post(sockets, b"a=b", Content_Type="application/x-www-form-urlencoded").status_code == 415


def test_a_body_over_the_limit_is_413(desk: IngestDesk, sockets: Sockets) -> None:
    assert desk.post(sockets, b'{"text":"' + b"x" * 11_000_000 + b'"}').status_code == 413


def test_a_large_body_is_kept_whole(desk: IngestDesk, sockets: Sockets) -> None:
    content = base64.b64encode(os.urandom(1_500_000)).decode()
    body = json.dumps(post_body(attachments=[{"name": "a.bin", "content": content}])).encode()
    answer = desk.post(sockets, body)
    assert answer.status_code == 202
    asked = pb.ReadRawMessageRequest(intake_id=answer.json()["intake_id"])
    assert b"".join(piece.data for piece in sockets.rpc.ReadRawMessage(asked)) == body
    assert desk.post(sockets, body).json() == {**answer.json(), "duplicate": True}


def test_a_large_body_with_a_mistake_is_422_and_nothing_is_kept(desk: IngestDesk, sockets: Sockets) -> None:
    answer = desk.post(sockets, post_body("x" * 300_000))
    assert answer.status_code == 422
    assert answer.json()["fields"][0]["field"] == "text"
    assert desk.rows() == []


def test_a_body_may_come_in_pieces_of_no_foretold_number(desk: IngestDesk, sockets: Sockets) -> None:
    raw = json.dumps(post_body()).encode()
    for pieces in ([raw[:10], raw[10:]], [b" " * 50_000, b" " * 50_000, raw]):
        answer = httpx.post(
            f"{sockets.http}/v1/channels/api/messages",
            content=iter(pieces),
            headers={"Authorization": f"Bearer {desk.key}", "Content-Type": "application/json"},
            timeout=60,
        )
        assert answer.status_code == 202
    assert sorted(row["size"] for row in desk.rows()) == [len(raw), len(raw) + 100_000]


def test_a_mailbox_is_not_posted_to_even_with_a_key_of_its_own(desk: IngestDesk, sockets: Sockets) -> None:
    key = sockets.rpc.GetChannelKey(pb.GetChannelKeyRequest(channel_id="support")).key
    for _ in range(2):
        answer = desk.post(sockets, post_body(), channel="support", Authorization=f"Bearer {key}")
        assert answer.status_code == 404


def test_a_paused_channel_is_503_until_it_is_not(desk: IngestDesk, sockets: Sockets) -> None:
    desk.save(sockets.rpc, "resting", "json", "api")
    key = sockets.rpc.GetChannelKey(pb.GetChannelKeyRequest(channel_id="resting")).key
    for is_paused, status in ((False, 202), (True, 503), (False, 200)):
        channel = sockets.rpc.GetChannel(pb.GetChannelRequest(channel_id="resting")).channel
        channel.is_paused = is_paused
        sockets.rpc.SaveChannel(pb.SaveChannelRequest(channel=channel, expected_version=channel.version))

        def answers(status: int = status) -> bool:
            answer = desk.post(sockets, post_body(), channel="resting", Authorization=f"Bearer {key}")
            return bool(answer.status_code == status)

        wait_until(answers, describe=f"{status}")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_another_method_is_405_and_told_which_is_wanted(sockets: Sockets, method: str) -> None:
    answer = httpx.request(method, f"{sockets.http}/v1/channels/api/messages")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "path", ["/", "/v1/channels/api", "/v1/channels//messages", "/v1/channels/a/b/messages"]
)
def test_a_page_that_is_not_there_is_404_in_json(sockets: Sockets, path: str) -> None:
    answer = httpx.get(f"{sockets.http}{path}")
    assert answer.status_code == 404
    assert "/v1/docs" in answer.json()["error"]


def test_a_request_that_ends_midway_keeps_nothing(desk: IngestDesk, sockets: Sockets) -> None:
    host, _, port = sockets.http.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as client:
        head = f"POST /v1/channels/api/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {desk.key}\r\n"
        client.sendall(
            f'{head}Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{{"text":'.encode()
        )
    assert desk.post(sockets, post_body("after")).status_code == 202
    assert len(desk.rows()) == 1


def test_an_uploaded_file_can_be_named(desk: IngestDesk, sockets: Sockets) -> None:
    pieces = iter([pb.WriteAttachmentRequest(name="a.txt", mime_type="text/plain", data=b"abc")])
    upload_id = sockets.rpc.WriteAttachment(pieces).attachment_id
    assert desk.post(sockets, post_body(attachments=[{"upload_id": upload_id}])).status_code == 202
    (piece,) = sockets.rpc.ReadAttachment(pb.ReadAttachmentRequest(attachment_id=upload_id))
    assert (piece.name, piece.mime_type, piece.data) == ("a.txt", "text/plain", b"abc")


def test_the_edge_describes_itself_without_asking_others(sockets: Sockets) -> None:
    described = httpx.get(f"{sockets.http}/v1/openapi.json").json()
    assert "/v1/channels/{channel_id}/messages" in described["paths"]
    page = httpx.get(f"{sockets.http}/v1/docs").text
    assert "Idempotency-Key" in page
    assert "<script" not in page
    assert "src=" not in page


def test_a_new_channel_is_known_at_once(desk: IngestDesk, sockets: Sockets) -> None:
    desk.save(sockets.rpc, "newborn", "email", "email", address="new@demo.example")
    send(sockets.smtp, letter("<new@b>"), "new@demo.example")
    assert len(desk.rows()) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "pigeon"}, "channel.kind"),
        ({"id": "Not OK"}, "channel.id"),
        ({"lane": "road"}, "channel.lane"),
        ({"settings": {}}, "channel.settings.address"),
        ({"settings": {"address": "x@y.example", "colour": "red"}}, "channel.settings.colour"),
        ({"settings": {"address": "HELP@demo.example"}}, "channel.settings.address"),
    ],
)
def test_a_wrong_channel_is_refused_by_field(sockets: Sockets, change: dict[str, Any], field: str) -> None:
    good = {
        "id": "fine",
        "name": "Fine",
        "kind": "email",
        "lane": "email",
        "settings": {"address": "x@y.example"},
    }
    with pytest.raises((InvalidField, InvalidFields)) as caught:
        sockets.rpc.SaveChannel(pb.SaveChannelRequest(channel=pb.Channel(**(good | change))))
    assert field in str(caught.value)


def test_many_posts_at_once_share_inserts_and_are_all_kept(desk: IngestDesk, sockets: Sockets) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: desk.post(sockets, post_body(f"message {n % 50}")), range(100)))
    assert {answer.status_code for answer in answers} == {200, 202}
    assert len(desk.rows()) == 50
