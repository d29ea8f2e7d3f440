"""Whose a token is: tickets keeps the accounts."""

import grpc

from chassis.errors import Unauthenticated
from chassis.tokens import Principal
from relaydesk.tickets.v1 import accounts_pb2
from relaydesk.tickets.v1.accounts_pb2_grpc import AccountsServiceStub

# A query: safe to send again.
RETRIED = ("relaydesk.tickets.v1.AccountsService/CheckToken",)


class Accounts:
    """Asks tickets."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._accounts = AccountsServiceStub(channel)

    def check(self, token: str) -> Principal | None:
        """None for a token that nobody has. Raises Unavailable."""
        try:
            found = self._accounts.CheckToken(accounts_pb2.CheckTokenRequest(token=token))
        except Unauthenticated:
            return None
        if not found.token_id:
            return None
        return Principal(found.token_id, found.role, found.agent_id, found.name, frozenset(found.rights))
