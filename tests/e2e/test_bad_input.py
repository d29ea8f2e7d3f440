"""What nobody should send, by every door: a clear answer or a quarantine entry, and the neighbours go on."""

import hashlib
import json
import random
import smtplib
import socket
import uuid
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import grpc
import httpx
import pytest

from bus.v1.bundle_pb2 import Bundle, Envelope
from chassis.bus import Bus, Outgoing, Publisher
from relaydesk.ingest.v1 import service_pb2 as ingest_pb2
from relaydesk.tickets.v1 import service_pb2 as tickets_pb2
from tests.e2e.letters import MAILBOX, letter, messages_of, send, ticket_of
from tests.e2e.relaydesk import relaydesk
from tests.e2e.system import System
from tests.waiting import wait_until

MEBIBYTE = 1024 * 1024
TICKETS = "relaydesk.tickets.v1.TicketsService"

# Subject: what follows it in the mail.
BROKEN: Mapping[str, bytes] = {
    "a charset nobody knows": b"Content-Type: text/plain; charset=x-martian\r\n\r\nhi \xe9\xff\x00",
    "a part that never ends": b"Content-Type: multipart/mixed; boundary=XX\r\n\r\n--XX\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\n!!no base64!!\r\n",
    "parts without a boundary": b"Content-Type: multipart/mixed\r\n\r\nhello",
    "bytes that are nothing": b"X: \x00\xff\xfe\r\nDate: never, 99 Nul 99999\r\n\r\nnul \x00 nul",
    "ten thousand in To": b"To: "
    + b",\r\n ".join(b"r%d@demo.example" % n for n in range(10_000))
    + b"\r\n\r\nx",
    "a header of a megabyte": b"X-Long: " + b"x" * MEBIBYTE + b"\r\n\r\nx",
    "five hundred boxes in boxes": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(500)
    ),
    "two hundred thousand divs": b"Content-Type: text/html\r\n\r\n" + b"<div>" * 200_000,
    "twenty thousand parts": b"Content-Type: multipart/mixed; boundary=Q\r\n\r\n"
    + b"--Q\r\nContent-Type: text/plain\r\n\r\nx\r\n" * 20_000,
}


@pytest.mark.parametrize("subject", BROKEN)
def test_a_mail_that_is_broken_is_a_ticket_all_the_same(system: System, subject: str) -> None:
    neighbour = f"Beside {subject} {uuid.uuid4().hex[:6]}"
    send(system, b"From: a@b.example\r\nSubject: " + subject.encode() + b"\r\n" + BROKEN[subject])
    send(system, letter(neighbour))
    ticket_of(system, neighbour)
    assert "\x00" not in "".join(message.text for message in messages_of(system, ticket_of(system, subject)))


def test_a_subject_of_a_megabyte_is_cut(system: System) -> None:
    start = f"long-{uuid.uuid4().hex} "
    send(system, f"From: a@b.example\r\nSubject: {start}{'x' * MEBIBYTE}\r\n\r\nx".encode())

    def subjects() -> list[str]:
        request = tickets_pb2.ListTicketsRequest(page_size=50)
        answer = system.tickets.ListTickets(request, metadata=system.metadata, timeout=60)
        return [ticket.subject for ticket in answer.tickets if ticket.subject.startswith(start)]

    found = wait_until(subjects, describe="the ticket")
    assert len(found[0]) < 1_000


def test_what_is_no_mail_lies_in_quarantine_and_can_be_tried_again(system: System) -> None:
    sender = f"empty-{uuid.uuid4().hex[:8]}@customer.example"
    send(system, b"", envelope_from=sender)

    def listed() -> str:
        lines = relaydesk(system, "quarantine", "list").splitlines()
        return next((line for line in lines if sender in line), "")

    line = wait_until(listed, describe="a line of quarantine")
    assert "the mail is empty" in line
    intake_id = line.split()[0]
    logged = [json.loads(entry) for entry in system.supervisor.log("ingest listen").read_text().splitlines()]
    told = next(entry for entry in logged if entry.get("intake_id") == intake_id)
    assert (told["event"], len(told["trace_id"])) == ("row_quarantined", 32)
    assert relaydesk(system, "quarantine", "show", intake_id).strip() == ""
    assert relaydesk(system, "quarantine", "retry", intake_id) == "1 of 1 are processed again\n"
    wait_until(listed, describe="its place in quarantine again")
    assert relaydesk(system, "quarantine", "retry", "nothing") == "0 of 1 are processed again\n"


