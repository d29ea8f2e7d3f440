"""Leave an internal note."""

from dataclasses import dataclass

from services.rules.domain.heard import AddEntry, Step, Ticket
from services.rules.domain.params import a_text, filled


@dataclass(frozen=True, slots=True)
class Params:
    # With places to fill in: {{ ticket.number }}, {{ requester.name }}.
    text: str

    def __post_init__(self) -> None:
        a_text("text", self.text)


def decide(ticket: Ticket, params: Params) -> list[Step]:
    return [AddEntry("internal", filled(params.text, ticket))]
