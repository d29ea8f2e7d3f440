"""Channels as people make, change, pause and test them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

# What the value of a setting for a secret begins with where the secret is kept encrypted.
_KEPT = "sealed:"


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that can be set of a kind of channel."""

    name: str
    # In English; the page has its own words for those it knows.
    text: str
    # text, number, flag, choice, list, lines or secret.
    type: str
    is_required: bool = False
    default: str = ""
    choices: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None
    longest: int = 0
    example: str = ""

    @property
    def is_long(self) -> bool:
        """More than a line is written there."""
        return self.type in ("list", "lines") or self.longest > 300


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of channel."""

    name: str
    text: str
    settings: tuple[Setting, ...]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something wrong with a channel: settings, fetching, sending, failed or quarantine, with what is to say of it."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class ChannelState:
    """How it goes with a channel."""

    channel_id: str
    last_received_at: datetime | None = None
    last_sent_at: datetime | None = None
    waiting_to_leave: int = 0
    quarantined: int = 0
    troubles: tuple[Trouble, ...] = ()
    # Other systems post to it, with a key.
    is_posted_to: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """What was found at a server: imap or smtp."""

    name: str
    is_well: bool
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class ChannelChange:
    """Who changed what of a channel, and when."""

    version: int
    changed_at: datetime
    # agent, api or system, and the name where there is one.
    editor_kind: str
    editor_name: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """A channel as a person wants it; secrets are only ever on their way in."""

    channel_id: str
    name: str
    kind: str
    lane: str
    settings: Mapping[str, str]
    is_paused: bool = False
    # 0 for a new one.
    version: int = 0
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


def is_kept(value: str) -> bool:
    """The setting's secret is kept encrypted."""
    return value.startswith(_KEPT)
