"""Who may do what, and who changed that."""

from dataclasses import dataclass
from datetime import datetime

from services.console.domain.tickets import Actor, FieldChange

ROLES = ("agent", "admin", "read_only")
# What an agent can be given beside the role.
RIGHTS = ("channels",)


@dataclass(frozen=True, slots=True)
class AgentEdit:
    """What is to be otherwise; what is not named is left."""

    agent_id: str
    role: str = ""
    added_rights: tuple[str, ...] = ()
    removed_rights: tuple[str, ...] = ()
    is_deactivated: bool | None = None


@dataclass(frozen=True, slots=True)
class AgentChange:
    """A line of the log."""

    agent_id: str
    changed_at: datetime
    actor: Actor
    changes: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class AgentChangePage:
    """A piece of the log, the newest first, and the way to the next."""

    changes: tuple[AgentChange, ...]
    next_token: str = ""
