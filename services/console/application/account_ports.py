"""What the pages need of whoever keeps the accounts. Writes are for the agent, whose role tickets asks about too."""

from typing import Protocol

from services.console.domain.accounts import AgentChangePage, AgentEdit
from services.console.domain.tickets import Agent, Group


class Accounts(Protocol):
    def sign_in(self, email: str, password: str) -> Agent:
        """Raises Unauthenticated where they do not fit."""
        ...

    def list_agents(self) -> tuple[Agent, ...]: ...

    def list_groups(self) -> tuple[Group, ...]: ...

    def add_agent(self, agent: Agent, password: str, *, by: str) -> Agent:
        """A new one, whose id is made of the name. Raises InvalidField(s), AlreadyExists, PermissionDenied."""
        ...

    def change_agent(self, edit: AgentEdit, *, by: str) -> Agent:
        """Raises NotFound, FailedPrecondition where it takes away one's own administration, PermissionDenied, Conflict."""
        ...

    def list_agent_changes(self, agent_id: str = "", *, page_token: str = "") -> AgentChangePage:
        """Of one agent or of all."""
        ...
