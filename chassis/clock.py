"""The only place that reads a clock.

Due moments, leases shown to people and everything that is stored use `Clock.now()`, which is the database's time:
replicas with wrong clocks agree all the same. Timeouts and pauses use `monotonic()`.
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from pymongo import MongoClient
from pymongo.errors import InvalidOperation

from chassis.errors import Unavailable
from chassis.mongo import named_failures

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """Says what time it is; in a simulation that need not be what the wall says."""

    def now(self) -> datetime:
        """The present moment, aware, UTC, with milliseconds."""
        ...


def monotonic() -> float:
    """Seconds that only grow, for timeouts and durations."""
    return time.monotonic()


def pause(seconds: float) -> None:
    """Let other threads work for a while of real time."""
    time.sleep(seconds)


def epoch_milliseconds() -> int:
    """Milliseconds since 1970 by this machine's clock; good for identifiers, not for due moments."""
    return time.time_ns() // 1_000_000


class FixedClock:
    """Stands still until told otherwise."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def now(self) -> datetime:
        return self._moment

    def move(self, by: timedelta) -> None:
        self._moment += by


class DatabaseClock:
    """The database's time: its offset to our monotonic clock is measured every few seconds, and time never runs back.

    Raises Unavailable by the caller's first `now()` only where the database never answered.
    """

    def __init__(
        self, client: MongoClient[dict[str, object]], refresh: timedelta = timedelta(seconds=10)
    ) -> None:
        self._client = client
        self._refresh = refresh.total_seconds()
        self._lock = threading.Lock()
        self._offset: float | None = None
        self._measured = 0.0
        self._last = 0.0
        self._measuring = False

    def now(self) -> datetime:
        here = time.monotonic()
        if self._offset is None:
            self._measure()
        elif here - self._measured > self._refresh and not self._measuring:
            self._measuring = True
            threading.Thread(target=self._measure_quietly, name="clock", daemon=True).start()
        assert self._offset is not None
        with self._lock:
            # A measurement may set us back by a few milliseconds; a stored moment must not precede an earlier one.
            self._last = max(self._last, here + self._offset)
            return _EPOCH + timedelta(milliseconds=int(self._last * 1000))

    def _measure(self) -> None:
        best: tuple[float, float] | None = None
        for _ in range(3):
            before = time.monotonic()
            with named_failures():
                answer = self._client.admin.command("hello")
            after = time.monotonic()
            local: datetime = answer["localTime"]
            if local.tzinfo is None:
                local = local.replace(tzinfo=UTC)
            if best is None or after - before < best[0]:
                # As if it had answered at the last moment it can have: so our time is never ahead of the database's,
                # and nothing is done before it is due.
                best = (after - before, (local - _EPOCH).total_seconds() - after)
        assert best is not None
        self._offset, self._measured = best[1], time.monotonic()

    def _measure_quietly(self) -> None:
        try:
            self._measure()
        except (Unavailable, InvalidOperation):
            # Away, or let go by a role that ends. The old offset drifts by microseconds a minute; better than no time.
            self._measured = time.monotonic()
        finally:
            self._measuring = False


def every(period: timedelta, body: Callable[[], None], stop: threading.Event) -> None:
    """Call `body` now and then after each period until `stop` is set."""
    while not stop.is_set():
        body()
        stop.wait(period.total_seconds())
