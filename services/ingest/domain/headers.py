"""Header fields of a mail: folded, encoded, mislabelled and raw 8-bit ones, read by hand.

The standard library's structured headers cost ten times the parse of the whole mail and raise on what real senders
write, so that fields are kept as they came and decoded when somebody asks.
"""

import binascii
import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from services.ingest.domain import charsets

MAX_HEADERS = 1000
# Longer values are cut before anything looks at them.
MAX_VALUE = 64 * 1024
MAX_REFERENCES = 100

_FIELD = re.compile(r"^([!-9;-~]+)[ \t]*:(.*(?:\n[ \t].*)*)", re.MULTILINE)
_FOLD = re.compile(r"\n[ \t]*")
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?(.*?)\?=", re.DOTALL)
_BETWEEN_WORDS = re.compile(r"(\?=)\s+(?==\?[^?\s]{1,60}\?[bBqQ]\?)")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,998}>")
_ID_BREAK = re.compile(r"[\s<>,;()]+")
_PARAMETER = re.compile(r";\s*([^\s=;\"]+)\s*=\s*(\"(?:[^\"\\]|\\.)*\"|[^;]*)", re.DOTALL)
_SPACE = re.compile(r"\s+")
# A comment between two parameters.
_COMMENT = re.compile(r";\s*\([^()\"]{0,200}\)\s*;?")
_NO_SEMICOLON = re.compile(r"\s*([^\s/]+/[^\s/]+)\s+[A-Za-z*-]+\s*=")
_EXTENDED = re.compile(r"([A-Za-z0-9_-]{2,40})'[A-Za-z-]{0,20}'(.+)", re.DOTALL)


class Headers:
    """Fields in the order they came; names lower case, values raw (bytes above 127 as surrogates)."""

    __slots__ = ("_first", "fields", "is_whole", "was_cut")

    def __init__(self, fields: list[tuple[str, str]], was_cut: bool = False, is_whole: bool = False) -> None:
        self.fields = fields
        self.was_cut = was_cut
        # Every line of the block belongs to a field.
        self.is_whole = is_whole
        # The first of a name is the last to be written.
        self._first = dict(reversed(fields))

    def raw(self, name: str) -> str:
        """The first field of that name, unfolded, not decoded; empty where there is none."""
        return self._first.get(name, "")

    def raw_all(self, name: str) -> list[str]:
        # Most fields that are asked for are not there.
        return [value for found, value in self.fields if found == name] if name in self._first else []

    def has(self, name: str) -> bool:
        return name in self._first

    def has_any(self, names: Set[str]) -> bool:
        return not names.isdisjoint(self._first)

    def text(self, name: str) -> str:
        """The first field of that name as a person would read it."""
        return decode_words(self.raw(name))

    def count(self, name: str) -> int:
        return len(self.raw_all(name))

    def __len__(self) -> int:
        return len(self.fields)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.fields)


def parse_fields(block: bytes) -> Headers:
    """Fields of a header block without its closing blank line; lines that are no fields are passed over."""
    text = block.decode("ascii", "surrogateescape")
    if "\r" in text:
        text = text.replace("\r\n", "\n")
        if "\r" in text:
            text = text.replace("\r", "\n")
    lines = text.count("\n") + 1
    fields: list[tuple[str, str]] = []
    folds, was_cut = 0, False
    for match in _FIELD.finditer(text):
        name, value = match.groups()
        if len(value) > MAX_VALUE:
            # Of a thread's ids the newest stand last.
            is_thread = name.lower() == "references"
            value, was_cut = value[-MAX_VALUE:] if is_thread else value[:MAX_VALUE], True
        if "\n" in value:
            folds += value.count("\n")
            value = _FOLD.sub(" ", value)
        fields.append((name.lower(), value.strip()))
        if len(fields) >= MAX_HEADERS:
            was_cut = True
            break
    return Headers(fields, was_cut, not was_cut and len(fields) + folds == lines)


def decode_words(raw: str) -> str:
    """A raw value as text: encoded words (RFC 2047) wherever they stand, raw 8-bit bytes by the likeliest charset."""
    if raw.isascii():
        if "=?" not in raw:
            return charsets.clean(raw)
    else:
        raw = charsets.decode(raw.encode("utf-8", "surrogateescape"), "utf-8")[0]
    if "=?" not in raw:
        return charsets.clean(raw)
    return charsets.clean(_decode_encoded(_BETWEEN_WORDS.sub(r"\1", raw)))


def _decode_encoded(raw: str) -> str:
    pieces: list[str] = []
    # Neighbours of one charset are joined as bytes first: senders cut characters in two between words.
    pending, pending_charset, at = b"", "", 0
    for match in _WORD.finditer(raw):
        charset, encoding, payload = match.groups()
        charset = charset.partition("*")[0].lower()
        if match.start() > at or charset != pending_charset:
            pieces.append(charsets.decode(pending, pending_charset)[0])
            pieces.append(raw[at : match.start()])
            pending = b""
        pending_charset = charset
        pending += _word_bytes(encoding, payload)
        at = match.end()
    pieces.append(charsets.decode(pending, pending_charset)[0])
    pieces.append(raw[at:])
    return "".join(pieces)


def _word_bytes(encoding: str, payload: str) -> bytes:
    data = payload.encode("utf-8", "surrogateescape")
    if encoding in "qQ":
        return binascii.a2b_qp(data.replace(b" ", b"_"), header=True)
    return lenient_base64(data)


def lenient_base64(data: bytes) -> bytes:
    """What can be had of base64 whose padding or alphabet is broken."""
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        pass
    kept = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
    if len(kept) % 4 == 1:
        kept = kept[:-1]
    return binascii.a2b_base64(kept + b"=" * (-len(kept) % 4))


