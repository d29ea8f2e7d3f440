"""Moves the clock of a simulated system to the next moment at which something happens, and plays what was planned for it."""

import heapq
import itertools
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

Action = Callable[[datetime], None]


class Clock(Protocol):
    """The clock of everybody; on return from `move` nobody sees an earlier moment."""

    def now(self) -> datetime: ...

    def move(self, moment: datetime) -> None: ...


class Agenda:
    """What people will do, by moment; what was planned first for a moment is done first."""

    def __init__(self) -> None:
        self._plans: list[tuple[datetime, int, Action]] = []
        self._numbers = itertools.count()

    def plan(self, moment: datetime, action: Action) -> None:
        """Do something at a moment."""
        heapq.heappush(self._plans, (moment, next(self._numbers), action))

    @property
    def next(self) -> datetime | None:
        """The earliest moment that is planned."""
        return self._plans[0][0] if self._plans else None

    def take(self, moment: datetime) -> Action | None:
        """What is to be done by this moment, one at a time."""
        return heapq.heappop(self._plans)[2] if self._plans and self._plans[0][0] <= moment else None


class Conductor:
    """Plays an agenda: the clock stands while anything is on its way, and moves only to where something is due.

    What falls due by itself at a moment has happened before anybody acts at it. So a promise broken at a second is
    broken, also where somebody answers at the same second.
    """

    def __init__(
        self,
        clock: Clock,
        settle: Callable[[], None],
        next_due: Callable[[], datetime | None],
        *,
        settled: Callable[[datetime], None] = lambda _: None,
    ) -> None:
        """`settle` returns when nothing is on its way; `settled` hears of each such moment and may plan."""
        self._clock = clock
        self._settle = settle
        self._next_due = next_due
        self.settled = settled
        self.agenda = Agenda()
        self.moves = 0

    def play(self, until: datetime, is_over: Callable[[], bool] = lambda: False) -> None:
        """Everything up to and including a moment; then the clock stands there and all is still."""
        self._settle()
        self.settled(self._clock.now())
        while not is_over():
            due, planned = self._next_due(), self.agenda.next
            moment = min(moment for moment in (due, planned, until) if moment is not None)
            now = self._clock.now()
            if moment > now:
                self._clock.move(moment)
                self.moves += 1
            elif moment == until and (planned is None or planned > until):
                return
            if due is not None and due <= moment:
                self._settle()
            while (action := self.agenda.take(moment)) is not None:
                action(max(moment, now))
            self._settle()
            self.settled(self._clock.now())
