"""Bytes to text when the sender may be wrong about the charset, or silent."""

import codecs
import re
from collections import Counter
from functools import lru_cache

from charset_normalizer import from_bytes

# What senders write -> what they mean. Browsers read these names the same way (WHATWG Encoding).
_MEANS = {
    "us-ascii": "cp1252", "ascii": "cp1252", "ansi_x3.4-1968": "cp1252", "iso-8859-1": "cp1252",
    "latin1": "cp1252", "latin-1": "cp1252", "iso8859-1": "cp1252", "iso_8859-1": "cp1252", "ansi": "cp1252",
    "gb2312": "gb18030", "gbk": "gb18030", "iso-gb2312": "gb18030", "gb_2312-80": "gb18030",
    "x-gbk": "gb18030", "cn-gb": "gb18030", "cp936": "gb18030", "hz": "hz", "hz-gb-2312": "hz",
    "ks_c_5601-1987": "cp949", "ks_c_5601": "cp949", "ksc5601": "cp949", "euc-kr": "cp949",
    "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932", "windows-31j": "cp932",
    "iso-2022-jp": "iso2022_jp_ext", "big5": "big5hkscs", "big5-hkscs": "big5hkscs",
    "iso-8859-8-i": "iso8859_8", "iso-8859-9": "cp1254", "tis-620": "cp874", "iso-8859-11": "cp874",
    "win-1251": "cp1251", "windows1251": "cp1251", "cp-1251": "cp1251", "win1251": "cp1251",
    "koi8r": "koi8_r", "koi8": "koi8_r", "utf8mb4": "utf-8", "unicode-1-1-utf-7": "utf-7", "unicode": "utf-8",
    "cp-850": "cp850", "x-mac-cyrillic": "mac_cyrillic", "x-mac-roman": "mac_roman", "macintosh": "mac_roman",
}  # fmt: skip

# Python knows more codecs than there are charsets, and some (punycode, idna) are slow on purpose-made input.
_KNOWN = re.compile(
    r"(utf_?(8|16|32)(_[bl]e|_sig)?|utf_?7|cp\d+|iso8859_\d+|latin_?\d+|koi8_[rut]|mac_\w+|gb\d+|hz|big5\w*|euc_\w+"
    r"|shift_jis\w*|iso2022_\w+|johab|tis_620|kz1048|ptcp154)",
)

# Candidates for a guess, those we expect most of all first.
_LIKELY = [
    "utf_8", "cp1251", "koi8_r", "cp1252", "cp1250", "cp1254", "gb18030", "cp932", "euc_jp", "cp949", "big5",
    "cp1253", "cp1255", "cp1256", "cp866",
]  # fmt: skip

# A guess reads no more than this.
_GUESS_BYTES = 4096
# Bytes that are letters in every Cyrillic charset of one byte, and in words; Western text uses them one by one.
_LETTER_RUN = re.compile(rb"[\x80-\xff]{3,}")
_HIGH = re.compile(rb"[\x80-\xff]")
_LONELY = re.compile(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])")
_BESIDE_LATIN = re.compile(rb"[A-Za-z][\xc0-\xff]|[\xc0-\xff][A-Za-z]")
_ESCAPE_2022 = re.compile(rb"\x1b\$[()@B]")
_THREE_BYTES = re.compile(rb"[\xe1-\xef][\x80-\xbf]{2}")
_TURNED_CASE = re.compile("[а-яёіїє][А-ЯЁІЇЄ]|[ά-ώ][Α-Ω]")
_KANA = re.compile("[\u3041-\u30fe]")