# ----------------------------------------------------------------------------------------------------- parameters


@dataclass(frozen=True, slots=True)
class Parameterised:
    """A value with parameters, as in Content-Type and Content-Disposition."""

    # Lower case.
    value: str
    # Names lower case, values decoded.
    parameters: tuple[tuple[str, str], ...] = ()

    def get(self, name: str) -> str:
        for found, value in self.parameters:
            if found == name:
                return value
        return ""


def parse_parameterised(raw: str) -> Parameterised:
    """Content-Type or Content-Disposition with its parameters, continued and encoded ones (RFC 2231) joined."""
    return _parse_short(raw) if len(raw) <= 200 else _parse_parameterised(raw)


def _parse_parameterised(raw: str) -> Parameterised:
    if "(" in raw:
        raw = _COMMENT.sub("; ", raw)
    value, _, rest = raw.partition(";")
    if lost := _NO_SEMICOLON.match(value):
        value, rest = lost.group(1), f"{value[lost.end(1) :]};{rest}"
    value = _SPACE.sub("", value).lower().strip("\"'")
    if not rest:
        return Parameterised(value)
    plain: dict[str, str] = {}
    split: dict[str, dict[int, tuple[bool, str]]] = {}
    for match in _PARAMETER.finditer(";" + rest):
        name, content = match.group(1).lower(), match.group(2).strip()
        content = _without_quotes(content)
        if "*" not in name:
            plain.setdefault(name, content)
            continue
        base, _, tail = name.partition("*")
        is_encoded = name.endswith("*")
        number = tail.rstrip("*")
        place = int(number) if number.isascii() and number.isdigit() and len(number) < 4 else 0
        split.setdefault(base, {}).setdefault(place, (is_encoded, content))
    found = {name: _plain_value(name, content) for name, content in plain.items()}
    for base, pieces in split.items():
        found[base] = _join_pieces([pieces[place] for place in sorted(pieces)])
    return Parameterised(value, tuple(found.items()))


def _without_quotes(content: str) -> str:
    if len(content) >= 2 and content[0] == content[-1] and content[0] in "\"'":
        return re.sub(r"\\(.)", r"\1", content[1:-1]) if "\\" in content else content[1:-1]
    # A quote that is never closed.
    return content.removeprefix('"')


def _plain_value(name: str, content: str) -> str:
    value = decode_words(content)
    if name in ("name", "filename") and "%" in value:
        # Escaped as RFC 2231 wants it, under a name that does not say so.
        charset, escaped = match.groups() if (match := _EXTENDED.fullmatch(value)) else ("utf-8", value)
        data = unquote_to_bytes(escaped)
        if not data.isascii() and (match or charsets.is_utf_8(data)):
            return charsets.clean(charsets.decode(data, charset)[0])
    return value


_parse_short = lru_cache(maxsize=2048)(_parse_parameterised)


def _join_pieces(pieces: Sequence[tuple[bool, str]]) -> str:
    data, charset = b"", ""
    for index, (is_encoded, content) in enumerate(pieces):
        if is_encoded and index == 0 and content.count("'") >= 2:
            charset, _, content = content.split("'", 2)
        as_bytes = content.encode("utf-8", "surrogateescape")
        data += unquote_to_bytes(as_bytes) if is_encoded else as_bytes
    return charsets.clean(charsets.decode(data, charset or "utf-8")[0])


# ---------------------------------------------------------------------------------------------------- Message-IDs


def message_ids(raw: str, limit: int = MAX_REFERENCES) -> tuple[str, ...]:
    """Ids with their brackets, oldest first, the newest `limit` of them; folded, comma-separated and bare ones too.

    Some senders wrap an id longer than a line into encoded words, where RFC 2047 (5) allows none; Python's `email`
    is one of them.
    """
    if "=?" in raw:
        raw = decode_words(raw)
    found = _MESSAGE_ID.findall(raw)
    if not found:
        found = [f"<{bare}>" for bare in _ID_BREAK.split(raw) if "@" in bare and len(bare) <= 998]
    unique = list(dict.fromkeys(charsets.clean(identifier) for identifier in found))
    return tuple(unique[-limit:])


# ----------------------------------------------------------------------------------------------------------- Date


_DATE = re.compile(
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?(\d{1,2}) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    r" ([12]\d{3}) (\d\d):(\d\d):(\d\d) ([+-])([01]\d)([0-5]\d)(?: \([^()]*\))?",
    re.ASCII,
)
_MONTHS = {"Jan": 1, "Feb": 2, "Mar": 3, "Apr": 4, "May": 5, "Jun": 6, "Jul": 7, "Aug": 8, "Sep": 9, "Oct": 10, "Nov": 11,
           "Dec": 12}  # fmt: skip


def parse_date(raw: str) -> datetime | None:
    """The moment a Date field names, UTC; None where it makes no sense."""
    if not raw or len(raw) > 200:
        return None
    try:
        if plain := _DATE.fullmatch(raw):
            # As the standard has it, and nearly every program writes it.
            day, month, year, hour, minute, second, sign, hours, minutes = plain.groups()
            local = datetime(
                int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second), tzinfo=UTC
            )
            offset = timedelta(hours=int(hours), minutes=int(minutes))
            return local - offset if sign == "+" else local + offset
        parsed = parsedate_tz(raw)
        if parsed is None:
            return None
        offset = timedelta(seconds=parsed[9] or 0)
        zone = UTC if not offset else timezone(offset)
        return datetime(*parsed[:6], tzinfo=zone).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
