"""No bytes crash the reader."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.ingest.domain.errors import CannotRead
from services.ingest.domain.mail import read_mail
from services.ingest.domain.received import ReceivedMessage
from tests.unit.services.ingest.samples import FOLDER, HOUSE

_SAMPLES = [path.read_bytes() for path in sorted(FOLDER.glob("*.eml"))]
_PIECES = st.sampled_from(
    [b"From: ", b"To: ", b"Subject: ", b"Content-Type: ", b"multipart/mixed; boundary=", b"multipart/report", b"b\r\n",
     b"--b", b"--b--", b"\r\n", b"\r\n\r\n", b"\n", b"\r", b"\0", b"=?utf-8?B?", b"?=", b"=?koi8-r?Q?=F0", b"<a@b.c>",
     b"Content-Transfer-Encoding: base64\r\n", b"Content-Transfer-Encoding: quoted-printable\r\n", b"text/html", b"<p>",
     b"<table><td><img src=cid:x>", b"filename*0*=utf-8''%D0", b";", b",", b"(", b'"', b"\\", b"charset=", b"hz",
     b"utf-16", b"2022", b"\x1b$B", b"~{", b"\xff\xfe", b"\xd0\xb0", b"message/delivery-status", b"Action: failed",
     b"Status: 5.1.1", b"Return-Path: <>\r\n", b"References: ", b"Date: Mon, 1 Jan 1 00:00:00 -9999\r\n", b"[#99]"]
)  # fmt: skip


def _read(raw: bytes) -> ReceivedMessage | None:
    try:
        return read_mail(raw, None, HOUSE)
    except CannotRead:
        return None


def _is_storable(message: ReceivedMessage | None) -> bool:
    if message is None:
        return True
    words = (
        message.text,
        message.html,
        message.subject,
        message.author.name,
        message.author.email,
        *message.to,
    )
    names = tuple(file.name + file.mime_type + file.content_id for file in message.attachments)
    ids = (message.thread.message_id, message.thread.in_reply_to, *message.thread.references)
    bounce = message.bounce
    told = (bounce.reason + bounce.failed_recipient + bounce.original_message_id,) if bounce else ()
    return all(
        "\0" not in word and word.encode("utf-8") is not None for word in (*words, *names, *ids, *told)
    )


@given(st.binary(max_size=2000))
@settings(max_examples=150, deadline=None)
def test_arbitrary_bytes_are_read_or_refused(raw: bytes) -> None:
    assert _is_storable(_read(raw))


@given(st.lists(_PIECES, max_size=40))
@settings(max_examples=300, deadline=None)
def test_pieces_of_mails_in_any_order_are_read_or_refused(pieces: list[bytes]) -> None:
    assert _is_storable(_read(b"".join(pieces)))


@given(st.sampled_from(_SAMPLES), st.integers(0, 3000), st.binary(max_size=20), st.integers(0, 200))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_damaged_samples_are_read_or_refused(raw: bytes, at: int, put: bytes, gone: int) -> None:
    assert _is_storable(_read(raw[:at] + put + raw[at + gone :]))