def test_the_attachment_of_a_mail_of_30_mb_comes_back_whole(system: System) -> None:
    content = random.Random(30).randbytes(22_000_000)
    mail = letter(f"Thirty megabytes {uuid.uuid4().hex[:8]}")
    mail.add_attachment(content, maintype="application", subtype="zip", filename="plans.zip")
    send(system, mail)
    # A rule may have answered it meanwhile.
    first = messages_of(system, ticket_of(system, str(mail["Subject"]), timeout=60))[0]
    (attachment,) = first.attachments
    assert (attachment.name, attachment.size) == ("plans.zip", len(content))
    request = ingest_pb2.ReadAttachmentRequest(attachment_id=attachment.attachment_id)
    read = hashlib.sha256()
    for piece in system.ingest.ReadAttachment(request, metadata=system.metadata, timeout=60):
        read.update(piece.data)
    assert read.digest() == hashlib.sha256(content).digest()


def test_a_mail_of_36_mb_is_552_and_its_connection_goes_on(system: System) -> None:
    host, port = system.endpoints.smtp_address
    raw = b"Subject: too large\r\n\r\n" + (b"y" * 76 + b"\r\n") * (36 * MEBIBYTE // 78)
    with smtplib.SMTP(host, port, timeout=60) as client:
        client.ehlo()
        # Said beforehand, and found out.
        assert client.mail("a@b.example", [f"SIZE={len(raw)}"])[0] == 552
        client.mail("a@b.example")
        client.rcpt(MAILBOX)
        assert client.data(raw)[0] == 552
        assert client.sendmail("a@b.example", [MAILBOX], letter("After the large one").as_bytes()) == {}


def test_of_ten_thousand_recipients_a_hundred_are_taken_and_the_rest_is_told_452(system: System) -> None:
    host, port = system.endpoints.smtp_address
    subject = f"To everybody {uuid.uuid4().hex[:8]}"
    with smtplib.SMTP(host, port, timeout=60) as client:
        client.ehlo()
        client.mail("a@b.example")
        codes = Counter(client.rcpt(f"support+{n}@demo.example")[0] for n in range(10_000))
        assert client.data(letter(subject).as_bytes())[0] == 250
    assert codes == {250: 100, 452: 9_900}
    # All of them are one mailbox, so it is one ticket.
    ticket_of(system, subject)


@pytest.mark.parametrize("door", ["smtp", "http"])
def test_a_stream_that_ends_midway_keeps_nothing(system: System, door: str) -> None:
    system.wait_quiet()
    before = system.ledger().accepted
    if door == "smtp":
        speak(system.endpoints.smtp_address, half_a_mail())
    else:
        speak(address_of(system.endpoints.ingest_url), half_a_post(system.channel_key()))
    assert post(system, {"text": f"after {door} {uuid.uuid4().hex}"}).status_code == 202
    assert system.ledger().accepted == before + 1


@pytest.mark.parametrize(
    "bytes_of_no_protocol",
    [b"\x16\x03\x01" + b"\xff\x00" * 300, b"\r\n" * 2_000, b"A" * 300_000],
    ids=["a TLS hello", "empty lines", "one long word"],
)
def test_noise_at_a_door_does_not_close_it(system: System, bytes_of_no_protocol: bytes) -> None:
    doors = [
        system.endpoints.smtp_address,
        address_of(system.endpoints.ingest_url),
        address_of(f"//{system.endpoints.tickets_address}"),
    ]
    pids = system.pids()
    for door in doors:
        speak(door, [bytes_of_no_protocol])
    subject = f"After the noise {uuid.uuid4().hex[:8]}"
    send(system, letter(subject))
    ticket_of(system, subject)
    assert post(system, {"text": subject}).status_code == 202
    assert system.pids() == pids


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"author": None}, "author"),
        ({"author": {"name": "nobody"}}, "author"),
        ({"author": {"email": "no address"}}, "author.email"),
        ({"author": {"phone": "12"}}, "author.phone"),
        ({"text": 5}, "text"),
        ({"text": "x" * 300_000}, "text"),
        ({"subject": ["x"]}, "subject"),
        ({"conversation_id": 7}, "conversation_id"),
        ({"client_message_id": {}}, "client_message_id"),
        ({"attachments": "x"}, "attachments"),
        ({"attachments": [{"name": "x", "content": "%"}]}, "attachments.0.content"),
        ({"attachments": [{"upload_id": "unknown"}]}, "attachments.0.upload_id"),
        ({"fields": {"a": []}}, "fields.a"),
        ({"fields": {"a": float("nan")}}, "fields.a"),
        ({"page_url": "javascript:alert(1)"}, "page_url"),
        ({"sent_at": "yesterday"}, "sent_at"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_json_that_is_wrong_in_a_field_is_told_which(
    system: System, change: dict[str, object], field: str
) -> None:
    answer = post(system, {"text": "hello", **change})
    assert answer.status_code == 422
    assert field in {mistake["field"] for mistake in answer.json()["fields"]}


@pytest.mark.parametrize(
    ("channel", "headers", "body", "status"),
    [
        ("demo-api", {"Authorization": "Bearer wrong"}, b"{}", 401),
        ("demo-api", {"Authorization": ""}, b"{}", 401),
        ("no-such", {}, b"{}", 404),
        ("support", {}, b"{}", 404),
        ("demo-api", {"Content-Type": "text/xml"}, b"<a/>", 415),
        ("demo-api", {}, b'{"text":', 400),
        ("demo-api", {}, b"\xff\xfe", 400),
        ("demo-api", {}, b"[" * 100_000, 400),
        ("demo-api", {}, b'{"text":"' + b"x" * 11 * MEBIBYTE + b'"}', 413),
        ("demo-api", {"Idempotency-Key": "k" * 300}, b"{}", 422),
    ],
)
def test_what_is_posted_wrongly_is_told_so(
    system: System, channel: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    given = {"Authorization": f"Bearer {system.channel_key()}", "Content-Type": "application/json", **headers}
    answer = httpx.post(
        f"{system.endpoints.ingest_url}/v1/channels/{channel}/messages",
        content=body,
        headers=given,
        timeout=60,
    )
    assert answer.status_code == status
    assert answer.json()["error"]


def test_other_words_under_the_same_key_are_another_message_and_flagged(system: System) -> None:
    key, text = uuid.uuid4().hex, uuid.uuid4().hex
    answers = [post(system, {"text": f"{text} {number}"}, key=key) for number in (1, 1, 2)]
    assert [answer.status_code for answer in answers] == [202, 200, 202]
    first, again, other = (answer.json()["intake_id"] for answer in answers)
    assert first == again != other
    rows = system.database("ingest")["intake"]
    assert "flags" not in (rows.find_one({"_id": first}) or {})
    assert (rows.find_one({"_id": other}) or {})["flags"] == ["same_id_other_content"]


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", "Basic YTpi", "Bearer "])
def test_a_wrong_token_is_unauthenticated(system: System, authorization: str) -> None:
    metadata = (("authorization", authorization),) if authorization else ()
    with pytest.raises(grpc.RpcError) as refused:
        system.tickets.ListTickets(tickets_pb2.ListTicketsRequest(), metadata=metadata, timeout=60)
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_bytes_that_are_no_request_are_an_invalid_argument(system: System) -> None:
    # Untyped, since these bytes have no type.
    channel: Any = grpc.insecure_channel(system.endpoints.tickets_address)
    call = channel.unary_unary(f"/{TICKETS}/GetTicket")
    with pytest.raises(grpc.RpcError) as refused:
        call(b"\x0a\xff", metadata=system.metadata, timeout=60)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_a_message_of_another_type_on_a_queue_is_a_dead_letter_that_can_be_read(system: System) -> None:
    body = tickets_pb2.ListTicketsRequest(text="not for you").SerializeToString()
    event_id, trace_id = f"foreign-{uuid.uuid4().hex[:8]}", uuid.uuid4().hex
    foreign = Envelope(
        event_id=event_id,
        type=f"{TICKETS}.ListTicketsRequest",
        lane="email",
        body=body,
        traceparent=f"00-{trace_id}-{trace_id[:16]}-01",
    )
    torn = Envelope(
        event_id=event_id, type="relaydesk.ingest.v1.MessageReceived", lane="email", body=b"\x0a\xff"
    )
    publisher = Publisher(Bus(system.surroundings.broker_url, "relaydesk.events"))
    publisher.publish(
        [
            Outgoing("", "tickets.email", Bundle(events=[one]).SerializeToString(), one.type, event_id)
            for one in (foreign, torn)
        ]
    )
    publisher.close()
    subject = f"Beside a foreign one {uuid.uuid4().hex[:8]}"
    send(system, letter(subject))
    ticket_of(system, subject)
    try:
        wait_until(
            lambda: relaydesk(system, "dead", "list", "tickets").count(event_id) == 2,
            describe="two dead letters",
        )
        shown = relaydesk(system, "peek", "tickets.dead", "--limit", "100")
        assert "is not heard here" in shown
        assert "not a relaydesk.ingest.v1.MessageReceived" in shown
        lines = [
            json.loads(line) for line in system.supervisor.log("tickets listen").read_text().splitlines()
        ]
        told = next(line for line in lines if line.get("trace_id") == trace_id)
        assert (told["event"], told["service"], told["role"]) == ("fact_dead_lettered", "tickets", "listen")
        # What is still wrong comes back, and nobody waits for it.
        assert "2 of 2" in relaydesk(system, "dead", "retry", "tickets")
        wait_until(
            lambda: relaydesk(system, "dead", "list", "tickets").count(event_id) == 2,
            describe="both dead letters again",
        )
    finally:
        system.purge("tickets.dead")


def post(system: System, change: Mapping[str, object], *, key: str = "") -> httpx.Response:
    """A message of the JSON channel, right but for the change."""
    body = {"author": {"external_id": "u-17", "name": "Anna"}, **change}
    return httpx.post(
        f"{system.endpoints.ingest_url}/v1/channels/demo-api/messages",
        headers={
            "Authorization": f"Bearer {system.channel_key()}",
            "Content-Type": "application/json",
            **({"Idempotency-Key": key} if key else {}),
        },
        content=json.dumps(body),
        timeout=60,
    )


def speak(address: tuple[str, int], said: list[bytes]) -> None:
    """Say something, hear what is answered to each, and leave without a goodbye."""
    with socket.create_connection(address, timeout=2) as wire:
        for words in said:
            try:
                wire.sendall(words)
                wire.recv(4096)
            except OSError:
                # Silence, or a closed door, is an answer too.
                return


def half_a_mail() -> list[bytes]:
    return [
        b"HELO x\r\n",
        b"MAIL FROM:<a@b.example>\r\n",
        f"RCPT TO:<{MAILBOX}>\r\n".encode(),
        b"DATA\r\n",
        b"From: a@b.example\r\nSubject: half\r\n\r\nhalf of a sen",
    ]


def half_a_post(key: str) -> list[bytes]:
    head = f"POST /v1/channels/demo-api/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
    return [f'{head}Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{{"text":'.encode()]


def address_of(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 0
