"""The send ledger: one row for each outgoing message and recipient, and what is known of it."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class SendState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    # The connection or the process died after the mail was handed over and before the answer: never sent again.
    UNKNOWN = "unknown"


class Sent(StrEnum):
    """What one attempt came to."""

    SENT = "sent"
    TEMPORARY = "temporary"
    PERMANENT = "permanent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SendResult:
    outcome: Sent
    # What the other side said, for a person.
    reason: str = ""
    # It is the channel that must wait, not this message alone.
    slows_down: bool = False
    # The enhanced code (RFC 3463) with which the recipient was refused for good; empty where it was for anything else.
    code: str = ""


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    name: str
    mime_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What an agent or a rule wrote and the channel must carry."""

    ticket_id: str
    message_id: str
    channel_id: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    subject: str
    text: str
    author_name: str = ""
    # What people call the ticket; 0 where that is not known.
    ticket_number: int = 0
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    attachment_ids: tuple[str, ...] = ()
    # Written by a rule, not by a person.
    is_automatic: bool = False

    @property
    def recipients(self) -> tuple[str, ...]:
        """Everybody it goes to, each once."""
        return tuple(dict.fromkeys((*self.to, *self.cc)))


@dataclass(frozen=True, slots=True)
class Composed:
    """A message in the channel's own form, ready to go to one recipient."""

    data: bytes
    recipient: str
    # Envelope sender; empty for machine mail.
    sender: str
    provider_message_id: str


@dataclass(frozen=True, slots=True)
class SendRow:
    """A row of the ledger."""

    send_id: str
    ticket_id: str
    message_id: str
    channel_id: str
    recipient: str
    lane: str
    state: SendState = SendState.QUEUED
    reason: str = ""
    attempts: int = 0
    due_at: datetime | None = None
    updated_at: datetime | None = None
    provider_message_id: str = ""
    # The place in the row that it got where its channel sends so many a minute.
    slot: datetime | None = None
    # Grows with every claim; a late owner's mark finds nothing.
    fence: int = 0


# Pauses before the 2nd, 3rd, ... attempt; afterwards the mail has failed.
BACKOFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 120, 240, 480, 720, 720, 720))


def send_id(message_id: str, recipient: str) -> str:
    """The row's id: the same for the same message and recipient."""
    return hashlib.sha256(f"{message_id}\0{recipient}".encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class NextStep:
    state: SendState
    reason: str
    # None where nothing is to be tried again.
    due_at: datetime | None = None
    # As in SendResult.
    code: str = ""


def after_attempt(attempts: int, result: SendResult, now: datetime) -> NextStep:
    """What a row becomes after attempt number `attempts` (from 1)."""
    if result.outcome is Sent.SENT:
        return NextStep(SendState.SENT, result.reason)
    if result.outcome is Sent.UNKNOWN:
        return NextStep(SendState.UNKNOWN, result.reason)
    if result.outcome is Sent.PERMANENT:
        return NextStep(SendState.FAILED, result.reason, code=result.code)
    if attempts > len(BACKOFF):
        return NextStep(SendState.FAILED, f"gave up after {attempts} attempts: {result.reason}")
    return NextStep(SendState.QUEUED, result.reason, now + BACKOFF[attempts - 1])
