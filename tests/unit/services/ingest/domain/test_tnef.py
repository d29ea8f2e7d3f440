"""Outlook's winmail.dat: what is in it is taken out, and damage costs nothing that was there."""

import base64
import struct

from services.ingest.domain.mail import read_mail
from services.ingest.domain.received import ReceivedMessage
from services.ingest.domain.tnef import MAX_FILES, read_tnef
from tests.unit.services.ingest.samples import HOUSE, mail

HEAD = b"\x78\x9f\x3e\x22\x01\x00"


def attribute(level: int, name: int, value: bytes) -> bytes:
    return struct.pack("<BII", level, name, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def measured(kind: int, name: int, value: bytes) -> bytes:
    return struct.pack("<HHII", kind, name, 1, len(value)) + value + b"\0" * (-len(value) % 4)


def properties(*found: bytes) -> bytes:
    return struct.pack("<I", len(found)) + b"".join(found)


def file(title: bytes, content: bytes, *more: bytes) -> bytes:
    parts = [attribute(2, 0x69002, b"\0" * 14), attribute(2, 0x18010, title + b"\0")]
    parts += [attribute(2, 0x6800F, content), attribute(2, 0x69005, properties(*more))]
    return b"".join(parts)


NAMED = (
    struct.pack("<HH16sII", 0x03, 0x8001, b"s" * 16, 1, 6) + "abc".encode("utf-16-le") + b"\0\0" + b"\1\0\0\0"
)
REPORT = file(
    b"REPORT~1.PDF",
    b"%PDF-1.4 report",
    NAMED,
    measured(0x1F, 0x3707, "Отчёт за май.pdf\0".encode("utf-16-le")),
    measured(0x1E, 0x370E, b"application/pdf\0"),
)
CODE_PAGE = attribute(1, 0x69007, struct.pack("<II", 1251, 0))
TEXT = attribute(1, 0x69003, properties(measured(0x1E, 0x1000, "Здравствуйте, вот отчёт\0".encode("cp1251"))))
RICH = attribute(1, 0x69003, properties(measured(0x102, 0x1013, b"<p>Hello <b>there</b></p>")))
RTF_ONLY = attribute(1, 0x69003, properties(measured(0x102, 0x1009, b"compressed")))


def read(winmail: bytes, text: str = "") -> ReceivedMessage:
    body = base64.encodebytes(winmail).decode()
    whole = (
        f"--b\r\nContent-Type: text/plain\r\n\r\n{text}\r\n--b\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\n"
        f"Content-Transfer-Encoding: base64\r\n\r\n{body}\r\n--b--"
    )
    return read_mail(mail("Content-Type: multipart/mixed; boundary=b", text=whole), None, HOUSE)


def names(message: ReceivedMessage) -> list[tuple[str, str]]:
    return [(file.name, file.mime_type) for file in message.attachments]


def test_files_are_taken_out_with_their_long_names() -> None:
    message = read(HEAD + REPORT + file(b"plain.bin", b"x"), "See attached.")
    assert names(message) == [
        ("Отчёт за май.pdf", "application/pdf"),
        ("plain.bin", "application/octet-stream"),
    ]
    assert message.attachments[0].content == b"%PDF-1.4 report"
    assert message.text == "See attached."


def test_the_text_is_read_by_the_code_page_that_is_named() -> None:
    assert read(HEAD + CODE_PAGE + TEXT).text == "Здравствуйте, вот отчёт"


def test_html_in_it_is_read_as_html() -> None:
    message = read(HEAD + RICH)
    assert message.html == "<p>Hello <b>there</b></p>"
    assert message.attachments == ()


def test_a_text_outside_is_not_doubled() -> None:
    assert read(HEAD + CODE_PAGE + TEXT + REPORT, "See attached.").text == "See attached."


def test_a_text_that_cannot_be_read_keeps_the_whole_beside_its_files() -> None:
    assert names(read(HEAD + RTF_ONLY + REPORT))[1] == ("winmail.dat", "application/ms-tnef")


def test_a_damaged_one_is_kept_whole_beside_what_was_read() -> None:
    damaged = read(HEAD + REPORT + b"\1\2\3")
    assert [name for name, _ in names(damaged)] == ["Отчёт за май.pdf", "winmail.dat"]


def test_what_only_calls_itself_so_is_kept_as_it_came() -> None:
    message = read(b"nothing of the kind")
    assert message.attachments[0].content == b"nothing of the kind"


def test_a_name_with_a_path_is_made_safe() -> None:
    assert names(read(HEAD + file(b"..\\..\\boot.ini", b"x")))[0][0] == "_.._boot.ini"


def test_every_cut_is_survived() -> None:
    whole = HEAD + CODE_PAGE + TEXT + REPORT
    for end in range(len(whole)):
        assert read_tnef(whole[:end]) is not None


def test_ten_thousand_files_are_capped() -> None:
    found = read_tnef(HEAD + attribute(2, 0x69002, b"") * 10_000)
    assert len(found.files) == MAX_FILES
    assert not found.is_whole


def test_a_count_that_lies_costs_nothing() -> None:
    lies = struct.pack("<I", 0xFFFFFFFF) + struct.pack("<HHI", 0x101F, 0x3707, 0xFFFFFFFF)
    assert not read_tnef(HEAD + attribute(1, 0x69003, lies)).is_whole
