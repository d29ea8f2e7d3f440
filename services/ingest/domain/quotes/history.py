"""Lines below which everything is history: the head of a quoted mail, and the separators above it."""

import re
from collections.abc import Sequence

from services.ingest.domain.quotes.phrases import FIELD_KINDS, FORWARDED, ORIGINAL, REPLY_ABOVE

# Lines looked at from the first field on; a long list of recipients is wrapped over some of them.
_MOST_LINES = 16
_LONGEST = 120

# What a program writes of a moment, and a person of a journey less often.
_EXACT = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)|\d\s?[:.時시点]\s?\d{2}(?!\d)|\d[./-]\d{1,2}[./-]\d{2}")
_FIELD = re.compile(r"[\s*_|]{0,12}([^\W\d_][\w '’()-]{0,24}?)[\s*_]{0,4}[:：][\s*_]{0,4}(.*)")
_RULE = re.compile(r"[\s>*]{0,8}[-_=—–*~]{3,}\s*$")
_DASHES = "-_=—–*# \t>~"
_LEADS = frozenset("-_=—–#")
_ENDS = frozenset(":：")
_PHRASES = (*ORIGINAL, *FORWARDED)


def field_of(line: str) -> tuple[str, str]:
    """Which field of a mail's head the line is (from, sent, date, to, cc, subject), and its value; empty where none."""
    match = _FIELD.match(line[:200])
    if match is None:
        return "", ""
    kind = FIELD_KINDS.get(" ".join(match.group(1).casefold().split()), "")
    return kind, match.group(2).strip() if kind else ""


def is_rule(line: str) -> bool:
    """A line drawn of dashes."""
    return _RULE.match(line) is not None


def is_separator(line: str) -> bool:
    """`-----Original Message-----` and its kin, in any language of the table."""
    if len(line) > _LONGEST or (line.lstrip(" \t>*")[:1] not in _LEADS and line.rstrip()[-1:] not in _ENDS):
        return False
    # Tencent's programs write the entity into plain text.
    bare = line.replace("&nbsp;", " ").strip(_DASHES)
    if not bare:
        return False
    low = bare.casefold()
    if any(words in low for words in REPLY_ABOVE):
        return True
    if low.endswith((":", "：")) and low[:-1].rstrip() in _PHRASES:
        return True
    lead = line.lstrip(" \t>*")
    return lead[:2] in ("--", "__", "==", "—", "——", "––") and low.startswith(_PHRASES) and len(bare) < 80


def is_head(lines: Sequence[str], start: int, stop: int) -> bool:
    """Whether a quoted mail's head begins at `start`: From with a date, and what only mails say (subject, sent, an address).

    `From: … To: … Date: …` alone may be somebody's journey; with a subject too, where the date has neither year nor time.
    """
    first, value = field_of(lines[start])
    if not first or first == "cc":
        return False
    kinds = {first}
    says_address = "@" in value
    is_exact = first in ("sent", "date") and _EXACT.search(value) is not None
    strangers = 0
    for index in range(start + 1, min(stop, start + _MOST_LINES)):
        line = lines[index]
        if not line.strip():
            # Some programs leave a line between the fields; two mean the end.
            strangers += 1
            if strangers > 2 or not lines[index - 1].strip():
                break
            continue
        kind, value = field_of(line)
        if kind:
            kinds.add(kind)
            says_address = says_address or (kind in ("from", "to") and "@" in value)
            is_exact = is_exact or (kind in ("sent", "date") and _EXACT.search(value) is not None)
            strangers = 0
        else:
            says_address = says_address or "@" in line
            strangers += 1
            if strangers > 2:
                break
        if "from" in kinds and kinds & {"sent", "date"}:
            is_mail = "sent" in kinds or is_exact or says_address
            if ("subject" in kinds and is_mail) or ("sent" in kinds and "to" in kinds):
                return True
            if says_address and "to" in kinds:
                return True
    return False
