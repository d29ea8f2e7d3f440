"""The line above a quote: who wrote it, and when. Programs write it in their user's language and wrap it as they like."""

import re
from collections.abc import Sequence

from services.ingest.domain.quotes.phrases import BEGINS, FIRST_PERSON, SAID_LAST, SAID_WITHIN

# Wrapped over more lines than this, or longer, it is something else.
_MOST_LINES = 4
_LONGEST = 400

_DATE = re.compile(
    r"(?<!\d)(?:19|20)\d\d(?!\d)|(?<!\d)\d{1,4}\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{2,4}(?!\d)"
    r"|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.? \d{1,2}\b"
    r"|\b\d{1,2}\.? (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
    r"|\d{1,2}\s?[月월]|[٠-٩]{4}",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"(?<!\d)\d{1,2}\s?[:.h時시点]\s?\d{2}(?!\d)|(?<!\d)\d{1,2}\s?(?:am|pm|uhr)\b", re.IGNORECASE
)
_ADDRESS = re.compile(r"[^\s<>()\"]@[\w-]+\.\w")
_ENDS_WITH_ADDRESS = re.compile(r"[\w.+-]@[\w.-]{3,100}\s?([>)\]»”\"*]{0,4})\s?[:：]$")
# Marks of writing direction, which Hebrew and Arabic programs put around every name, and dashes around the whole.
_EDGES = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069 \t\xa0-–—_*|"
_BIDI = str.maketrans("", "", "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b") | {
    0xA0: " ",
    0x202F: " ",
}
_SENTENCE_END = (".", "!", "?", ";", "…", "。")
_LAST_THREE = frozenset(verb[-3:] for verb in SAID_LAST)
_LAST_VERBS = tuple(f" {verb}" if verb[0].isascii() else verb for verb in SAID_LAST)


def may_end(line: str) -> bool:
    """Whether the line is worth a closer look: a cheap test for every line of a mail."""
    line = line.rstrip(_EDGES)
    return line[-1:] in (":", "：") or line[-3:] in _LAST_THREE


def find(lines: Sequence[str], last: int, first: int, *, above_quote: bool) -> int:
    """Where the attribution that ends on line `last` begins, at `first` or below; -1 where there is none.

    Right above quoted lines less is asked of it: a name and a verb, or a date and an address.
    """
    for is_sure in (True, False) if above_quote else (True,):
        joined = ""
        for start in range(last, max(first, last - _MOST_LINES + 1) - 1, -1):
            line = lines[start].translate(_BIDI).strip()
            if (
                not line
                or (line[0] == ">" and len(line) > 3)
                or (start < last and line.endswith(_SENTENCE_END) and not _begins(line))
            ):
                break
            joined = f"{line} {joined}" if joined else line
            if len(joined) > _LONGEST:
                break
            if _is_sure(joined) if is_sure else _is_likely(joined):
                return _extended(lines, start, max(first, last - _MOST_LINES + 1))
    return -1


def _extended(lines: Sequence[str], start: int, first: int) -> int:
    # A wrapped line may look whole from its second half on.
    if _begins(lines[start].translate(_BIDI).strip()):
        return start
    for above in range(start - 1, first - 1, -1):
        line = lines[above].translate(_BIDI).strip()
        if not line or line[0] == ">" or len(line) > 120 or line.endswith((*_SENTENCE_END, ":", ",")):
            break
        if _begins(line) and _DATE.search(line):
            return above
        if _ADDRESS.search(line) and not line.endswith(">"):
            return above
    return start


def _begins(line: str) -> bool:
    line = line.lstrip(_EDGES + '<"')
    return line[:1].isdigit() or line[:20].casefold().startswith(BEGINS)


def _is_sure(joined: str) -> bool:
    line = joined.strip(_EDGES)
    ends_open = line[-1:] in (":", "：")
    has_date = _DATE.search(line) is not None
    if not has_date:
        return False
    ending = _ENDS_WITH_ADDRESS.search(line) if ends_open else None
    # An address without brackets ends many a sentence; after date and time it does not.
    if ending and (ending.group(1) or (_begins(line) and _TIME.search(line))):
        return True
    low = line.casefold()
    if not _has_verb(low, ends_open):
        return False
    has_time = _TIME.search(line) is not None
    has_address = _ADDRESS.search(line) is not None
    if ends_open:
        return has_address or (has_time and len(line) < 200) or low.endswith("you wrote:")
    return has_address and (has_time or _begins(line))


def _is_likely(joined: str) -> bool:
    line = joined.strip(_EDGES)
    ends_open = line[-1:] in (":", "：")
    low = line.casefold()
    if len(line) > 200:
        return False
    if _has_verb(low, ends_open):
        return ends_open
    if not ends_open:
        return False
    has_date, has_time = _DATE.search(line) is not None, _TIME.search(line) is not None
    if _ADDRESS.search(line):
        return has_date or has_time
    return has_date and has_time and _begins(line)


def _has_verb(low: str, ends_open: bool) -> bool:
    said = low.rstrip(":： ")
    ends_so = said.endswith(_LAST_VERBS)
    if not ends_so and not (ends_open and any(verb in low for verb in SAID_WITHIN)):
        return False
    return not any(words in low for words in FIRST_PERSON)
