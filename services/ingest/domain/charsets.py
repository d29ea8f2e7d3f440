"""Bytes to text when the sender may be wrong about the charset, or silent."""

import codecs
import re
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
# Cyrillic written as windows-1251 and called Latin: whole words of letters that Western text uses one by one.
_CYRILLIC_RUN = re.compile(rb"[\xa8\xb8\xc0-\xff]{4,}")
_HIGH = re.compile(rb"[\x80-\xff]")
_LONELY = re.compile(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])")
_ESCAPE_2022 = re.compile(rb"\x1b[$(]")

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
    if data.isascii() and b"\x1b" not in data and b"~{" not in data and not _is_wide(charset):
        return data.decode("ascii"), False
    codec = codec_for(charset) if charset else None
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


def guess(data: bytes) -> str:
    """The text under the likeliest charset."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    if _ESCAPE_2022.search(data):
        return data.decode("iso2022_jp_ext", "replace")
    if _looks_cyrillic(data):
        return data.decode(_cyrillic_codec(data), "replace")
    high = _HIGH.search(data)
    start = max(0, high.start() - 200) if high else 0
    sample = data[start : start + _GUESS_BYTES]
    if len(_LONELY.findall(sample)) * 2 > len(_HIGH.findall(sample)):
        # Accents among plain letters: too little for statistics, and most likely Western.
        return _decode_western(data)[0]
    best = from_bytes(sample, cp_isolation=_LIKELY, threshold=0.5).best()
    return data.decode(best.encoding if best is not None else "cp1252", "replace")


def clean(text: str) -> str:
    """Without NULs, controls and lone surrogates, with plain line ends."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii():
        # Nine texts of ten, and a table of bytes is read several times as fast as a pattern.
        return text.encode("ascii").translate(None, _ASCII_CONTROLS).decode("ascii")
    return _CONTROL.sub("", text)


def _decode_western(data: bytes) -> tuple[str, bool]:
    try:
        return data.decode("utf-8"), True
    except UnicodeDecodeError:
        pass
    if _ESCAPE_2022.search(data):
        return data.decode("iso2022_jp_ext", "replace"), True
    if _looks_cyrillic(data):
        return data.decode(_cyrillic_codec(data), "replace"), True
    # The five bytes that windows-1252 leaves undefined stay what latin-1 makes of them.
    try:
        return data.decode("cp1252"), False
    except UnicodeDecodeError:
        return data.decode("latin-1"), False


def _looks_cyrillic(data: bytes) -> bool:
    sample = data[: _GUESS_BYTES * 4]
    high = len(_HIGH.findall(sample))
    in_words = sum(len(run) for run in _CYRILLIC_RUN.findall(sample))
    return in_words > 7 and in_words * 10 > high * 7


def _cyrillic_codec(data: bytes) -> str:
    sample = data[: _GUESS_BYTES * 4]
    # Small letters outnumber capitals in any text: they are E0-FF in windows-1251 and C0-DF in KOI8-R.
    lower_1251 = sum(1 for byte in sample if byte >= 0xE0)
    lower_koi8 = sum(1 for byte in sample if 0xC0 <= byte <= 0xDF)
    return "cp1251" if lower_1251 >= lower_koi8 else "koi8_r"


def _is_wide(charset: str) -> bool:
    # In these an ASCII byte may be half of another character.
    lowered = charset.lower()
    return "utf-7" in lowered or "utf7" in lowered or "16" in lowered or "32" in lowered
