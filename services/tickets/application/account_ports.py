"""What the use cases of accounts need of the outside. They are few and rare, so each writes at once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from services.tickets.domain.accounts import Group, Token
from services.tickets.domain.agent_history import AgentChange
from services.tickets.domain.people import Agent


class Accounts(Protocol):
    """Tokens, groups and agents, kept. Everything raises Unavailable where the store is away."""

    def add_token(self, token: Token) -> None: ...

    def token(self, token_id: str) -> Token | None: ...

    def tokens(self) -> Sequence[Token]: ...

    def revoke_token(self, token_id: str, at: datetime) -> None:
        """Raises NotFound."""
        ...

    def save_group(self, group: Group) -> None: ...

    def groups(self) -> Sequence[Group]: ...

    def save_agent(self, agent: Agent, password_hash: str, change: AgentChange) -> None:
        """Keep this version and what it changed, in one. An empty hash leaves the password. Raises AlreadyExists where
        another has the address, Conflict where somebody else made this version."""
        ...

    def agent_changes(self, agent_id: str, limit: int, before: str) -> Sequence[AgentChange]:
        """The newest first, of one agent or of all, behind the change of that id."""
        ...

    def agent(self, agent_id: str) -> Agent | None: ...

    def agents(self) -> Sequence[Agent]: ...

    def password_of(self, email: str) -> tuple[Agent, str] | None:
        """The agent with this address, and the password's hash (empty where none was set)."""
        ...


class Passwords(Protocol):
    """Hashes that take their time."""

    def hash(self, password: str) -> str: ...

    def fits(self, password_hash: str, password: str) -> bool:
        """An empty hash fits nothing, and takes as long to say so."""
        ...


class AccountPorts(Protocol):
    """Everything a use case of accounts may reach."""

    @property
    def accounts(self) -> Accounts: ...

    @property
    def passwords(self) -> Passwords: ...

    @property
    def now(self) -> datetime: ...

    def new_id(self) -> str: ...

    def new_secret(self) -> str:
        """64 hex digits that nobody can guess."""
        ...
