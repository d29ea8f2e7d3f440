"""Files that old programs write into the text itself: `begin 644 name`, lines of uuencode, `end`."""

import binascii
import re

_BEGIN = re.compile(r"begin [0-7]{3,4} ([^\n]{1,300})")
# Enough for any honest mail.
_MAX_FILES = 50


def take_out(text: str) -> tuple[str, list[tuple[str, bytes]]]:
    """The text without its uuencoded files, and these as (name, content); what is cut short or broken stays text."""
    if "\nend" not in text or "begin " not in text:
        return text, []
    kept: list[str] = []
    files: list[tuple[str, bytes]] = []
    # Where in `kept` the file that is being read began; its name, and what was read of it.
    opened, name, pieces = -1, "", list[bytes]()
    for line in text.split("\n"):
        kept.append(line)
        if match := _BEGIN.fullmatch(line.rstrip()):
            opened, name, pieces = len(kept) - 1, match.group(1), []
        elif opened < 0:
            continue
        elif line.rstrip() == "end":
            if pieces and len(files) < _MAX_FILES:
                files.append((name, b"".join(pieces)))
                del kept[opened:]
            opened = -1
        else:
            piece = decode_line(line.encode("utf-8", "replace"))
            if piece is None:
                opened = -1
            else:
                pieces.append(piece)
    return "\n".join(kept), files


def decode_line(line: bytes) -> bytes | None:
    """The bytes of one line; None where it is none."""
    # Some encoders leave rubbish behind the counted bytes.
    count = (((line[0] - 32) & 63) * 4 + 5) // 3 if line else 0
    for candidate in (line, line[:count]):
        try:
            return binascii.a2b_uu(candidate)
        except binascii.Error:
            continue
    return None
