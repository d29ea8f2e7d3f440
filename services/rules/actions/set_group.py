"""Give the ticket to a group."""

from dataclasses import dataclass

from services.rules.domain.heard import SetField, Step, Ticket


@dataclass(frozen=True, slots=True)
class Params:
    # Id of the group; empty takes it away.
    group: str


def decide(ticket: Ticket, params: Params) -> list[Step]:
    return [] if ticket.group == params.group else [SetField("group", params.group)]
