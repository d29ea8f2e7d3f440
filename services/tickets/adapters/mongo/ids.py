"""Ids of tickets: the first 12 digits are the milliseconds of the ticket's creation, so that ids sort as creations do."""

import os
from datetime import UTC, datetime
from itertools import count

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS = 32
# Keeps the order of what one process makes within a millisecond.
_counter = count()


def ticket_id_at(created_at: datetime) -> str:
    """A new id for a ticket of that moment: 32 hex digits, the last 16 random."""
    return f"{_milliseconds(created_at):012x}{next(_counter) & 0xFFFF:04x}{os.urandom(8).hex()}"


def first_id_of(moment: datetime) -> str:
    """No ticket created from that moment on has a smaller id."""
    return f"{max(0, _milliseconds(moment)):012x}".ljust(_DIGITS, "0")


def _milliseconds(moment: datetime) -> int:
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000 + since.microseconds // 1_000
