"""Mails put together from parts and then damaged: each is read or refused, within bounds, and twice the same."""

import base64

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.ingest.domain.errors import CannotRead
from services.ingest.domain.html import MAX_BYTES
from services.ingest.domain.mail import MAX_SUBJECT, read_mail
from services.ingest.domain.received import ReceivedMessage
from tests.unit.services.ingest.domain.test_invitation import MEETING, calendar
from tests.unit.services.ingest.domain.test_opaque import ENTITY, signed_in_pieces
from tests.unit.services.ingest.domain.test_tnef import CODE_PAGE, HEAD, REPORT, RICH, TEXT
from tests.unit.services.ingest.samples import HOUSE

_WORDS = st.sampled_from(
    ["Где мой заказ?", "hello", "注文はどこですか", "ß€é", "\u202eevil", "-----BEGIN PGP MESSAGE-----", "> quoted \r\n> twice ",
     "begin 644 a.gif\r\n#0V%T\r\n`\r\nend", "\x00", "<p>a<b>b<table><td>", '<img src="cid:a@b">', "&amp;&#0;", "x" * 70_000,
     "я" * 140_000, calendar(*MEETING)]
)  # fmt: skip
_CHARSETS = st.sampled_from(
    [
        "utf-8",
        "koi8-r",
        "windows-1251",
        "iso-8859-1",
        "gb18030",
        "shift_jis",
        "iso-2022-jp",
        "utf-7",
        "utf-16",
        "hz",
        "no-such",
    ]
)
_TYPES = st.sampled_from(
    ["text/plain", "text/plain; format=flowed; delsp=yes", "text/html", "text/enriched", "text/calendar", "image/png",
     "application/pdf; name*0*=utf-8''%D0; name*1*=%9F", 'application/zip; name="../a.zip"', "application/applefile",
     "application/pkcs7-mime; smime-type=signed-data", "application/ms-tnef", "message/delivery-status", "message/rfc822", "x"]
)  # fmt: skip
_SIGNED = "application/pkcs7-mime; smime-type=signed-data"
_SPECIAL = {"application/ms-tnef": HEAD + CODE_PAGE + TEXT + REPORT + RICH, _SIGNED: signed_in_pieces(ENTITY)}


def _encoded(text: str, charset: str) -> bytes:
    try:
        return text.encode(charset, "replace")
    except LookupError:
        return text.encode()


@st.composite
def _leaves(draw: st.DrawFn) -> bytes:
    kind, charset = draw(_TYPES), draw(_CHARSETS)
    content = _SPECIAL.get(kind) or _encoded(draw(_WORDS), charset)
    head = f"Content-Type: {kind}; charset={charset}\r\nContent-ID: <a@b>\r\n"
    if draw(st.booleans()):
        content = base64.encodebytes(content)
        head += "Content-Transfer-Encoding: base64\r\n"
    elif draw(st.booleans()):
        head += "Content-Transfer-Encoding: quoted-printable\r\n"
    return head.encode() + b"\r\n" + content


def _multiparts(parts: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    kinds = st.sampled_from(
        ["mixed", "alternative", "related", "signed", "encrypted", "report", "appledouble", "digest"]
    )
    return st.builds(_multipart, kinds, st.lists(parts, max_size=4), st.integers(0, 99)) | parts.map(
        _enclosed
    )


def _multipart(kind: str, parts: list[bytes], number: int) -> bytes:
    mark = f"b{number}"
    inside = b"".join(f"--{mark}\r\n".encode() + part + b"\r\n" for part in parts)
    return (
        f"Content-Type: multipart/{kind}; boundary={mark}\r\n\r\n".encode()
        + inside
        + f"--{mark}--\r\n".encode()
    )


def _enclosed(part: bytes) -> bytes:
    return b"Content-Type: message/rfc822\r\n\r\nFrom: c@d.example\r\nSubject: inner\r\n" + part


@st.composite
def damaged_mails(draw: st.DrawFn) -> bytes:
    """A whole mail, with bytes put in, taken out and turned in some places."""
    subject = _encoded(draw(_WORDS).replace("\r\n", " ")[:300], draw(_CHARSETS))
    mail = b"From: Anna <a@b.example>\r\nSubject: " + subject + b"\r\n"
    mail += draw(st.recursive(_leaves(), _multiparts, max_leaves=6))
    for _ in range(draw(st.integers(0, 6))):
        at, gone = draw(st.integers(0, min(len(mail), 6000))), draw(st.integers(0, 30))
        mail = mail[:at] + draw(st.binary(max_size=8)) + mail[at + gone :]
    return mail


def outcome(raw: bytes) -> ReceivedMessage | str:
    """The message, or why there is none."""
    try:
        return read_mail(raw, None, HOUSE)
    except CannotRead as error:
        return error.reason


def is_bounded(message: ReceivedMessage, size: int) -> bool:
    """Nothing is larger than promised, and no file larger than what came."""
    texts = (message.text, message.html)
    return (
        all(len(text.encode("utf-8")) <= MAX_BYTES for text in texts)
        and len(message.subject) <= MAX_SUBJECT
        and all(len(file.name) <= 200 and len(file.content) <= size for file in message.attachments)
        and len(message.to) <= 100
        and len(message.thread.references) <= 100
    )


@given(damaged_mails())
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
def test_a_damaged_mail_is_read_or_refused_within_bounds_and_twice_the_same(raw: bytes) -> None:
    first = outcome(raw)
    assert outcome(raw) == first
    assert isinstance(first, str) or is_bounded(first, len(raw))
