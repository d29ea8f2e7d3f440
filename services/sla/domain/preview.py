"""What another book would turn for a ticket: what is missed by it, what no more, and what is due at another moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from services.sla.domain.book import Book
from services.sla.domain.clock import evaluate
from services.sla.domain.history import History
from services.sla.domain.target import TargetState

NEWLY_BREACHED = "newly_breached"
NO_LONGER_BREACHED = "no_longer_breached"
DUE_MOVED = "due_moved"
NEWLY_PROMISED = "newly_promised"
NO_LONGER_PROMISED = "no_longer_promised"
TURNS = (NEWLY_BREACHED, NO_LONGER_BREACHED, DUE_MOVED, NEWLY_PROMISED, NO_LONGER_PROMISED)


@dataclass(frozen=True, slots=True)
class Turn:
    """One target of a ticket that another book turns; None where it is not promised."""

    kind: str
    before: TargetState | None
    after: TargetState | None

    @property
    def target(self) -> str:
        """The target's name."""
        state = self.after or self.before
        return state.name if state is not None else ""


def turns(history: History, before: Book, after: Book, now: datetime) -> list[Turn]:
    """The open targets of a ticket that the second book turns; what is done stays as it is whatever is saved."""
    ours = {(state.name, state.started_at): state for state in evaluate(history, before, now)}
    theirs = {(state.name, state.started_at): state for state in evaluate(history, after, now)}
    return list(_turns(ours, theirs))


def _turns(
    ours: dict[tuple[str, datetime], TargetState], theirs: dict[tuple[str, datetime], TargetState]
) -> Iterator[Turn]:
    for key in sorted(ours.keys() | theirs.keys()):
        one, other = ours.get(key), theirs.get(key)
        if not any(state is not None and state.is_open for state in (one, other)):
            continue
        kind = _kind(one, other)
        if kind:
            yield Turn(kind, one, other)


def _kind(one: TargetState | None, other: TargetState | None) -> str:
    was, will = one is not None and one.is_breached, other is not None and other.is_breached
    if will and not was:
        return NEWLY_BREACHED
    if was and not will:
        return NO_LONGER_BREACHED
    if one is None:
        return NEWLY_PROMISED
    if other is None:
        return NO_LONGER_PROMISED
    return DUE_MOVED if one.due_at != other.due_at else ""
