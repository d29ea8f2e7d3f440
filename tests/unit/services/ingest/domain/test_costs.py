"""No mail costs more than its size: what was made to be read again and again is read once."""

import time

import pytest

from services.ingest.domain.errors import CannotRead
from services.ingest.domain.intake import mail_dedupe_key
from services.ingest.domain.mail import read_mail
from tests.unit.services.ingest.samples import HOUSE, mail

_SIZE = 200_000
# CPU seconds of a slow machine; what grows with the square of its size takes many minutes.
_LIMIT = 15


def _field(name: str, piece: str) -> bytes:
    return mail(f"{name}: {piece * (_SIZE // len(piece))}")


def _html(piece: str) -> bytes:
    return mail("Content-Type: text/html", text=piece * (_SIZE // len(piece)))


def _multipart(piece: str) -> bytes:
    return mail("Content-Type: multipart/mixed; boundary=b", text=piece * (_SIZE // len(piece)))


def _bounce(piece: str) -> bytes:
    head = "Return-Path: <>\r\nFrom: mailer-daemon@x.example\r\nSubject: s\r\n\r\n"
    return (head + piece * (_SIZE // len(piece))).encode()


COSTLY = {
    "parentheses": _field("Cc", "("),
    "quotes": _field("Cc", '"\\'),
    "quotes in many fields": mail(*(f"{name}: " + '"\\' * 30_000 for name in ("Cc", "To") * 20)),
    "brackets": _field("Cc", "<"),
    "ats": _field("Cc", "a@"),
    "commas": _field("Cc", ","),
    "plus tags": _field("Cc", "a+t."),
    "plus tags with dots": _field("Cc", "a+t.b."),
    "ids without ends": _field("References", "<a"),
    "one long bare id": _field("References", "a"),
    "many ids": _field("References", "<a@b>"),
    "encoded words": _field("X", "=?utf-8?B?"),
    "mentions": _field("X", "[#1"),
    "parameters": mail("Content-Type: text/plain" + ';a="\\' * 10_000),
    "boundaries": _multipart("--b\r\n"),
    "lost boundaries": _multipart("\r\n--a   "),
    "spaces behind a boundary": _multipart("\r\n--a" + " " * 1000),
    "fields without colons": b"From: a@b.example\r\n" + b"a\n" * (_SIZE // 2) + b"B: c\n\nx",
    "folded lines": b"From: a@b.example" + b"\n " * (_SIZE // 2),
    "received fields": b"Received: x\r\n y\r\n" * (_SIZE // 17) + b"\r\nx",
    "open tags": _html("<b>"),
    "open links": _html('<a href="x'),
    "angles": _html("<"),
    "comments": _html("<!--"),
    "tables in tables": _html("<table><tr><td>"),
    "remote images": _html('<img src="http://a.example/b">'),
    "content ids": _html("cid:"),
    "recipients of a bounce": _bounce("<a@b.example>:\n550 5.1.1 "),
    "own ids in a bounce": _bounce("<t.a."),
    "empty lines in a bounce": _bounce("\n"),
    "uuencoded rubbish": mail(
        "Content-Transfer-Encoding: x-uuencode", text="begin 1\n" + "M\n" * (_SIZE // 2)
    ),
    "beginnings of files": mail(text="begin 644 a\nM\n" * (_SIZE // 14) + "\nend"),
    "flowed quotes": mail("Content-Type: text/plain; format=flowed", text=(">" * 500 + " a \n") * 400),
    "flowed words": mail("Content-Type: text/plain; format=flowed", text="a \n" * (_SIZE // 3)),
    "enriched marks": mail("Content-Type: text/enriched", text="<param><" * (_SIZE // 8)),
    "properties of an event": mail(
        "Content-Type: text/calendar", text='BEGIN:VEVENT\nA;"a' + ';b="' * (_SIZE // 4)
    ),
    "events without ends": mail("Content-Type: text/calendar", text="BEGIN:VEVENT\n" * (_SIZE // 13)),
    "folds of a calendar": mail("Content-Type: text/calendar", text="BEGIN:VEVENT" + "\n " * (_SIZE // 2)),
    "enclosed in each other": b"From: a@b.example\r\n"
    + b"Content-Type: message/rfc822\r\n\r\n" * (_SIZE // 32),
    "comments in a type": mail("Content-Type: text/plain" + "; (a" * (_SIZE // 4)),
    "percent signs in a name": mail("Content-Type: image/png; name=" + "utf-8''%D0%9F%" * (_SIZE // 14)),
    "spaces in base64": mail(
        "Content-Transfer-Encoding: base64", text=("a" + " " * 100 + "\n") * (_SIZE // 102)
    ),
    "Russian of no charset": mail(text="").rstrip() + b"\r\n\r\n" + b"\xcf\xf0\xe8 " * (_SIZE // 4),
    "capitals in the wrong place": mail("Content-Type: text/plain; charset=koi8-r")
    + b"\xcf\xf0\xe8 " * (_SIZE // 4),
    "base64 of equals": mail("Content-Transfer-Encoding: base64", text="=" * _SIZE),
    "nested multiparts": "".join(
        f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n" for n in range(3000)
    ).encode(),
}


@pytest.mark.parametrize("name", COSTLY)
def test_a_mail_made_to_cost_is_read_in_time(name: str) -> None:
    begun = time.process_time()
    mail_dedupe_key(COSTLY[name])
    try:
        read_mail(COSTLY[name], None, HOUSE)
    except CannotRead as error:
        assert error.reason  # noqa: PT017 - either is an answer
    assert time.process_time() - begun < _LIMIT
