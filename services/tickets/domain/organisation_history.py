"""What was changed of organisations, by whom, and when."""

from dataclasses import dataclass
from datetime import datetime

from services.tickets.domain.organisations import Organisation
from services.tickets.domain.people import Actor
from services.tickets.domain.ticket import Change


@dataclass(frozen=True, slots=True)
class OrganisationChange:
    """One saving of an organisation, against what was kept before."""

    change_id: str
    organisation_id: str
    changed_at: datetime
    actor: Actor
    changes: tuple[Change, ...]


def steps_between(before: Organisation | None, after: Organisation) -> tuple[Change, ...]:
    """Each field's step; none where nothing was changed."""
    old, new = _shown(before), _shown(after)
    return tuple(Change(name, old.get(name, ""), new[name]) for name in new if old.get(name, "") != new[name])


def _shown(organisation: Organisation | None) -> dict[str, str]:
    if organisation is None:
        return {}
    return {
        "name": organisation.name,
        "domains": ",".join(organisation.domains),
        "is_own": "true" if organisation.is_own else "",
    }
