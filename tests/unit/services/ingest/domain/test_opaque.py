"""What an opaquely signed mail says is read, and the whole is kept for whoever verifies it."""

import base64

import pytest

from services.ingest.domain.mail import read_mail
from services.ingest.domain.opaque import signed_content
from services.ingest.domain.received import ReceivedMessage
from tests.unit.services.ingest.samples import HOUSE, mail

ENTITY = b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + "Подписано.".encode()
DATA = bytes.fromhex("2a864886f70d010701")
SIGNED_DATA = bytes.fromhex("2a864886f70d010702")


def element(tag: int, value: bytes) -> bytes:
    size = len(value)
    head = bytes([size]) if size < 128 else b"\x84" + size.to_bytes(4, "big")
    return bytes([tag]) + head + value


def open_ended(tag: int, value: bytes) -> bytes:
    return bytes([tag, 0x80]) + value + b"\0\0"


def signed(content: bytes) -> bytes:
    inner = element(0x30, element(0x06, DATA) + element(0xA0, element(0x04, content)))
    data = element(0x30, element(0x02, b"\1") + element(0x31, b"") + inner + element(0x31, b"signer"))
    return element(0x30, element(0x06, SIGNED_DATA) + element(0xA0, data))


def signed_in_pieces(content: bytes) -> bytes:
    pieces = b"".join(element(0x04, content[at : at + 7]) for at in range(0, len(content), 7))
    inner = open_ended(0x30, element(0x06, DATA) + open_ended(0xA0, open_ended(0x24, pieces)))
    data = open_ended(0x30, element(0x02, b"\1") + element(0x31, b"") + inner + element(0x31, b"signer"))
    return open_ended(0x30, element(0x06, SIGNED_DATA) + open_ended(0xA0, data))


def read(envelope: bytes, smime_type: str = "signed-data") -> ReceivedMessage:
    kind = f"Content-Type: application/pkcs7-mime; smime-type={smime_type}; name=smime.p7m"
    encoded = base64.encodebytes(envelope).decode()
    return read_mail(mail(kind, "Content-Transfer-Encoding: base64", text=encoded), None, HOUSE)


@pytest.mark.parametrize("envelope", [signed(ENTITY), signed_in_pieces(ENTITY)])
def test_what_was_signed_is_read_and_the_whole_is_kept(envelope: bytes) -> None:
    message = read(envelope)
    assert message.text == "Подписано."
    assert [(file.name, file.content) for file in message.attachments] == [("smime.p7m", envelope)]
    assert message.flags == ("signed",)


def test_what_is_signed_inside_what_is_signed_is_read_a_few_times_only() -> None:
    envelope = signed(ENTITY)
    for _ in range(30):
        envelope = signed(b"Content-Type: application/pkcs7-mime\r\n\r\n" + envelope)
    assert read(envelope).attachments[-1].content == envelope


@pytest.mark.parametrize("whole", [signed(ENTITY), signed_in_pieces(ENTITY)])
def test_a_cut_one_gives_no_more_than_was_there(whole: bytes) -> None:
    for end in range(len(whole)):
        assert ENTITY.startswith(signed_content(whole[:end]) or b"")


def test_what_is_sealed_has_no_content_to_read() -> None:
    message = read(signed(ENTITY).replace(SIGNED_DATA, bytes.fromhex("2a864886f70d010703")), "enveloped-data")
    assert (message.text, message.flags) == ("", ("encrypted",))
