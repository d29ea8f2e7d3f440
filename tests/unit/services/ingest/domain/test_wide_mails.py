"""UTF-16 as programs send it: with its mark and without, declared and not, in a part and as the whole mail."""

import base64

import pytest

from services.ingest.domain import charsets
from services.ingest.domain.mail import read_mail
from services.ingest.domain.received import GUESSED_CHARSET
from tests.unit.services.ingest.samples import HOUSE, mail

TEXT = "Здравствуйте, Anna!\nгде мой заказ?"


def _raw(charset: str, codec: str, encoding: str) -> bytes:
    kind = f"Content-Type: text/plain{f'; charset={charset}' if charset else ''}"
    body = TEXT.replace("\n", "\r\n").encode(codec)
    head = mail(kind, f"Content-Transfer-Encoding: {encoding}", text="").rstrip() + b"\r\n\r\n"
    return head + (base64.encodebytes(body) if encoding == "base64" else body)


@pytest.mark.parametrize("encoding", ["base64", "8bit"])
@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("charset", ["utf-16", "", "unicode", "utf-8", "utf-16le", "windows-1251"])
def test_a_wide_part_is_read_whatever_was_declared(charset: str, codec: str, encoding: str) -> None:
    message = read_mail(_raw(charset, codec, encoding), None, HOUSE)
    assert message.text == TEXT
    assert (GUESSED_CHARSET in message.flags) is (not charset.startswith("utf-16"))


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_mail_that_is_wide_as_a_whole_is_read(codec: str) -> None:
    raw = f"From: anna@client.example\r\nSubject: Заказ\r\n\r\n{TEXT}\r\n".encode(codec)
    message = read_mail(raw, None, HOUSE)
    assert (message.author.email, message.subject, message.text) == ("anna@client.example", "Заказ", TEXT)


@pytest.mark.parametrize(
    "data", [b"a stray \0 in a text", b"\0" * 40, b"\0\0\0a\0\0\0b\0\0\0c", bytes(range(256))]
)
def test_what_only_has_nuls_is_not_wide(data: bytes) -> None:
    assert charsets.wide_codec(data) is None
