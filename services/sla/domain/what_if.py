"""What would have become of past promises under other policies and calendars, beside what did become of them.

It answers for clocks only. What people would have done had they been promised something else, it cannot know: the
same messages come and the same answers go at the same moments.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.sla.domain.book import Book
from services.sla.domain.clock import evaluate
from services.sla.domain.history import History
from services.sla.domain.preview import NEWLY_BREACHED, NO_LONGER_BREACHED
from services.sla.domain.snapshot import Snapshot
from services.sla.domain.target import TargetState

MET = "met"
BREACHED = "breached"
# Nobody knows yet.
OPEN = "open"
CANCELLED = "cancelled"
OUTCOMES = (MET, BREACHED, OPEN, CANCELLED)
# What the sums are taken apart by; nothing stands for the whole.
CHANNEL = "channel"
GROUP = "group"
TAG = "tag"
BY = ("", CHANNEL, GROUP, TAG)
# So many values of a channel, group or tag have sums of their own; the others share one.
MOST_VALUES = 500
REST = "*"


@dataclass(frozen=True, slots=True)
class Period:
    """Of the targets that began in it, up to its end, it is told how they stood at `as_of`."""

    begin: datetime
    end: datetime
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Pair:
    """One target under both books; None where it is not promised."""

    before: TargetState | None
    after: TargetState | None

    @property
    def name(self) -> str:
        state = self.after or self.before
        return state.name if state is not None else ""

    @property
    def turn(self) -> str:
        """NEWLY_BREACHED, NO_LONGER_BREACHED, or nothing."""
        was = self.before is not None and self.before.is_breached
        would = self.after is not None and self.after.is_breached
        if was == would:
            return ""
        return NEWLY_BREACHED if would else NO_LONGER_BREACHED


def compared(history: History, before: Book, after: Book, period: Period) -> list[Pair]:
    """Every target of a ticket that began in the period. The history is whole."""
    ours = _by_run(evaluate(history, before, period.as_of), period)
    theirs = _by_run(evaluate(history, after, period.as_of), period)
    pairs = [Pair(state, theirs.pop(key, None)) for key, state in ours.items()]
    return pairs + [Pair(None, state) for state in theirs.values()]


def outcome_of(state: TargetState) -> str:
    """One of OUTCOMES."""
    if state.is_breached:
        return BREACHED
    if state.ended_at is not None:
        return MET
    return CANCELLED if state.is_cancelled else OPEN


def spare_of(state: TargetState) -> timedelta:
    """What was left of its time when it was done, or is left now; negative where it is late by so much."""
    return state.within - state.elapsed


_Run = tuple[str, datetime, int]


def _by_run(states: Iterable[TargetState], period: Period) -> dict[_Run, TargetState]:
    found: dict[_Run, TargetState] = {}
    for state in states:
        if not period.begin <= state.started_at < period.end:
            continue
        # Two waits of one millisecond are two.
        nth = 0
        while (key := (state.name, state.started_at, nth)) in found:
            nth += 1
        found[key] = state
    return found


@dataclass(slots=True)
class Outcomes:
    """How many targets came to what."""

    met: int = 0
    breached: int = 0
    open: int = 0
    cancelled: int = 0

    def count(self, state: TargetState | None) -> None:
        if state is not None:
            name = outcome_of(state)
            setattr(self, name, getattr(self, name) + 1)

    @property
    def in_time(self) -> float | None:
        """The share that was kept of what is decided; None where nothing is."""
        decided = self.met + self.breached
        return self.met / decided if decided else None


@dataclass(slots=True)
class Sums:
    """Of one target, and one channel, group or tag."""

    before: Outcomes = field(default_factory=Outcomes)
    after: Outcomes = field(default_factory=Outcomes)
    newly_breached: int = 0
    no_longer_breached: int = 0


# The target, one of BY, and the value.
Place = tuple[str, str, str]


@dataclass(slots=True)
class Tally:
    """Sums that grow ticket by ticket and take no more memory for more tickets."""

    sums: dict[Place, Sums] = field(default_factory=dict)
    # Values that have sums of their own.
    values: dict[str, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for _, by, value in self.sums:
            self.values.setdefault(by, set()).add(value)

    def count(self, ticket: Snapshot, pairs: Sequence[Pair]) -> None:
        """Add a ticket's targets: its channel, group and tags are those that it has now."""
        places = list(self._places(ticket))
        for pair in pairs:
            name, turn = pair.name, pair.turn
            for by, value in places:
                sums = self.sums.get((name, by, value))
                if sums is None:
                    sums = self.sums[name, by, value] = Sums()
                sums.before.count(pair.before)
                sums.after.count(pair.after)
                if turn:
                    setattr(sums, turn, getattr(sums, turn) + 1)

    def _places(self, ticket: Snapshot) -> Iterator[tuple[str, str]]:
        yield "", ""
        yield CHANNEL, self._own(CHANNEL, ticket.channel)
        yield GROUP, self._own(GROUP, ticket.group)
        for tag in dict.fromkeys(self._own(TAG, tag) for tag in ticket.tags):
            yield TAG, tag

    def _own(self, by: str, value: str) -> str:
        known = self.values.setdefault(by, set())
        if value not in known:
            if len(known) >= MOST_VALUES:
                return REST
            known.add(value)
        return value
