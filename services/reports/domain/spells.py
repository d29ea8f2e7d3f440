"""A spell is a ticket's time from its beginning, or from its coming back, to its being solved.

The first begins with the ticket, which every fact knows. A later one's two ends come by two facts in either order:
whichever is second measures it.
"""

from dataclasses import dataclass
from datetime import datetime

from services.reports.domain.facts import Step
from services.reports.domain.tally import NO_LABELS, Labels


@dataclass(frozen=True, slots=True)
class Spell:
    """One end of a later spell, waiting for the other. `labels` and the requester's domain belong to the solving."""

    spell_id: str
    began_at: datetime | None = None
    solved_at: datetime | None = None
    labels: Labels = NO_LABELS
    domain: str = ""


def spell_id(step: Step) -> str:
    """The ticket and how often it had come back."""
    return f"{step.ticket_id}:{step.spell}"
