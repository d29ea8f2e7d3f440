"""Rich text of winmail.dat: unpacked, and read as words and lines."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.domain import rtf
from tests.unit.services.ingest.domain.test_tnef import HEAD, attribute, measured, names, properties, read

# The first example of MS-OXRTFCP (4.1).
PACKED = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
)


def plain(source: bytes) -> bytes:
    return struct.pack("<IIII", len(source) + 12, len(source), 0x414C454D, 0) + source


def test_the_example_of_the_specification_is_unpacked() -> None:
    assert rtf.unpack(PACKED) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    assert rtf.to_text(rtf.unpack(PACKED)) == "hello world"


def test_a_reference_may_read_what_it_writes() -> None:
    # Five letters, then a reference to the first of them that is longer than they are.
    body = bytes((0b00100000,)) + b"abcde" + struct.pack(">H", 207 << 4 | 8) + b"!"
    assert rtf.unpack(struct.pack("<IIII", len(body) + 12, 15, 0x75465A4C, 0) + body) == b"abcdeabcdeabcde"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (rb"{\rtf1\ansi\ansicpg1251 \'cf\'f0\'e8\'e2\'e5\'f2\par \u1071?\line x}", "Привет\nЯ\nx"),
        (rb"{\rtf1{\fonttbl{\f0 Arial;}}{\colortbl;\red0;}{\*\generator Riched;}one\tab two}", "one\ttwo"),
        (rb"{\rtf1\uc2 \u-10179\'3f\'3f\u-8704\'3f\'3f end}", "😀 end"),
        (rb"{\rtf1 a \{brace\} \\ b\~c}", "a {brace} \\ b c"),
        (
            rb"{\rtf1\fromhtml1 {\*\htmltag84 <b>}bold{\*\htmltag92 </b>}\htmlrtf \line \htmlrtf0 next}",
            "bold\nnext",
        ),
        (rb'{\rtf1{\field{\*\fldinst HYPERLINK "http://a.example"}{\fldrslt the page}}}', "the page"),
        (b"no rich text", ""),
    ],
)
def test_words_and_lines_are_read(source: bytes, text: str) -> None:
    assert rtf.to_text(source) == text


def test_a_text_that_is_there_only_as_rich_text_is_read() -> None:
    winmail = HEAD + attribute(1, 0x69003, properties(measured(0x102, 0x1009, PACKED)))
    message = read(winmail)
    assert message.text == "hello world"
    assert names(message) == []


def test_where_pictures_are_left_behind_the_file_stays() -> None:
    packed = plain(rb"{\rtf1 see{\pict 00ff}}")
    message = read(HEAD + attribute(1, 0x69003, properties(measured(0x102, 0x1009, packed))))
    assert message.text == "see"
    assert names(message) == [("winmail.dat", "application/ms-tnef")]


@given(st.binary(max_size=300))
def test_any_bytes_are_unpacked_or_refused_and_bounded(data: bytes) -> None:
    for packed in (data, struct.pack("<IIII", len(data), 5000, 0x75465A4C, 0) + data):
        try:
            assert len(rtf.unpack(packed)) <= max(5000, len(data))
        except rtf.Damaged:
            assert packed is data
    assert "\0" not in rtf.to_text(b"{\\rtf1 " + data)
