"""Moments as a person types them."""

from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.clock import epoch_milliseconds

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def moment_of(text: str, now: datetime) -> datetime:
    """`10:15` today, `2026-11-23T10:15` or `2026-11-23`, or `15m` ago; in UTC where it names no other zone. Raises
    ValueError."""
    text = text.strip()
    if text[:-1].isdecimal() and text[-1:] in _UNITS:
        try:
            return now - timedelta(seconds=int(text[:-1]) * _UNITS[text[-1]])
        except OverflowError:
            raise ValueError(f"{text} is too long ago") from None
    if text[1:3].startswith(":") or text[2:3] == ":":
        text = f"{now.astimezone(UTC):%Y-%m-%d}T{text:0>5}"
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def stamp_of(text: str) -> Timestamp | None:
    """The moment for a request; None where nothing was typed. Raises ValueError."""
    if not text:
        return None
    stamp = Timestamp()
    try:
        stamp.FromDatetime(moment_of(text, datetime.fromtimestamp(epoch_milliseconds() / 1000, UTC)))
    except (ValueError, OverflowError):
        raise ValueError(f"{text}: a moment as 10:15, 2026-11-23T10:15+03:00 or 15m (ago)") from None
    return stamp