# How many letters of a hundred are this one: in Russian (and what Ukrainian has besides), Greek, Hebrew, Arabic.
_FREQUENCY = {
    **dict(zip("оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфіїє", (
        11, 8.5, 8, 7.4, 6.7, 6.3, 5.5, 4.7, 4.5, 4.4, 3.5, 3.2, 3, 2.8, 2.6, 2, 1.9, 1.7, 1.7, 1.6, 1.6, 1.4, 1.2, 1,
        0.9, 0.7, 0.6, 0.5, 0.4, 0.3, 0.3, 3, 1, 1), strict=True)),
    **dict(zip("αοιετσνηυρπκςμλίόάέωδγθχύήφβώξζψ", (
        11, 9, 8, 7.5, 8, 5, 6.6, 4, 3.8, 4.3, 4.2, 4, 3.5, 3.4, 2.9, 2.5, 2.3, 2, 2, 1.8, 1.7, 1.7, 1.2, 1.1, 1, 1,
        0.9, 0.7, 0.6, 0.4, 0.4, 0.2), strict=True)),
    **dict(zip("יהולארתבמשעםנכדחקפןסזטגצךףץ", (
        11, 10, 10, 7.4, 6.3, 5.6, 5, 4.7, 4.6, 4.4, 3.2, 3, 2.9, 2.7, 2.6, 2.5, 2.1, 1.7, 1.6, 1.5, 1.3, 1.2, 1.2,
        1.2, 0.8, 0.3, 0.1), strict=True)),
    **dict(zip("اليمونرتبعهةدسفكقحأجشىطصخإضذزثغءئظؤآ", (
        12, 11, 7, 6, 6, 6, 5, 5, 4, 4, 4, 3, 3, 3, 3, 2.5, 2.5, 2.5, 2.5, 1.7, 1.5, 1.2, 1.2, 1.2, 1, 1, 1, 0.9, 0.8,
        0.8, 0.5, 0.5, 0.4, 0.3, 0.2, 0.2), strict=True)),
}  # fmt: skip
_CYRILLIC = ("cp1251", "koi8_u", "iso8859_5", "cp866")
_ALPHABETS = ("cp1253", "cp1255", "cp1256")
# Read the wrong way a text has about half of the first, or marks that are no letters.
_IS_LIKE = 2.5
# Windows' reading of a charset that leaves 80-9F to controls, for senders who meant Windows.
_WINDOWS = {"iso8859_2": "cp1250", "iso8859_7": "cp1253", "iso8859_8": "cp1255", "iso8859_13": "cp1257"}
_C1 = re.compile(rb"[\x80-\x9f]")

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufeff\ufffe\uffff]")
_ASCII_CONTROLS = bytes(code for code in (*range(32), 127) if code not in b"\t\n\r")


@lru_cache(maxsize=512)
def codec_for(charset: str) -> str | None:
    """The Python codec for a declared charset; None where the name means nothing."""
    name = charset.strip().strip("\"'").lower()
    name = _MEANS.get(name, name)
    try:
        found = codecs.lookup(name).name.replace("-", "_")
    except (LookupError, ValueError):
        return None
    return found if _KNOWN.fullmatch(found) else None


def decode(data: bytes, charset: str = "") -> tuple[str, bool]:
    """The text, and whether its charset had to be guessed. Never fails: what is left over becomes U+FFFD."""
    is_wide = _is_wide(charset)
    if b"\0" in data and (wide := wide_codec(data)):
        return data.decode(wide, "replace"), not (codec_for(charset) or "").startswith("utf_16")
    if data.isascii() and b"\x1b" not in data and b"~{" not in data and not is_wide:
        return data.decode("ascii"), False
    codec = codec_for(charset) if charset else None
    if other := _contradicted(data, codec, is_wide):
        return data.decode(other, "replace"), True
    if codec == "cp1252":
        return _decode_western(data)
    if codec is not None:
        try:
            return data.decode(codec), False
        except (UnicodeError, ValueError):
            # A few cut characters are no reason to distrust what was declared.
            text = data.decode(codec, "replace")
            if text.count("\ufffd") * 4 <= sum(1 for character in text if character > "\x7f"):
                return text, False
    return guess(data), True


def wide_codec(data: bytes) -> str | None:
    """Which UTF-16 the bytes are, whatever was declared; None where they are none.

    A mark at the beginning says so (RFC 2781), or the NULs of spaces, line ends and ASCII, which all stand in one half.
    """
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return None
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf_16"
    sample = data[:_GUESS_BYTES]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    # Of Russian every eighth character or so has one; a file with some stray NULs has them in both halves.
    if (even + odd) * 24 < len(sample) or min(even, odd) * 10 > max(even, odd) or even + odd < 4:
        return None
    # Wide characters of four bytes have them everywhere.
    return "utf_16_le" if odd > even else "utf_16_be"


