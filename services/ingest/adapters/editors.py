"""Who changes a channel: a person, a program with a token, or the system itself."""

from chassis import rpc
from chassis.errors import PermissionDenied
from chassis.tokens import SYSTEM
from services.ingest.adapters.accounts import Accounts
from services.ingest.domain.channel_history import Editor

# The right that an agent needs who is no administrator, as tickets' accounts name it.
CHANNELS = "channels"
_ADMIN = "admin"
# The person that one of our own services acts for.
_ACTING_AGENT = "x-acting-agent"


class Editors:
    """Asks the accounts about the person behind one of our own services."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def editor(self) -> Editor:
        """Whoever makes this call, which the table of access let in. Raises PermissionDenied, Unavailable."""
        call = rpc.call()
        principal = call.principal
        acting = call.metadata(_ACTING_AGENT) if principal.role == SYSTEM else ""
        if acting:
            return self._person(acting)
        is_admin = principal.role in (_ADMIN, SYSTEM)
        if principal.agent_id:
            person = self._accounts.agent(principal.agent_id)
            return Editor("agent", principal.agent_id, person.name if person else "", is_admin)
        if principal.token_id == "internal":
            return Editor("system", is_admin=True)
        return Editor("api", principal.token_id, principal.name, is_admin)

    def _person(self, agent_id: str) -> Editor:
        person = self._accounts.agent(agent_id)
        if person is None or (person.role != _ADMIN and CHANNELS not in person.rights):
            raise PermissionDenied(f"the agent {agent_id} has no right to change channels")
        return Editor("agent", agent_id, person.name, person.role == _ADMIN)
