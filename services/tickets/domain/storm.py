"""One sender who opens ticket upon ticket: a loop, a broken program, an attack. From a limit on it is one ticket."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

TAG = "flood"


@dataclass(frozen=True, slots=True)
class StormLimit:
    """So many tickets may one sender open by mail within this time; 0 means any number."""

    tickets: int = 30
    within: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Burst:
    """Tickets that one sender opened shortly one after another."""

    began_at: datetime
    last_at: datetime
    tickets: int
    # The latest: it takes what is too much.
    ticket_id: str

    def is_storm(self, at: datetime, limit: StormLimit) -> bool:
        """Too many were opened; it is over when nothing came for as long as the limit looks back."""
        return 0 < limit.tickets <= self.tickets and at - self.last_at < limit.within

    def goes_on(self, at: datetime) -> Self:
        """One more came and joined the ticket."""
        return replace(self, last_at=max(self.last_at, at))


def burst_after(earlier: Burst | None, at: datetime, ticket_id: str, limit: StormLimit) -> Burst:
    """What it is once the sender has opened this ticket too."""
    if earlier is None or at - earlier.began_at >= limit.within:
        return Burst(at, at, 1, ticket_id)
    return Burst(earlier.began_at, max(earlier.last_at, at), earlier.tickets + 1, ticket_id)
