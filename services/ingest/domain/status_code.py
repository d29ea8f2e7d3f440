"""Enhanced status codes (RFC 3463), as servers write them into what they say."""

import re

# Not within the address of a network or the version of a program.
_CODE = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?!\.?\d)")


def status_code(text: str, start: int = 0) -> str:
    """The first code in the text, for instance 5.1.1; empty where it has none."""
    found = _CODE.search(text, start)
    return found.group(0) if found is not None else ""
