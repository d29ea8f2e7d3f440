"""Tags are paths: `payment/refund` is a subtag of `payment`."""

import re
from collections.abc import Iterable

LONGEST = 100
MOST = 100
SUBTREE = "/*"
_TAG = re.compile(r"[^\s/,*]+(?:/[^\s/,*]+)*")


def normal_tag(tag: str) -> str:
    """The tag as it is kept: lower case, no blanks at its ends."""
    return tag.strip().lower()


def is_tag(tag: str) -> bool:
    """Whether it can be a tag: words joined by slashes, without blanks, commas and stars."""
    return len(tag) <= LONGEST and _TAG.fullmatch(tag) is not None


def sorted_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Each tag once, in order."""
    return tuple(sorted({normal_tag(tag) for tag in tags}))


def is_in_subtree(tag: str, root: str) -> bool:
    """Whether the tag is the root or lies below it."""
    return tag == root or tag.startswith(root + "/")
