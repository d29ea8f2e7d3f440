"""The contract's timestamps and our moments, each into the other: what every fact does several times.

Protobuf's own conversions go by way of calendars and cost four times as much.
"""

from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_SECONDS = 86_400


def moment_of(timestamp: Timestamp) -> datetime:
    """The aware moment, cut to microseconds."""
    return _EPOCH + timedelta(0, timestamp.seconds, timestamp.nanos // 1_000)


def millisecond_of(timestamp: Timestamp) -> datetime:
    """The aware moment, cut to milliseconds, the finest that the store keeps."""
    return _EPOCH + timedelta(0, timestamp.seconds, timestamp.nanos // 1_000_000 * 1_000)


def stamp(timestamp: Timestamp, moment: datetime) -> None:
    """Set the timestamp to the moment."""
    since = moment - _EPOCH
    timestamp.seconds = since.days * _DAY_SECONDS + since.seconds
    timestamp.nanos = since.microseconds * 1_000
