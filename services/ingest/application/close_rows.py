"""Tickets said what became of a message: its row is closed."""

from dataclasses import dataclass
from typing import Protocol

from services.ingest.domain.intake import Closing


@dataclass(frozen=True, slots=True)
class CloseRow:
    """Close one row; safe to repeat."""

    closing: Closing


class ClosesRows(Protocol):
    def close(self, closing: Closing) -> None:
        """Close a row together with the others of the batch."""
        ...


def close_row(command: CloseRow, ports: ClosesRows) -> None:
    """Close the row. It needs no inbox: the row itself remembers which commit closed it."""
    ports.close(command.closing)
