"""What stands below the last word that was meant: a signature, a phone's own line, a lawyer's."""

import re
from collections.abc import Sequence

from services.ingest.domain.quotes.farewells import (
    ANDS,
    CLOSINGS,
    DISCLAIMERS,
    SENT_FROM,
    SENT_FROM_LAST,
    THANKS,
)

# Lines looked at from the end of what was said.
_WINDOW = 40
_LONGEST_NAME = 60
_LONGEST_CARD_LINE = 100
# Lines below a closing formula.
_LONGEST_CARD = 9
_MOST_CLOSING_WORDS = 8
# What no formula begins with needs no closer look.
_FIRST_WORDS = frozenset(formula.partition(" ")[0] for formula in CLOSINGS | THANKS)
# Before a capital they begin a brand or a place as well as they end a letter.
_AMBIGUOUS = frozenset({"best", "att", "atte", "salam"})

_DASHED = re.compile(r"\s{0,3}(?:--|—+|–+|_{2,}|-{3,}|={3,}|\*{3,})\s*$")
_OWN_DASH = re.compile(r"[-–—]{1,2}(?:[^\W\d_][\w'’.]*)(?: [^\W\d_][\w'’.]*){0,2}$")
_CONTACT = re.compile(
    r"@[\w-]+\.\w|https?://|www\.|\+\d[\d ()-]{6,}|\b(?:tel|phone|mob|mobile|fax|тел|моб|т)\b\.?\s?:?\s?[+(\d]",
    re.IGNORECASE,
)
_WEB_OR_BAR = re.compile(r"https?://|www\.| [|•·] ", re.IGNORECASE)
_SENTENCE_ENDS = (".", "!", "?", "…", "。")
_BULLET = re.compile(r"\s*(?:[-*•·]\s|\d{1,3}[.)]\s)")
_ORNAMENT = re.compile(r"[^\w)&/]+$")
_FAREWELL_EDGES = " \t,.!;:，。！、-–—*_"


def start_of_signature(lines: Sequence[str], first: int, stop: int) -> int:
    """Where the signature of lines[first:stop] begins; `stop` where none is sure. Looks at the last 40 lines only."""
    while stop > first and not lines[stop - 1].strip():
        stop -= 1
    top = max(first + 1, stop - _WINDOW)
    for judge in (_delimited, _device, _farewell, _dash_and_name, _disclaimer, _letterhead):
        start = judge(lines, top, stop)
        if start < stop:
            return start
    return stop


def _delimited(lines: Sequence[str], top: int, stop: int) -> int:
    for index in range(top, stop):
        line = lines[index]
        if line[:1] not in "-—–_= *" or not _DASHED.match(line):
            continue
        below = [one for one in lines[index + 1 : stop] if one.strip()]
        # RFC 3676, 4.3: two dashes and a space, alone on their line.
        if line == "-- " or (
            line.strip() == "--" and len(below) <= 15 and all(len(one) <= 200 for one in below)
        ):
            return index
        if _is_card(below):
            return index
    return stop


def _is_card(below: Sequence[str]) -> bool:
    if not below or len(below) > 12:
        return False
    if any(_BULLET.match(line) for line in below):
        return False
    if any(_CONTACT.search(line[:200]) for line in below) and len(below) <= 10:
        return all(len(line) <= _LONGEST_CARD_LINE for line in below) and below[0].rstrip()[-1] not in ".?!:"
    return len(below) <= 4 and all(len(line) <= 50 and line.rstrip()[-1] not in ".?!:;," for line in below)


def _device(lines: Sequence[str], top: int, stop: int) -> int:
    # The phone's advertisement may stand on a line of its own below.
    last = stop - 1
    if last > top and lines[last].strip(" <>()[]").startswith("http") and _is_device(lines[last - 1]):
        return last - 1
    return last if last >= top and _is_device(lines[last]) else stop


def _is_device(line: str) -> bool:
    said = line.strip().strip("*_[]()<>-–— ")
    said = said.split("<http", 1)[0].split("(http", 1)[0].split("[http", 1)[0].rstrip(" .<([")
    low = said.casefold()
    if not low or len(low) > 80 or any(mark in low for mark in (", ", ". ", "? ", "! ")):
        return False
    if low.startswith(SENT_FROM):
        # "Sent from the warehouse yesterday" has something to say.
        rest = said[4:]
        return (len(low.split()) <= 10 and any(letter.isupper() for letter in rest)) or _names_device(low)
    return low.endswith(SENT_FROM_LAST) and len(low) <= 50


def _names_device(low: str) -> bool:
    return any(
        word in low
        for word in (
            "phone",
            "ipad",
            "mobile",
            "mobil",
            "android",
            "tablet",
            "телефон",
            "смартфон",
            "outlook",
        )
    )


