"""Ask a system outside about somebody: briefly, not twice a minute, and not while it is unwell."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock
from typing import Protocol

from chassis.errors import NotFound
from services.console.domain.outside import (
    BUSY,
    RESTING,
    TIMEOUT,
    UNWELL,
    Customer,
    LookupFailed,
    Sought,
    Source,
)

# Seconds for everything that one question takes, names and handshakes included.
PATIENCE = 2.0
# Seconds that an answer is remembered, also that nobody was found.
KEPT_FOR = 60.0
MOST_KEPT = 500
# Questions to one system at a time: one that hangs must not take the threads that make pages.
AT_A_TIME = 4
FAILURES_IN_A_ROW = 5
# Seconds that an unwell system is left alone before it is tried with one question.
REST = 30.0

CACHED = "cached"
FOUND = "found"
NOBODY = "nobody"

Customers = tuple[Customer, ...]


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment, by `monotonic`, at which nobody waits any more."""

    ends: float
    monotonic: Callable[[], float] = time.monotonic

    def left(self) -> float:
        """Seconds that are left. Raises LookupFailed where there are none."""
        left = self.ends - self.monotonic()
        if left <= 0:
            raise LookupFailed(TIMEOUT, f"it did not answer within {PATIENCE:g} s")
        return left


class OutsideSystem(Protocol):
    """A system outside, in its own language."""

    @property
    def source(self) -> Source: ...

    def find(self, sought: Sought, deadline: Deadline) -> Customers:
        """Who it knows by that. Raises LookupFailed."""
        ...


class Measures(Protocol):
    def count(self, source_id: str, outcome: str) -> None: ...

    def took(self, source_id: str, seconds: float) -> None:
        """How long a question to the system itself took, whatever came of it."""
        ...


class Breaker:
    """Lets questions through until FAILURES_IN_A_ROW failed; then none for REST, then one, on which it depends."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = Lock()
        self._failures = 0
        self._rests_until = 0.0

    def check(self) -> None:
        """Raises LookupFailed while the system is left alone."""
        with self._lock:
            now = self._monotonic()
            if now < self._rests_until:
                left = self._rests_until - now
                raise LookupFailed(RESTING, f"it failed too often and is asked again in {left:.0f} s", left)
            if self._failures >= FAILURES_IN_A_ROW:
                # The one that goes through now tries for all; the others wait for what it finds.
                self._rests_until = now + REST

    def passed(self) -> None:
        with self._lock:
            self._failures, self._rests_until = 0, 0.0

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            if self._failures >= FAILURES_IN_A_ROW:
                self._rests_until = self._monotonic() + REST


class Remembered:
    """At most MOST_KEPT answers, each for KEPT_FOR; the oldest goes first, and what is over is forgotten."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = Lock()
        self._kept: OrderedDict[tuple[str, Sought], tuple[float, Customers]] = OrderedDict()

    def get(self, source_id: str, sought: Sought) -> Customers | None:
        kept = self._kept.get((source_id, sought))
        return kept[1] if kept is not None and self._monotonic() < kept[0] else None

    def put(self, source_id: str, sought: Sought, found: Customers) -> None:
        with self._lock:
            now = self._monotonic()
            self._kept[source_id, sought] = (now + KEPT_FOR, found)
            self._kept.move_to_end((source_id, sought))
            while len(self._kept) > MOST_KEPT or next(iter(self._kept.values()))[0] <= now:
                self._kept.popitem(last=False)

    def __len__(self) -> int:
        return len(self._kept)


class LookUp:
    """Implements the port Lookups over any systems."""

    def __init__(
        self,
        systems: Sequence[OutsideSystem],
        measures: Measures,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.sources = tuple(system.source for system in systems)
        self._systems: Mapping[str, _Guard] = {
            system.source.source_id: _Guard(system, Breaker(monotonic)) for system in systems
        }
        self._remembered = Remembered(monotonic)
        self._measures = measures
        self._monotonic = monotonic

    def find(self, source_id: str, sought: Sequence[Sought]) -> Customers:
        """Who the system knows, by the first of `sought` by which it knows anybody. Raises LookupFailed, and NotFound where
        there is no such system."""
        guard = self._guard(source_id)
        deadline = Deadline(self._monotonic() + PATIENCE, self._monotonic)
        try:
            for one in sought:
                kept = self._remembered.get(source_id, one)
                found = self._ask(guard, one, deadline) if kept is None else kept
                self._measures.count(source_id, _outcome(found) if kept is None else CACHED)
                if found:
                    return found
        except LookupFailed as error:
            self._measures.count(source_id, error.outcome)
            raise
        return ()

    def test(self, source_id: str, sought: Sought) -> Customers:
        """As `find`, but the system is asked now, whatever is remembered of it. Raises as `find`."""
        guard = self._guard(source_id)
        return guard.system.find(sought, Deadline(self._monotonic() + PATIENCE, self._monotonic))

    def _guard(self, source_id: str) -> "_Guard":
        if source_id not in self._systems:
            raise NotFound(f"source {source_id}")
        return self._systems[source_id]

    def _ask(self, guard: "_Guard", sought: Sought, deadline: Deadline) -> Customers:
        if not guard.places.acquire(blocking=False):
            raise LookupFailed(BUSY, f"{AT_A_TIME} questions to it are under way")
        try:
            guard.breaker.check()
            begun = self._monotonic()
            try:
                found = guard.system.find(sought, deadline)
            except LookupFailed as error:
                if error.outcome in UNWELL:
                    guard.breaker.failed()
                else:
                    guard.breaker.passed()
                raise
            finally:
                self._measures.took(guard.system.source.source_id, self._monotonic() - begun)
            guard.breaker.passed()
        finally:
            guard.places.release()
        self._remembered.put(guard.system.source.source_id, sought, found)
        return found


def _outcome(found: Customers) -> str:
    return FOUND if found else NOBODY


class _Guard:
    def __init__(self, system: OutsideSystem, breaker: Breaker) -> None:
        self.system = system
        self.breaker = breaker
        self.places = BoundedSemaphore(AT_A_TIME)
