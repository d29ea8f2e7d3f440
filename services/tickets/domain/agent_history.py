"""What was changed of agents, by whom, and when."""

from dataclasses import dataclass
from datetime import datetime

from services.tickets.domain.people import Actor, Agent
from services.tickets.domain.ticket import Change


@dataclass(frozen=True, slots=True)
class AgentChange:
    """One version of an agent, against the one before."""

    change_id: str
    agent_id: str
    version: int
    changed_at: datetime
    actor: Actor
    changes: tuple[Change, ...]


def changes_between(before: Agent | None, after: Agent, *, sets_password: bool) -> tuple[Change, ...]:
    """Each field's step; of a password only that it was set."""
    old, new = _shown(before), _shown(after)
    steps = [Change(name, old.get(name, ""), new[name]) for name in new if old.get(name, "") != new[name]]
    return (*steps, Change("password", "", "set")) if sets_password else tuple(steps)


def _shown(agent: Agent | None) -> dict[str, str]:
    if agent is None:
        return {}
    return {
        "name": agent.name,
        "email": agent.email,
        "role": agent.role,
        "groups": ",".join(agent.groups),
        "language": agent.language,
        "rights": ",".join(agent.rights),
        "is_deactivated": "true" if agent.is_deactivated else "",
    }
