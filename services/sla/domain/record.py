"""What sla keeps of a ticket: its history, what was said of it, and when to look again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from services.sla.domain.book import Book
from services.sla.domain.clock import evaluate, next_due
from services.sla.domain.events import ClockChanged, Fact, Target, TimerBreached, TimerMet, TimerWarned
from services.sla.domain.history import AT_REST, History
from services.sla.domain.target import TargetState

# How long a gap may stand before the ticket's log is asked: facts overtake each other by less.
GAP_PATIENCE = timedelta(seconds=10)


@dataclass(slots=True)
class Said:
    """What was said of one run. `epoch` is the arming that it was said of."""

    epoch: int
    due_at: datetime | None
    # The moment of the latest warning that was said: those before it are over.
    warned_to: datetime | None = None
    breached: bool = False
    met: bool = False


@dataclass(slots=True)
class Shown:
    """What ClockChanged last said."""

    target: str = ""
    due_at: datetime | None = None
    is_paused: bool = False
    is_breached: bool = False


@dataclass(slots=True)
class ClockRecord:
    """The clock of one ticket. `edition` grows with each write, for compare-and-set."""

    history: History
    # By name and beginning of the run.
    said: dict[str, Said] = field(default_factory=dict)
    # How often each target was armed.
    armed: dict[str, int] = field(default_factory=dict)
    shown: Shown = field(default_factory=Shown)
    epoch: int = 0
    # The next moment at which something becomes true by itself.
    alarm_at: datetime | None = None
    # Since when a version has been missing.
    gap_since: datetime | None = None
    # When the log was asked for it last, in vain.
    asked_at: datetime | None = None
    edition: int = 0
    # Of the book that it was settled by.
    page: str = ""
    # Whether the last settling had to count again.
    is_counted: bool = True

    def settle(self, book: Book, now: datetime) -> list[Fact]:
        """Bring the record up to `now`; answers what has become true, each fact exactly once."""
        self.is_counted = not self._stands(book, now)
        facts = self._count(book, now) if self.is_counted else []
        self.history.settled()
        # What was saved by a clock that is ahead of this one is not in force yet: it is counted again then.
        self.page = book.page if book.turned_at <= now else ""
        return facts

    def _stands(self, book: Book, now: datetime) -> bool:
        """Counting again would say the same: nothing came that moves a clock, the same is promised, and no moment at
        which something becomes true has passed."""
        history, mark = self.history, self.history.mark
        if mark is None or self.page != book.page or (self.alarm_at is not None and self.alarm_at <= now):
            return False
        opened_at = history.entries[0].at
        if book.parted_at is not None and opened_at < book.parted_at:
            # What of it began before that save is promised something else than what began after.
            return False
        values, edition = history.values(), book.at(now)
        promise = edition.promise(history.snapshot, values)
        if promise is not None:
            policy = promise[0]
            if policy.counts and any(entry.wrote for entry in history.entries[mark.entries :]):
                return False
            if values["status"] in edition.pausing(policy):
                # What fell due between two clocks that disagree, just before time stood still, is not in `alarm_at`.
                return False
        if values["status"] in AT_REST:
            return False
        return promise == edition.promise(mark.snapshot, history.values(mark))

    def _count(self, book: Book, now: datetime) -> list[Fact]:
        history = self.history
        if not history.is_whole:
            # Facts overtake each other. What was said stands until the others are here, from the bus or from the log.
            self.gap_since, self.alarm_at = self.gap_since or now, None
            return []
        self.gap_since = self.asked_at = None
        states = evaluate(history, book, now)
        facts: list[Fact] = []
        said: dict[str, Said] = {}
        for state in states:
            key = f"{state.name}:{_milliseconds(state.started_at)}"
            said[key] = self._say(
                state, self.said.get(key), now, max(history.latest_at, book.turned_at), facts
            )
        self.said = said
        self.alarm_at = _alarm(states, now)
        self._show(states, facts)
        return facts

    def _say(
        self, state: TargetState, before: Said | None, now: datetime, changed_at: datetime, facts: list[Fact]
    ) -> Said:
        is_met = state.ended_at is not None and not state.is_breached
        # A target that stands still is not armed; what was due before says nothing about what comes.
        moved = (
            before is not None
            and state.due_at is not None
            and state.due_at != before.due_at
            and state.is_open
        )
        # What was said and is true no more may become true again: under another epoch, or it would not be heard.
        fell = before is not None and (before.met > is_met or before.breached > state.is_breached)
        if before is None or moved or fell:
            epoch = self.armed[state.name] = self.armed.get(state.name, 0) + 1
        else:
            epoch = before.epoch
        was = before or Said(epoch, None)
        warned_to = None if moved else was.warned_to
        if state.is_open and not state.is_breached:
            for nth, (at, lead) in enumerate(state.warnings, 1):
                if at <= now and (warned_to is None or at > warned_to):
                    facts.append(TimerWarned(self._target(state, epoch, at), lead, nth))
                    warned_to = at
        if state.is_breached and not was.breached and state.due_at is not None:
            # A shorter promise may put the due moment into the past; it was missed only then.
            happened_at = max(state.due_at, min(changed_at, now)) if moved else state.due_at
            elapsed = state.elapsed if moved else state.within
            facts.append(TimerBreached(replace(self._target(state, epoch, happened_at), elapsed=elapsed)))
        if is_met and not was.met and state.ended_at is not None:
            facts.append(TimerMet(self._target(state, epoch, state.ended_at)))
        due_at = state.due_at if state.due_at is not None else was.due_at
        return Said(epoch, due_at, warned_to, state.is_breached, is_met)

    def _show(self, states: Sequence[TargetState], facts: list[Fact]) -> None:
        state = next_due(states)
        shown = (
            Shown()
            if state is None
            else Shown(state.name, state.due_at, bool(state.standing), state.is_breached)
        )
        if shown == self.shown:
            return
        self.shown = shown
        self.epoch += 1
        facts.append(
            ClockChanged(
                self.history.snapshot,
                self.epoch,
                shown.target,
                shown.due_at,
                shown.is_paused,
                shown.is_breached,
            )
        )

    def _target(self, state: TargetState, epoch: int, happened_at: datetime) -> Target:
        return Target(
            ticket=self.history.snapshot,
            name=state.name,
            policy_id=state.policy_id,
            started_at=state.started_at,
            due_at=state.due_at,
            happened_at=happened_at,
            elapsed=state.elapsed,
            within=state.within,
            epoch=epoch,
        )


def _alarm(states: Sequence[TargetState], now: datetime) -> datetime | None:
    alarm: datetime | None = None
    for state in states:
        if not state.is_open or state.standing:
            continue
        for moment in (*(at for at, _ in state.warnings), state.due_at):
            if moment is not None and moment > now and (alarm is None or moment < alarm):
                alarm = moment
    return alarm


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
