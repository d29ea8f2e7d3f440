"""Say how much the ticket matters."""

from dataclasses import dataclass

from services.rules.domain.heard import SetField, Step, Ticket
from services.rules.domain.params import one_of


@dataclass(frozen=True, slots=True)
class Params:
    # low, medium, high or urgent.
    priority: str

    def __post_init__(self) -> None:
        one_of("priority", self.priority, ("low", "medium", "high", "urgent"))


def decide(ticket: Ticket, params: Params) -> list[Step]:
    return [] if ticket.priority == params.priority else [SetField("priority", params.priority)]
