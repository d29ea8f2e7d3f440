"""Tickets' accounts, as other services ask about them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from chassis.rpc import RpcServer
from chassis.telemetry import Metrics
from chassis.tokens import CachedAuthenticator
from relaydesk.tickets.v1 import accounts_pb2
from relaydesk.tickets.v1.accounts_pb2_grpc import (
    AccountsServiceServicer,
    add_AccountsServiceServicer_to_server,
)
from tests.integration.service_desk import INTERNAL

PEOPLE = {
    "ada": accounts_pb2.Agent(id="ada", name="Ada", role="admin"),
    "kate": accounts_pb2.Agent(id="kate", name="Kate", role="agent", rights=["channels"]),
    "max": accounts_pb2.Agent(id="max", name="Max", role="agent"),
}


class Accounts(AccountsServiceServicer):
    """Everybody's token is their id."""

    def CheckToken(  # noqa: N802
        self, request: accounts_pb2.CheckTokenRequest, context: Any
    ) -> accounts_pb2.CheckTokenResponse:
        person = PEOPLE.get(request.token)
        if person is None:
            return accounts_pb2.CheckTokenResponse()
        return accounts_pb2.CheckTokenResponse(
            token_id=f"t-{person.id}", role=person.role, agent_id=person.id, rights=person.rights
        )

    def ListAgents(  # noqa: N802
        self, request: accounts_pb2.ListAgentsRequest, context: Any
    ) -> accounts_pb2.ListAgentsResponse:
        return accounts_pb2.ListAgentsResponse(agents=PEOPLE.values())


@contextmanager
def accounts_of() -> Iterator[str]:
    """The address of a server that knows these people: an administrator, one with the right to manage channels, one
    without."""
    service = "relaydesk.tickets.v1.AccountsService"
    access = {f"{service}/{name}": frozenset({"system"}) for name in ("CheckToken", "ListAgents")}
    authenticate = CachedAuthenticator(lambda _: None, internal_token=INTERNAL)
    server = RpcServer(0, Metrics("accounts"), authenticate, access, host="127.0.0.1")
    server.add(add_AccountsServiceServicer_to_server, Accounts())  # type: ignore[abstract]
    server.start()
    try:
        yield f"127.0.0.1:{server.port}"
    finally:
        server.stop(timedelta(seconds=1))
