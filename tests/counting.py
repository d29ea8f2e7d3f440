"""What something costs, counted rather than timed: the same on every machine and beside any load."""

import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable
from types import FrameType
from typing import Any, NamedTuple


class Work(NamedTuple):
    """Calls of functions, those of each module of the interpreter's own, and the most bytes held at once."""

    calls: int
    modules: Counter[str]
    peak: int


def work_of(act: Callable[[], object]) -> Work:
    """What `act` costs; once before it is counted, so that what is kept for later calls does not count."""
    act()
    modules: Counter[str] = Counter()
    calls = 0

    def count(_: FrameType, event: str, called: Any) -> None:
        nonlocal calls
        if event == "call":
            calls += 1
        elif event == "c_call":
            calls += 1
            modules[called.__module__ or ""] += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        act()
    finally:
        sys.setprofile(before)
    tracemalloc.start()
    try:
        act()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return Work(calls, modules, peak)
