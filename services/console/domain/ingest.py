"""Channels, the ledger, quarantine and what was sent, as the console shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Fetching:
    """How it goes with a mailbox that is fetched from elsewhere; no trouble is an empty text."""

    trouble: str
    # On the server and not in the ledger.
    waiting: int
    looked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Channel:
    """One mailbox, bot or key."""

    channel_id: str
    name: str
    kind: str
    lane: str
    settings: Mapping[str, str]
    is_paused: bool
    version: int
    updated_at: datetime | None = None
    fetching: Fetching | None = None


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """Where everything accepted has gone; `channel_id` is empty in the total."""

    channel_id: str
    accepted: int
    ticketed: int
    appended: int
    applied: int
    ignored: int
    quarantined: int
    in_flight: int
    in_flight_over_60s: int
    closed_twice: int

    @property
    def difference(self) -> int:
        """What is missing (or too much); anything but 0 breaks the first promise."""
        return self.accepted - (
            self.ticketed + self.appended + self.applied + self.ignored + self.quarantined + self.in_flight
        )

    @property
    def is_sound(self) -> bool:
        return self.difference == 0 and self.in_flight_over_60s == 0 and self.closed_twice == 0


@dataclass(frozen=True, slots=True)
class Ledger:
    """The total and a line a channel."""

    total: LedgerLine
    channels: tuple[LedgerLine, ...]


OUTCOMES = ("ticketed", "appended", "applied", "ignored", "quarantined", "in_flight")


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One accepted message; `outcome` is one of OUTCOMES."""

    intake_id: str
    channel_id: str
    outcome: str
    reason: str
    sender: str
    size: int
    received_at: datetime
    # None while it is in flight or in quarantine.
    closed_at: datetime | None = None
    # What it opened, joined or changed.
    ticket_id: str = ""
    is_closed_twice: bool = False


@dataclass(frozen=True, slots=True)
class LedgerRowPage:
    """Rows, the newest first."""

    rows: tuple[LedgerRow, ...]
    next_token: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """From a moment on and before another; None is no bound."""

    begins_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A message that could not be understood, kept with its reason."""

    intake_id: str
    channel_id: str
    reason: str
    sender: str
    size: int
    received_at: datetime


@dataclass(frozen=True, slots=True)
class QuarantinePage:
    messages: tuple[Quarantined, ...]
    next_token: str = ""


@dataclass(frozen=True, slots=True)
class Send:
    """One outgoing message to one recipient: queued, sending, sent, failed or unknown."""

    send_id: str
    ticket_id: str
    message_id: str
    channel_id: str
    recipient: str
    state: str
    reason: str
    attempts: int
    due_at: datetime | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class SendPage:
    sends: tuple[Send, ...]
    next_token: str = ""


@dataclass(frozen=True, slots=True)
class CaughtMail:
    """A mail that the local sink caught instead of the world."""

    mail_id: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    received_at: datetime
    text: str
