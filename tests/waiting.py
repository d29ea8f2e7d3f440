"""Waiting for what another process or thread does, without guessing how long it takes."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

T = TypeVar("T")

# How long a test bears with a store or a service that answers nothing. A machine may stand still for longer than a product
# bears with either, and that is no fault of theirs.
MINUTE = timedelta(minutes=1)


def wait_until(
    predicate: Callable[[], T],
    *,
    timeout: float = 60.0,
    interval: float = 0.02,
    describe: str | Callable[[], object] = "",
) -> T:
    """Return the first truthy answer of `predicate`; AssertionError after `timeout` seconds.

    `describe` names what was awaited; as a function it is asked at the end, to show what there was instead.
    """
    ends = time.monotonic() + timeout
    while True:
        answer = predicate()
        if answer:
            return answer
        if time.monotonic() >= ends:
            what = describe() if callable(describe) else describe
            name = what or getattr(predicate, "__name__", "the condition")
            raise AssertionError(f"not within {timeout:g} s: {name} (last answer: {answer!r})")
        time.sleep(interval)
