"""Make an agent responsible."""

from dataclasses import dataclass

from services.rules.domain.heard import SetField, Step, Ticket


@dataclass(frozen=True, slots=True)
class Params:
    # Id of the agent; empty takes the ticket away from whoever has it.
    agent: str


def decide(ticket: Ticket, params: Params) -> list[Step]:
    return [] if ticket.agent == params.agent else [SetField("agent", params.agent)]
