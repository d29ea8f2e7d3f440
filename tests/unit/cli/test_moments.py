"""Moments as a person types them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from cli.moments import moment_of, stamp_of

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("10:15", datetime(2026, 11, 23, 10, 15, tzinfo=UTC)),
        ("9:05", datetime(2026, 11, 23, 9, 5, tzinfo=UTC)),
        ("10:15:30", datetime(2026, 11, 23, 10, 15, 30, tzinfo=UTC)),
        ("2026-11-22T10:15", datetime(2026, 11, 22, 10, 15, tzinfo=UTC)),
        ("2026-11-22", datetime(2026, 11, 22, tzinfo=UTC)),
        ("2026-11-22T10:15Z", datetime(2026, 11, 22, 10, 15, tzinfo=UTC)),
        ("2026-11-22T10:15+03:00", datetime(2026, 11, 22, 10, 15, tzinfo=timezone(timedelta(hours=3)))),
        ("15m", NOW - timedelta(minutes=15)),
        ("2d", NOW - timedelta(days=2)),
    ],
)
def test_a_moment_is_read_as_people_write_it(text: str, at: datetime) -> None:
    assert moment_of(text, NOW) == at


@pytest.mark.parametrize("text", ["yesterday", "25:00", "10:7x", "2026-13-01", "9" * 30 + "d", ":", "m"])
def test_what_is_no_moment_is_refused_with_what_would_be(text: str) -> None:
    with pytest.raises(ValueError, match="a moment as 10:15"):
        stamp_of(text)


def test_nothing_typed_is_no_bound() -> None:
    assert stamp_of("") is None
