"""Our conversions of timestamps answer what protobuf's own do."""

from datetime import UTC, datetime, timedelta, timezone

from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from chassis.stamps import millisecond_of, moment_of, stamp

MOMENTS = st.datetimes(
    # Hypothesis takes them bare, and adds the zone.
    datetime(1600, 1, 1),  # noqa: DTZ001
    datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))]),
)


@given(MOMENTS)
def test_a_moment_becomes_the_timestamp_that_protobuf_makes_of_it(moment: datetime) -> None:
    ours, theirs = Timestamp(), Timestamp()
    stamp(ours, moment)
    theirs.FromDatetime(moment)
    assert ours == theirs


@given(MOMENTS, st.integers(0, 999))
def test_a_timestamp_becomes_the_moment_that_protobuf_makes_of_it(moment: datetime, nanos: int) -> None:
    timestamp = Timestamp()
    timestamp.FromDatetime(moment)
    timestamp.nanos += nanos
    assert moment_of(timestamp) == timestamp.ToDatetime(tzinfo=UTC) == moment
    assert millisecond_of(timestamp) == moment.replace(microsecond=moment.microsecond // 1_000 * 1_000)


def test_an_unset_timestamp_is_the_epoch() -> None:
    assert moment_of(Timestamp()) == datetime(1970, 1, 1, tzinfo=UTC)