def guess(data: bytes) -> str:
    """The text under the likeliest charset."""
    if _ESCAPE_2022.search(data):
        return data.decode(_codec_2022(data), "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    if codec := _japanese_codec(data) or _alphabet_codec(data):
        return data.decode(codec, "replace")
    high = _HIGH.search(data)
    start = max(0, high.start() - 200) if high else 0
    sample = data[start : start + _GUESS_BYTES]
    if len(_LONELY.findall(sample)) * 2 > len(_HIGH.findall(sample)):
        # Accents among plain letters: too little for statistics, and most likely Western.
        return _western(data)
    best = from_bytes(sample, cp_isolation=_LIKELY, threshold=0.5).best()
    return data.decode(best.encoding if best is not None else "cp1252", "replace")


def _contradicted(data: bytes, codec: str | None, is_wide: bool) -> str | None:
    """What the bytes are where they cannot be what was declared."""
    if codec is None:
        return None
    if b"\x1b" in data and not codec.startswith("iso2022") and _ESCAPE_2022.search(data):
        return _codec_2022(data)
    if codec.startswith(("utf_16", "utf_32")):
        # Even a line break has a NUL then.
        return "utf-8" if b"\0" not in data and is_utf_8(data) else None
    if is_wide or codec == "utf_8":
        return None
    if codec.startswith(("cp125", "koi8", "iso8859")):
        if is_utf_8(data):
            return "utf-8"
        if codec in ("cp1251", "koi8_r", "koi8_u"):
            return _other_cyrillic(data, codec)
        return _WINDOWS[codec] if codec in _WINDOWS and _C1.search(data) else None
    return "utf-8" if len(_THREE_BYTES.findall(data[:_GUESS_BYTES])) > 3 and is_utf_8(data) else None


def is_utf_8(data: bytes) -> bool:
    """Is it valid UTF-8 throughout?"""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _codec_2022(data: bytes) -> str:
    return "iso2022_kr" if b"\x1b$)C" in data else "iso2022_jp_ext"


def clean(text: str) -> str:
    """Without NULs, controls and lone surrogates, with plain line ends."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii():
        # Nine texts of ten, and a table of bytes is read several times as fast as a pattern.
        return text.encode("ascii").translate(None, _ASCII_CONTROLS).decode("ascii")
    return _CONTROL.sub("", text)


def _decode_western(data: bytes) -> tuple[str, bool]:
    sample = data[:_GUESS_BYTES]
    high = len(_HIGH.findall(sample))
    if codec := _alphabet_codec(data):
        return data.decode(codec, "replace"), True
    if high * 2 > len(sample) > 8:
        # No Western text consists of accents.
        return guess(data), True
    return _western(data), False


def _western(data: bytes) -> str:
    # The five bytes that windows-1252 leaves undefined stay what latin-1 makes of them.
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _japanese_codec(data: bytes) -> str | None:
    for codec in ("cp932", "euc_jp"):
        try:
            text = data.decode(codec)[:_GUESS_BYTES]
        except UnicodeDecodeError:
            continue
        if len(_KANA.findall(text)) * 4 > sum(1 for character in text if character > "\x7f"):
            return codec
    return None


def _alphabet_codec(data: bytes) -> str | None:
    """The charset under which the bytes are like Russian, Greek, Hebrew or Arabic; None where they are like none."""
    sample = data[: _GUESS_BYTES * 4]
    in_words = sum(len(run) for run in _LETTER_RUN.findall(sample))
    if (
        in_words < 4
        or in_words * 10 <= len(_HIGH.findall(sample)) * 6
        or _BESIDE_LATIN.search(sample, 0, 400)
    ):
        return None
    likeness, codec = max((_likeness(sample, codec), codec) for codec in _CYRILLIC)
    # Letters of one alphabet read as another's are not all rare, so that the others must be clearly better.
    other, other_codec = max((_likeness(sample, codec), codec) for codec in _ALPHABETS)
    if other > 1.5 * likeness:
        likeness, codec = other, other_codec
    return codec if likeness >= _IS_LIKE else None


def _other_cyrillic(data: bytes, codec: str) -> str | None:
    sample = data[: _GUESS_BYTES * 4]
    if not _TURNED_CASE.search(sample.decode(codec, "replace")):
        return None
    likeness, other = max((_likeness(sample, candidate), candidate) for candidate in _CYRILLIC)
    # What is declared must be clearly worse before it is doubted.
    return other if likeness > 1.2 * max(_likeness(sample, codec), _IS_LIKE) else None


def _likeness(data: bytes, codec: str) -> float:
    """How common the letters of a text are in its language, on the average of its characters beyond ASCII."""
    text = data.decode(codec, "replace")
    # Small letters before capitals: KOI8-R and windows-1251 have them the other way round.
    total, points = 0, -10.0 * len(_TURNED_CASE.findall(text))
    for character, times in Counter(text).items():
        if character <= "\x7f":
            continue
        total += times
        small = character.lower()
        if small in _FREQUENCY:
            points += times * _FREQUENCY[small] * (1 if character == small else 0.9)
        elif character.isalpha():
            points -= times
        elif character not in "«»—–№\xa0…“”":
            points -= times * 5
    return points / total if total else 0.0


def _is_wide(charset: str) -> bool:
    # In these an ASCII byte may be half of another character.
    lowered = charset.lower()
    return "utf-7" in lowered or "utf7" in lowered or "16" in lowered or "32" in lowered
