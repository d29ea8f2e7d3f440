"""Set the ticket's SLA policy, before the choice that SLA would make by itself."""

from dataclasses import dataclass

from services.rules.domain.heard import SetField, Step, Ticket


@dataclass(frozen=True, slots=True)
class Params:
    # Id of the policy; empty leaves the choice to SLA again.
    policy: str


def decide(ticket: Ticket, params: Params) -> list[Step]:
    return [] if ticket.sla_policy == params.policy else [SetField("sla_policy", params.policy)]
