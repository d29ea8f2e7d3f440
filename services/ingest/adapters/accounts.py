"""Whose a token is, and who a person is: tickets keeps the accounts."""

from collections.abc import Mapping
from dataclasses import dataclass

import grpc

from chassis.clock import monotonic
from chassis.errors import Unauthenticated
from chassis.tokens import Principal
from relaydesk.tickets.v1 import accounts_pb2
from relaydesk.tickets.v1.accounts_pb2_grpc import AccountsServiceStub

# Queries: safe to send again.
RETRIED = (
    "relaydesk.tickets.v1.AccountsService/CheckToken",
    "relaydesk.tickets.v1.AccountsService/ListAgents",
)
# Seconds for which what a person may do is remembered: as long as whose a token is.
_REMEMBERED = 30.0


@dataclass(frozen=True, slots=True)
class Person:
    """An agent."""

    name: str
    role: str
    rights: frozenset[str]


class Accounts:
    """Asks tickets."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._accounts = AccountsServiceStub(channel)
        self._people: Mapping[str, Person] = {}
        self._asked_at = float("-inf")

    def check(self, token: str) -> Principal | None:
        """None for a token that nobody has. Raises Unavailable."""
        try:
            found = self._accounts.CheckToken(accounts_pb2.CheckTokenRequest(token=token))
        except Unauthenticated:
            return None
        if not found.token_id:
            return None
        return Principal(found.token_id, found.role, found.agent_id, found.name, frozenset(found.rights))

    def agent(self, agent_id: str) -> Person | None:
        """As of at most half a minute ago; None where there is nobody of that id. Raises Unavailable."""
        if agent_id not in self._people or monotonic() - self._asked_at >= _REMEMBERED:
            agents = self._accounts.ListAgents(accounts_pb2.ListAgentsRequest()).agents
            # Whoever has left may do nothing.
            self._people = {
                one.id: Person(one.name, one.role, frozenset(one.rights))
                for one in agents
                if not one.is_deactivated
            }
            self._asked_at = monotonic()
        return self._people.get(agent_id)
