"""Rich text format as Outlook packs it into winmail.dat: unpacked (MS-OXRTFCP) and read as plain text.

Only words and lines are of interest: what is no text (fonts, colours, pictures, fields' instructions) is passed over, and so
are the tags of a page that was turned into RTF (MS-OXRTFEX), whose lines and words stand beside them.
"""

import re
import struct

from services.ingest.domain import charsets

# What every packed text may refer back to before its first byte (MS-OXRTFCP 2.2.1).
_DICTIONARY = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript "
    b"\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
_RING = 4096
_COMPRESSED, _PLAIN = 0x75465A4C, 0x414C454D
# A text that unpacks to more is made to cost.
_MOST = 1024 * 1024

_TOKEN = re.compile(
    rb"\\'([0-9a-fA-F]{2})|\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\([^a-zA-Z])|([{}])|([^\\{}\r\n]+)|[\r\n]+|\\"
)
# Groups that hold no words of the text.
_SILENT = frozenset({
    b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"header", b"footer", b"object", b"listtable", b"fldinst",
    b"listoverridetable", b"generator", b"themedata", b"datastore", b"xmlnstbl", b"revtbl", b"headerl", b"headerr", b"footerl",
    b"footerr", b"footnote",
})  # fmt: skip
_WRITES = {b"par": "\n", b"line": "\n", b"row": "\n", b"tab": "\t", b"cell": " ", b"emdash": "—", b"endash": "–",
           b"bullet": "•", b"lquote": "‘", b"rquote": "’", b"ldblquote": "“", b"rdblquote": "”"}  # fmt: skip
_MOST_GROUPS = 500


class Damaged(Exception):
    """The bytes are no packed text."""


def unpack(data: bytes) -> bytes:
    """The RTF of a PR_RTF_COMPRESSED. Raises Damaged."""
    if len(data) < 16:
        raise Damaged
    _, raw_size, kind, _ = struct.unpack_from("<IIII", data)
    if kind == _PLAIN:
        return data[16 : 16 + min(raw_size, _MOST)]
    if kind != _COMPRESSED:
        raise Damaged
    ring = bytearray(_DICTIONARY.ljust(_RING, b"\0"))
    write, out, at = len(_DICTIONARY), bytearray(), 16
    most = min(raw_size, _MOST)
    while at < len(data) and len(out) < most:
        control = data[at]
        at += 1
        for bit in range(8):
            if control >> bit & 1:
                reference = int.from_bytes(data[at : at + 2], "big")
                at += 2
                start, length = reference >> 4, (reference & 15) + 2
                # One that refers to where it stands is the end.
                if start == write or at > len(data):
                    return bytes(out[:most])
                for index in range(start, start + length):
                    # What was written just now may be read again by the same reference.
                    byte = ring[index % _RING]
                    ring[write] = byte
                    write = (write + 1) % _RING
                    out.append(byte)
            elif at < len(data):
                ring[write] = data[at]
                write = (write + 1) % _RING
                out.append(data[at])
                at += 1
    return bytes(out[:most])


def to_text(rtf: bytes) -> str:
    """What a person would read of it; empty where it is no RTF."""
    return _Reader().read(rtf[:_MOST]) if rtf.lstrip().startswith(b"{\\rtf") else ""


class _Reader:
    def __init__(self) -> None:
        self.pieces: list[str] = []
        # Bytes of the code page, until something else stands beside them.
        self.pending = bytearray()
        self.codec = "cp1252"
        # Of the group and those around it: whether it is silent, and how many letters stand in for one of Unicode.
        self.groups: list[tuple[bool, int]] = []
        self.is_silent, self.stand_ins, self.to_skip = False, 1, 0

    def read(self, rtf: bytes) -> str:
        for match in _TOKEN.finditer(rtf):
            code, word, number, symbol, brace, words = match.groups()
            if brace:
                self._group(brace)
            elif words:
                self._bytes(words)
            elif code:
                self._bytes(bytes.fromhex(code.decode("ascii")))
            elif word:
                self._word(word, int(number) if number else None)
            elif symbol:
                self._symbol(symbol)
        self._flush()
        # Letters beyond the first 65,536 are written as two halves.
        whole = "".join(self.pieces).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return charsets.clean(whole).strip("\n")

    def _group(self, brace: bytes) -> None:
        self._flush()
        self.to_skip = 0
        if brace == b"{":
            if len(self.groups) < _MOST_GROUPS:
                self.groups.append((self.is_silent, self.stand_ins))
        elif self.groups:
            self.is_silent, self.stand_ins = self.groups.pop()

    def _word(self, word: bytes, number: int | None) -> None:
        if word == b"ansicpg" and number:
            self.codec = charsets.codec_for(f"cp{number}") or self.codec
        elif word == b"uc" and number is not None:
            self.stand_ins = max(0, min(number, 8))
        elif word in _SILENT:
            self._flush()
            self.is_silent = True
        elif word == b"u" and number is not None:
            self._write(chr(number % 0x10000))
            self.to_skip = self.stand_ins
        elif word in _WRITES:
            self._write(_WRITES[word])

    def _symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            # A group that older readers may pass over; the marks of HTML among them.
            self.is_silent = True
        elif symbol == b"~":
            self._write(" ")
        elif symbol == b"_":
            self._write("-")
        elif symbol in b"{}\\":
            self._bytes(symbol)
        elif symbol in b"\r\n":
            self._write("\n")

    def _bytes(self, words: bytes) -> None:
        if self.to_skip:
            skipped = min(self.to_skip, len(words))
            self.to_skip -= skipped
            words = words[skipped:]
        if not self.is_silent:
            self.pending += words

    def _write(self, text: str) -> None:
        self._flush()
        if not self.is_silent:
            self.pieces.append(text)

    def _flush(self) -> None:
        if self.pending:
            self.pieces.append(bytes(self.pending).decode(self.codec, "replace"))
            self.pending.clear()
