"""Outlook's winmail.dat (MS-OXTNEF): the files and the text in it.

Own code because the one reader for Python had its last release years ago; bounds are kept while reading, and nothing
is trusted but lengths that fit.
"""

import struct
from dataclasses import dataclass, field

from services.ingest.domain import charsets, rtf

_SIGNATURE = b"\x78\x9f\x3e\x22"
MAX_FILES = 200
_MAX_PROPERTIES = 2000

# Attributes (MS-OXTNEF 2.1.3.2), level and id as they stand.
_BODY = 0x0002800C
_CODE_PAGE = 0x00069007
_MESSAGE_PROPERTIES = 0x00069003
_FILE_BEGINS = 0x00069002
_FILE_TITLE = 0x00018010
_FILE_DATA = 0x0006800F
_FILE_PROPERTIES = 0x00069005

# Properties (MS-OXPROPS).
_PLAIN, _HTML, _RTF = 0x1000, 0x1013, 0x1009
_DATA, _SHORT_NAME, _LONG_NAME, _TYPE, _CONTENT_ID = 0x3701, 0x3704, 0x3707, 0x370E, 0x3712

# Property types (MS-OXCDATA 2.11.1): sizes of the fixed ones, and those that tell their length.
_FIXED = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_STRING, _UNICODE, _OBJECT, _BINARY = 0x1E, 0x1F, 0x0D, 0x102
_MEASURED = {_STRING, _UNICODE, _OBJECT, _BINARY}


class Damaged(Exception):
    """The bytes end or contradict themselves."""


@dataclass(slots=True)
class TnefFile:
    """One file; its name and type are empty where Outlook gave none."""

    name: str = ""
    mime_type: str = ""
    content: bytes = field(default=b"", repr=False)
    content_id: str = ""


@dataclass(slots=True)
class Tnef:
    """What was found; `is_whole` where nothing of worth is left behind."""

    text: str = ""
    html: str = ""
    files: list[TnefFile] = field(default_factory=list)
    is_whole: bool = True


def read_tnef(data: bytes) -> Tnef:
    """Whatever can be had of a winmail.dat."""
    found = Tnef()
    try:
        _Attributes(data, found).read()
    except (Damaged, struct.error):
        found.is_whole = False
    return found


class _Attributes:
    def __init__(self, data: bytes, found: Tnef) -> None:
        self.data = data
        self.found = found
        self.codec = "cp1252"

    def read(self) -> None:
        data, at = self.data, 6
        if not data.startswith(_SIGNATURE):
            raise Damaged
        while at < len(data):
            level, attribute, length = struct.unpack_from("<BII", data, at)
            at += 9
            if level not in (1, 2) or at + length > len(data):
                raise Damaged
            self._take(attribute, data[at : at + length])
            # Behind it a checksum that writers get wrong.
            at += length + 2

    def _take(self, attribute: int, value: bytes) -> None:
        found = self.found
        if attribute == _CODE_PAGE and len(value) >= 4:
            self.codec = f"cp{struct.unpack_from('<I', value)[0]}"
        elif attribute == _BODY:
            found.text = found.text or self._string(value)
        elif attribute == _MESSAGE_PROPERTIES:
            self._message(_properties(value))
        elif attribute == _FILE_BEGINS:
            if len(found.files) >= MAX_FILES:
                raise Damaged
            found.files.append(TnefFile())
        elif found.files:
            self._file(attribute, value, found.files[-1])

    def _message(self, properties: dict[int, tuple[int, bytes]]) -> None:
        found = self.found
        found.text = self._said(properties, _PLAIN) or found.text
        kind, rich = properties.get(_HTML, (0, b""))
        found.html = (
            rich.decode("utf-16-le", "replace") if kind == _UNICODE else charsets.decode(rich, self.codec)[0]
        )
        if _RTF in properties and not found.text and not found.html:
            # The text is there only in rich text format.
            self._rich(properties[_RTF][1])

    def _rich(self, packed: bytes) -> None:
        found = self.found
        try:
            source = rtf.unpack(packed)
        except rtf.Damaged:
            source = b""
        found.text = rtf.to_text(source)
        # Pictures in it are not read.
        found.is_whole = (
            found.is_whole and bool(found.text) and b"\\pict" not in source and b"\\object" not in source
        )

    def _file(self, attribute: int, value: bytes, file: TnefFile) -> None:
        if attribute == _FILE_TITLE:
            file.name = file.name or self._string(value)
        elif attribute == _FILE_DATA:
            file.content = value
        elif attribute == _FILE_PROPERTIES:
            properties = _properties(value)
            name = self._said(properties, _LONG_NAME) or self._said(properties, _SHORT_NAME)
            file.name = name or file.name
            file.mime_type = self._said(properties, _TYPE).strip().lower()
            file.content_id = self._said(properties, _CONTENT_ID).strip().strip("<>")
            kind, content = properties.get(_DATA, (0, b""))
            if not file.content and content:
                # An object begins with the id of its interface.
                file.content = content[16:] if kind == _OBJECT else content

    def _said(self, properties: dict[int, tuple[int, bytes]], name: int) -> str:
        kind, value = properties.get(name, (0, b""))
        if kind == _UNICODE:
            return charsets.clean(value.decode("utf-16-le", "replace")).rstrip("\0")
        return self._string(value) if kind == _STRING else ""

    def _string(self, value: bytes) -> str:
        return charsets.clean(charsets.decode(value.rstrip(b"\0"), self.codec)[0])


def _properties(data: bytes) -> dict[int, tuple[int, bytes]]:
    """Property id -> (type, value), of the first value of each (MS-OXTNEF 2.1.3.4)."""
    (count,) = struct.unpack_from("<I", data)
    found: dict[int, tuple[int, bytes]] = {}
    at = 4
    for _ in range(min(count, _MAX_PROPERTIES)):
        kind, name = struct.unpack_from("<HH", data, at)
        at += 4
        if name >= 0x8000:
            at = _after_name(data, at)
        is_many, single = bool(kind & 0x1000), kind & ~0x1000
        many = 1
        if is_many or single in _MEASURED:
            (many,) = struct.unpack_from("<I", data, at)
            at += 4
        if many > _MAX_PROPERTIES:
            raise Damaged
        for number in range(many):
            at, value = _value(data, at, single)
            if number == 0:
                found.setdefault(name, (single, value))
    return found


def _value(data: bytes, at: int, kind: int) -> tuple[int, bytes]:
    if kind in _MEASURED:
        (length,) = struct.unpack_from("<I", data, at)
        at += 4
    elif kind in _FIXED:
        length = _FIXED[kind]
    else:
        raise Damaged
    if at + length > len(data):
        raise Damaged
    return at + length + -length % 4, data[at : at + length]


def _after_name(data: bytes, at: int) -> int:
    # A named property: the set it is of, then a number, or a length with its name.
    (kind, word) = struct.unpack_from("<II", data, at + 16)
    at += 24
    return at + word + -word % 4 if kind == 1 else at
