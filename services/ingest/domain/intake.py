"""The intake ledger: a row for each message that we said yes to, from its bytes to what became of it."""

import hashlib
import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from services.ingest.domain.received import SAME_ID_OTHER_CONTENT


class State(StrEnum):
    """accepted = ticketed + appended + applied + ignored + quarantined + in flight (accepted and not yet closed)."""

    ACCEPTED = "accepted"
    TICKETED = "ticketed"
    APPENDED = "appended"
    # An edit, a deletion or a delivery state of something that was there before.
    APPLIED = "applied"
    IGNORED = "ignored"
    QUARANTINED = "quarantined"


CLOSED = (State.TICKETED, State.APPENDED, State.APPLIED, State.IGNORED)
# One commit of tickets may say several facts about one row, and they may come in any order.
_RANK = {State.TICKETED: 4, State.APPENDED: 3, State.APPLIED: 2, State.IGNORED: 1}


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the transport knew beside the bytes."""

    # "" for MAIL FROM <>, None where the transport has no such thing.
    sender: str | None = None
    recipient: str = ""
    # The other end, for a person who looks into abuse.
    peer: str = ""
    # Given by the client where the channel has it (Idempotency-Key).
    idempotency_key: str = ""


@dataclass(frozen=True, slots=True)
class DedupeKey:
    """How a channel tells one message from another."""

    # The provider's id; empty where there is none.
    provider_id: str
    # Of everything but what changes on the way; tells a repeat from another message under the same id.
    fingerprint: str


# Not frozen, for its price: one is made for every message, and with so many fields that takes four times as long. Nobody
# changes it all the same.
@dataclass(slots=True)
class IntakeRow:
    """A message as it is kept. The row is the commit: with it the message is accepted."""

    intake_id: str
    channel_id: str
    # Unique within the channel.
    key: str
    fingerprint: str
    raw: bytes = field(repr=False)
    raw_sha256: str
    envelope: Envelope
    received_at: datetime
    flags: tuple[str, ...] = ()
    traceparent: str = ""
    state: State = State.ACCEPTED
    reason: str = ""
    # How often somebody took it out of quarantine.
    retries: int = 0
    # How often tickets had answered that a person should look at it; each time it is told anew it is another fact.
    handed_back: int = 0
    # Somebody brought it back although a list kept it out.
    is_let_in: bool = False


def first_key(dedupe: DedupeKey, raw_sha256: str) -> str:
    """The key under which a message is first tried: its id, or its content where it has none."""
    return f"id:{dedupe.provider_id[:900]}" if dedupe.provider_id else f"sha256:{raw_sha256}"


def is_repeat(row: IntakeRow, kept_fingerprint: str) -> bool:
    """The row that holds the key is the same message."""
    return row.fingerprint == kept_fingerprint


def as_other_message(row: IntakeRow) -> IntakeRow:
    """The same id with other content is another message; both are kept and the later is flagged."""
    return replace(
        row,
        key=f"{row.key}#{row.fingerprint}",
        flags=tuple(dict.fromkeys((*row.flags, SAME_ID_OTHER_CONTENT))),
    )


@dataclass(frozen=True, slots=True)
class Closing:
    """What tickets made of a row; QUARANTINED where a person should look at it."""

    intake_id: str
    state: State
    # The same for all facts of one commit.
    closing_id: str
    reason: str = ""


class ClosingOutcome(StrEnum):
    CLOSED = "closed"
    # Heard before; nothing to do.
    REPEATED = "repeated"
    # The same commit said more: the stronger word stays.
    UPGRADED = "upgraded"
    # Another commit closed it before: one message had two effects, which must never be.
    TWICE = "twice"


def close(state: State, closed_by: str, closing: Closing, *, is_blocked: bool = False) -> ClosingOutcome:
    """What a closing does to a row in `state` that `closed_by` closed. Where a list of the mailbox did, tickets had been
    told of it before the list was written, and what tickets made of it stands."""
    if state not in CLOSED or is_blocked:
        return ClosingOutcome.CLOSED
    if closed_by != closing.closing_id:
        return ClosingOutcome.TWICE
    stronger = _RANK.get(closing.state, 0) > _RANK[state]
    return ClosingOutcome.UPGRADED if stronger else ClosingOutcome.REPEATED


# ------------------------------------------------------------------------------------------------ e-mail fingerprints

# Each begins with a line end, a letter that the search finds quickly; `^` is tried at every byte.
_TRACE = re.compile(
    rb"\n(?:Received|X-Received|Return-Path|Delivered-To|X-Original-To|Envelope-To|X-Envelope-To|Authentication-Results"
    rb"|ARC-[A-Za-z-]+|Received-SPF|DKIM-[A-Za-z-]+|X-[A-Za-z-]*Spam[A-Za-z-]*)[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*",
    re.IGNORECASE,
)
_MESSAGE_ID = re.compile(rb"\nMessage-ID[ \t]*:[ \t]*(?:\r?\n[ \t]+)?(<[^<>\s]{1,900}>)", re.IGNORECASE)
_HEADER_BYTES = 256 * 1024


def mail_dedupe_key(raw: bytes) -> DedupeKey:
    """Message-ID and a fingerprint without the fields that servers add on the way: two copies of one mail that came by
    two roads are one message, another body under the same id is not."""
    end = _header_end(raw)
    head = b"\n" + raw[: min(end, _HEADER_BYTES)]
    match = _MESSAGE_ID.search(head)
    kept = _TRACE.sub(b"", head)
    digest = hashlib.sha256(kept[1:] + b"\n" if kept else b"")
    digest.update(memoryview(raw)[end:])
    return DedupeKey(match.group(1).decode("ascii", "replace") if match else "", digest.hexdigest())


def _header_end(raw: bytes) -> int:
    crlf = raw.find(b"\r\n\r\n")
    bare = raw.find(b"\n\n", 0, crlf + 1 if crlf >= 0 else len(raw))
    ends = [at for at in (crlf, bare) if at >= 0]
    return min(ends) if ends else len(raw)
