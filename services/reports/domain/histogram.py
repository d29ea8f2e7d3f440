"""Durations that can be added up later: exact count and sum, quantiles within one sixteenth.

The boundaries are the same for every histogram ever kept: single milliseconds up to 32, from there sixteen equal parts
between each power of two and the next. So merging is adding, in any order.
"""

from dataclasses import dataclass, field
from datetime import timedelta

_PARTS_BITS = 4
# 34 years; longer ones are counted as that long.
_LONGEST = (1 << 40) - 1

_MILLISECOND = timedelta(milliseconds=1)


def milliseconds(duration: timedelta) -> int:
    """Whole milliseconds; a duration below zero (two clocks disagreed) is none."""
    return min(max(duration // _MILLISECOND, 0), _LONGEST)


def part_of(value: int) -> int:
    """The number of the part that holds so many milliseconds."""
    doublings = max(value.bit_length() - _PARTS_BITS - 1, 0)
    return (doublings << _PARTS_BITS) + (value >> doublings)


def bounds_of(part: int) -> tuple[int, int]:
    """The least and the greatest whole milliseconds that a part holds."""
    doublings = max((part >> _PARTS_BITS) - 1, 0)
    head = part - (doublings << _PARTS_BITS)
    return head << doublings, ((head + 1) << doublings) - 1


@dataclass(slots=True)
class Histogram:
    """How many durations, their sum in milliseconds, and how many fell into each part."""

    count: int = 0
    sum_milliseconds: int = 0
    parts: dict[int, int] = field(default_factory=dict)

    def add(self, value: int) -> None:
        """Count one duration of so many milliseconds."""
        self.count += 1
        self.sum_milliseconds += value
        part = part_of(value)
        self.parts[part] = self.parts.get(part, 0) + 1

    def merge(self, other: "Histogram") -> None:
        """Count all that the other counted."""
        self.count += other.count
        self.sum_milliseconds += other.sum_milliseconds
        for part, found in other.parts.items():
            self.parts[part] = self.parts.get(part, 0) + found

    def quantile(self, share: float) -> float:
        """The duration that `share` of all do not exceed, in milliseconds; 0 where there are none.

        Nearest rank, interpolated within its part: off by less than one sixteenth of the true value, and not at all
        below 32 ms.
        """
        if self.count <= 0:
            return 0.0
        rank = max(1, -(-self.count * share // 1))
        below = 0
        for part in sorted(self.parts):
            found = self.parts[part]
            if below + found >= rank:
                least, greatest = bounds_of(part)
                return least + (greatest - least) * (rank - below - 0.5) / found
            below += found
        return float(bounds_of(max(self.parts))[1])
