"""Move the ticket to a status."""

from dataclasses import dataclass

from services.rules.domain.heard import SetField, Step, Ticket
from services.rules.domain.params import one_of


@dataclass(frozen=True, slots=True)
class Params:
    # new, open, pending, on_hold, solved, closed or spam.
    status: str

    def __post_init__(self) -> None:
        known = ("new", "open", "pending", "on_hold", "solved", "closed", "spam")
        one_of("status", self.status, known)


def decide(ticket: Ticket, params: Params) -> list[Step]:
    return [] if ticket.status == params.status else [SetField("status", params.status)]
