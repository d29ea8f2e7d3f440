"""Tickets said what became of a message: its row is closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.ingest.application.ports import Clock, IntakeStore
from services.ingest.domain.intake import Closing, ClosingOutcome


@dataclass(frozen=True, slots=True)
class CloseRow:
    """Close one row; safe to repeat."""

    closing: Closing


class Counts(Protocol):
    def closed(self, outcome: ClosingOutcome, rows: int) -> None: ...


def close_rows(commands: Sequence[CloseRow], intake: IntakeStore, clock: Clock, counts: Counts) -> None:
    """Close rows in bulk. Closing needs no inbox: the row itself remembers which commit closed it."""
    outcomes = intake.close([command.closing for command in commands], clock.now())
    for outcome, rows in outcomes.items():
        if rows:
            counts.closed(outcome, rows)
