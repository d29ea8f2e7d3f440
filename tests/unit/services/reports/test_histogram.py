"""Durations that add up."""

import math
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.reports.domain.histogram import Histogram, bounds_of, milliseconds, part_of

DURATIONS = st.integers(0, 400 * 86_400_000)


def _of(values: list[int]) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    return histogram


@given(DURATIONS)
def test_a_duration_lies_in_its_part_and_parts_are_a_sixteenth_wide(value: int) -> None:
    least, greatest = bounds_of(part_of(value))
    assert least <= value <= greatest
    assert greatest - least <= least / 16


@given(st.integers(0, 700))
def test_parts_follow_each_other_without_a_gap(part: int) -> None:
    assert bounds_of(part)[1] + 1 == bounds_of(part + 1)[0]


@given(st.lists(DURATIONS, min_size=1), st.sampled_from([0.5, 0.95, 0.99]))
def test_a_quantile_is_off_by_less_than_a_sixteenth(values: list[int], share: float) -> None:
    true = sorted(values)[max(0, math.ceil(len(values) * share) - 1)]
    assert abs(_of(values).quantile(share) - true) <= true / 16


@given(st.lists(DURATIONS), st.lists(DURATIONS))
def test_merging_is_counting_both(one: list[int], other: list[int]) -> None:
    merged = _of(one)
    merged.merge(_of(other))
    assert merged == _of([*one, *other])


def test_count_and_sum_are_exact() -> None:
    histogram = _of([1, 1_000_003, 86_400_001])
    assert (histogram.count, histogram.sum_milliseconds) == (3, 87_400_005)


def test_nothing_has_no_quantile() -> None:
    assert Histogram().quantile(0.99) == 0


def test_a_duration_below_zero_is_none() -> None:
    assert milliseconds(timedelta(seconds=-3)) == 0
    assert milliseconds(timedelta(seconds=1.5)) == 1500
