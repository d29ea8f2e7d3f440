"""That a ticket is part of another."""

from dataclasses import dataclass
from datetime import datetime

from services.tickets.domain.people import Actor


@dataclass(frozen=True, slots=True)
class Merging:
    """Where a ticket went, and what it was before. `joined` are the addresses that are in copy of the target by it."""

    into_id: str
    status: str
    at: datetime
    actor: Actor
    joined: tuple[str, ...] = ()
