"""How fast a channel may send."""

from datetime import UTC, datetime, timedelta

import pytest

from services.ingest.domain.pace import distance, is_still_good, pause_after

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize("per_minute", [1, 7, 30, 59, 6000])
def test_no_minute_holds_more_than_the_bound(per_minute: int) -> None:
    assert distance(per_minute) * per_minute >= timedelta(minutes=1)


def test_pauses_grow_and_end_growing() -> None:
    pauses = [pause_after(times) for times in range(1, 20)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (timedelta(seconds=15), timedelta(minutes=15))


@pytest.mark.parametrize(
    ("after", "is_good"),
    [(timedelta(0), True), (timedelta(seconds=59), True), (timedelta(seconds=60), False)],
)
def test_a_place_in_the_row_is_lost_where_nobody_came(after: timedelta, is_good: bool) -> None:
    assert is_still_good(NOW, NOW + after) is is_good


def test_a_place_is_not_used_before_its_time() -> None:
    assert not is_still_good(NOW + timedelta(seconds=1), NOW)
    assert not is_still_good(None, NOW)
