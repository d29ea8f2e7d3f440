"""A message arrived: it is kept before anybody says yes."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.ingest.application.ports import Clock, LiveChannel
from services.ingest.domain.channel import Channel
from services.ingest.domain.intake import Envelope, IntakeRow, first_key


@dataclass(frozen=True, slots=True)
class Arrival:
    """Raw bytes that came to one channel."""

    channel: Channel
    live: LiveChannel
    raw: bytes
    envelope: Envelope
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class KeepRows:
    """Keep rows, all or none; the answer is a Kept for each."""

    rows: tuple[IntakeRow, ...]


def accept_message(arrivals: Sequence[Arrival], clock: Clock, new_id: Callable[[], str]) -> KeepRows:
    """The rows that make one arriving message accepted: one for each channel it came to."""
    now = clock.now()
    hashes: dict[int, str] = {}
    rows: list[IntakeRow] = []
    for arrival in arrivals:
        raw_sha256 = hashes.setdefault(id(arrival.raw), "") or hashlib.sha256(arrival.raw).hexdigest()
        hashes[id(arrival.raw)] = raw_sha256
        dedupe = arrival.live.dedupe(arrival.raw, arrival.envelope)
        rows.append(
            IntakeRow(
                intake_id=new_id(),
                channel_id=arrival.channel.channel_id,
                key=first_key(dedupe, raw_sha256),
                fingerprint=dedupe.fingerprint,
                raw=arrival.raw,
                raw_sha256=raw_sha256,
                envelope=arrival.envelope,
                received_at=now,
                traceparent=arrival.traceparent,
            )
        )
    return KeepRows(tuple(rows))
