"""Answer the requester in public, by the channel that the ticket came by.

Never to automatic mail, once for a ticket, and at most five times an hour to one address.
"""

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
    return [AddEntry("public", filled(params.text, ticket))]