def _farewell(lines: Sequence[str], top: int, stop: int) -> int:
    index, count = stop, 0
    while index > top and count <= _LONGEST_CARD:
        index -= 1
        count += bool(lines[index].strip())
    for start in range(index, stop):
        line = lines[start].strip()
        if not line or len(line) > 90:
            continue
        formula, name = _formula(line)
        if not formula:
            continue
        below = [one.strip() for one in lines[start + 1 : stop] if one.strip()]
        if name:
            below.insert(0, name)
        if not below:
            if formula in CLOSINGS:
                return start
        elif _is_name(below[0]) and all(_is_card_line(one) for one in below[1:]):
            return start
    return stop


def _formula(line: str) -> tuple[str, str]:
    low = _bare(line)
    # "Thanks!" is said; "Thanks," leads to a name.
    if low in CLOSINGS or (low in THANKS and line[-1] not in "!！?"):
        return low, ""
    if both := _both(low):
        return both, ""
    head, comma, name = line.partition(",")
    low = _bare(head)
    if comma and low in CLOSINGS and _is_name(name.strip()):
        return low, name.strip()
    return _named_closing(line)


def _both(low: str) -> str:
    """The closing formula of a line that also thanks, in either order: "Thanks in advance and kind regards"."""
    if low.partition(" ")[0] not in _FIRST_WORDS:
        return ""
    for word in ANDS:
        before, found, after = low.partition(word)
        if found and {before, after} <= CLOSINGS | THANKS:
            return after if after in CLOSINGS else before
    return ""


def _named_closing(line: str) -> tuple[str, str]:
    """A formula and the name on one line, without a comma between them: "Mvh Karin"."""
    words = line.split(None, _MOST_CLOSING_WORDS)
    if (
        words[0].casefold() not in _FIRST_WORDS
        or line[-1] in "?!:"
        or not 2 <= len(words) <= _MOST_CLOSING_WORDS
    ):
        return "", ""
    for count in range(1, min(3, len(words) - 1) + 1):
        if not words[-count][0].isupper():
            break
        low = _bare(" ".join(words[:-count]))
        if low in CLOSINGS and len(low) > 2 and low not in _AMBIGUOUS:
            return low, " ".join(words[-count:])
    return "", ""


def _bare(line: str) -> str:
    # Flowers and faces at the end change nothing.
    return _ORNAMENT.sub("", " ".join(line.casefold().strip(_FAREWELL_EDGES).split()))


def _is_name(line: str) -> bool:
    bare = line.strip(" *_-–—.,")
    if not bare or len(bare) > _LONGEST_NAME or line[-1] in "?!:;" or len(bare.split()) > 6:
        return False
    if bare.casefold() in CLOSINGS:
        return True
    letter = next((one for one in bare if one.isalpha()), "")
    # A script without capitals has short names too.
    return (
        bool(letter)
        and (letter.isupper() or (letter.lower() == letter.upper() and len(bare) <= 20))
        and (sum(one.isdigit() for one in bare) <= 2)
    )


def _is_card_line(line: str) -> bool:
    return (
        len(line) <= _LONGEST_CARD_LINE
        and (line[-1] not in "?!:" or "@" in line or _CONTACT.search(line) is not None)
        and not (line[-1] == "." and len(line.split()) > 7)
    )


def _dash_and_name(lines: Sequence[str], top: int, stop: int) -> int:
    last = stop - 1
    if last <= top or lines[last - 1].strip():
        return stop
    line = lines[last].strip()
    if len(line) > 50 or not _OWN_DASH.match(line):
        return stop
    return last if all(word[0].isupper() for word in line.lstrip("-–— ").split()) else stop


def _disclaimer(lines: Sequence[str], top: int, stop: int) -> int:
    start = stop
    while start > top and lines[start - 1].strip():
        start -= 1
    # The words stand at its beginning, or the paragraph is somebody's own.
    opening = " ".join(line.strip(" *_") for line in lines[start : min(start + 4, stop)]).casefold()[:300]
    return start if any(words in opening for words in DISCLAIMERS) else stop


def _letterhead(lines: Sequence[str], top: int, stop: int) -> int:
    """A name, and below it at least two lines of a company's card, under a sentence that has ended.

    Without a page of the web or a drawn bar it might be the address that somebody was asked for.
    """
    said = [index for index in range(top, stop) if lines[index].strip()]
    for at in range(max(0, len(said) - _LONGEST_CARD), len(said) - 2):
        start = said[at]
        name = lines[start].strip(" *_")
        above = start - 1
        while above >= top and not lines[above].strip():
            above -= 1
        # `top` is never the first line: there is one above it, which may be empty.
        is_apart = above < start - 1 and lines[above].rstrip().endswith(_SENTENCE_ENDS)
        if not is_apart or not 2 <= len(name.split()) <= 4 or not _is_full_name(name):
            continue
        below = [lines[index].strip() for index in said[at + 1 :]]
        if any(_BULLET.match(one) or not _is_card_line(one) for one in below):
            continue
        if any(_WEB_OR_BAR.search(one) for one in below) and any(_CONTACT.search(one) for one in below):
            return start
    return stop


def _is_full_name(name: str) -> bool:
    return len(name) <= 40 and all(word[0].isupper() and word.rstrip(".,").isalpha() for word in name.split())
