"""Open intervals of some years as they were written down once: a later tzdata or another reader changes nothing in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate


@dataclass(frozen=True, slots=True)
class Written:
    """From `begin` to `end`, seconds since 1970. `lengths` alternate: closed for so many seconds, then open for so many."""

    begin: int
    end: int
    lengths: tuple[int, ...]
    # Of the time zones that it was written with.
    tzdata: str = ""
    _marks: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Raises ValueError for lengths that come to no intervals within the span."""
        marks = tuple(accumulate(self.lengths, initial=self.begin))[1:]
        # Only the first interval may begin where the span does; everything after it takes some time.
        is_forward = all(length > 0 for length in self.lengths[1:]) and (not marks or self.lengths[0] >= 0)
        if len(marks) % 2 or not is_forward or (marks and marks[-1] > self.end):
            raise ValueError("open intervals lie within their span, in order and apart")
        object.__setattr__(self, "_marks", marks)

    @classmethod
    def of(cls, begin: int, end: int, intervals: Iterable[tuple[int, int]], tzdata: str) -> Written:
        lengths: list[int] = []
        at = begin
        for opens, closes in intervals:
            if lengths and opens == at:
                lengths[-1] += closes - opens
            else:
                lengths += (opens - at, closes - opens)
            at = closes
        return cls(begin, end, tuple(lengths), tzdata)

    def intervals(self, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """The open intervals within two moments of the span, cut at both."""
        for opens, closes in zip(self._marks[::2], self._marks[1::2], strict=True):
            first, last = max(opens, begin), min(closes, end)
            if first < last:
                yield first, last
