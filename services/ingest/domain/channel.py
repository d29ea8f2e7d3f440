"""A channel: one mailbox, group, bot or key of a kind."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

LANES = ("email", "chat", "social", "voice", "api")
# Of one setting: more than the longest that a kind takes.
LONGEST = 100_000
_BREAKS = frozenset({"Cc", "Zl", "Zp"})
ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as it is kept; what its settings mean is known to its kind alone."""

    # What URLs, metrics and tickets call it.
    channel_id: str
    name: str
    kind: str
    lane: str
    settings: Mapping[str, str] = field(default_factory=dict)
    # Secrets by the setting that says so, encrypted with the instance's key.
    sealed: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    # Nothing is accepted meanwhile, and nothing leaves.
    is_paused: bool = False
    version: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ServerCheck:
    """What was found at a server that a channel's settings name."""

    # What the server is for.
    name: str
    is_well: bool
    # For a person.
    text: str


def is_one_line(text: str) -> bool:
    """Neither a control character nor any other end of a line."""
    return not any(unicodedata.category(letter) in _BREAKS for letter in text)


def mistakes_in(channel: Channel) -> list[tuple[str, str]]:
    """(field, what is expected) for everything that is wrong with a channel apart from its settings."""
    wrong: list[tuple[str, str]] = []
    if not ID.fullmatch(channel.channel_id):
        wrong.append(
            ("channel.id", "1 to 63 lower-case letters, digits and hyphens, a letter or digit first")
        )
    if not 1 <= len(channel.name) <= 200 or not is_one_line(channel.name):
        wrong.append(("channel.name", "1 to 200 characters"))
    if channel.lane not in LANES:
        wrong.append(("channel.lane", f"one of {', '.join(LANES)}"))
    wrong.extend(
        (f"channel.settings.{name}", f"at most {LONGEST} characters")
        for name, value in channel.settings.items()
        if len(value) > LONGEST
    )
    return wrong
