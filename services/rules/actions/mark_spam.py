"""Take the ticket for spam: out of everybody's lists, and no automatic answer. Any other status takes it back."""

from dataclasses import dataclass

from services.rules.domain.heard import SPAM, SetField, Step, Ticket


@dataclass(frozen=True, slots=True)
class Params:
    pass


def decide(ticket: Ticket, params: Params) -> list[Step]:
    return [] if ticket.status == SPAM else [SetField("status", SPAM)]
