"""LookupsService: what an administrator asks of the console from the command line."""

# ruff: noqa: N802 - the methods have the names of the contract

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import grpc
from google.protobuf.duration_pb2 import Duration

from chassis.errors import InvalidField, Unauthenticated
from chassis.rpc import Access, RpcServer
from chassis.tokens import Principal
from relaydesk.console.v1 import service_pb2 as pb
from relaydesk.console.v1.service_pb2_grpc import LookupsServiceServicer, add_LookupsServiceServicer_to_server
from relaydesk.tickets.v1 import accounts_pb2
from relaydesk.tickets.v1.accounts_pb2_grpc import AccountsServiceStub
from services.console.application.look_up import FOUND, NOBODY, LookUp
from services.console.domain.outside import EMAIL, EXTERNAL_ID, PHONE, Customer, LookupFailed, Sought

ACCESS: Access = {"relaydesk.console.v1.LookupsService/TestLookup": frozenset({"admin", "system"})}


class LookupsRpc(LookupsServiceServicer):
    """Answers in threads."""

    def __init__(self, look_up: LookUp, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._look_up = look_up
        self._monotonic = monotonic

    def TestLookup(self, request: pb.TestLookupRequest, _: Any) -> pb.TestLookupResponse:
        given = {EMAIL: request.email, PHONE: request.phone, EXTERNAL_ID: request.external_id}
        sought = [Sought(kind, value) for kind, value in given.items() if value]
        if len(sought) != 1:
            raise InvalidField("email", "one of email, phone and external_id")
        checks = [self._check(source.source_id, sought[0]) for source in self._look_up.sources]
        return pb.TestLookupResponse(checks=checks)

    def _check(self, source_id: str, sought: Sought) -> pb.SourceCheck:
        begun = self._monotonic()
        check = pb.SourceCheck(source_id=source_id)
        try:
            found = self._look_up.test(source_id, sought)
        except LookupFailed as error:
            check.outcome = error.outcome
            check.text = f"{error.detail}: {error.said}" if error.said else error.detail
        else:
            check.is_well, check.outcome, check.text = True, FOUND if found else NOBODY, described(found)
        took = Duration()
        took.FromTimedelta(timedelta(seconds=self._monotonic() - begun))
        check.took.CopyFrom(took)
        return check


def described(found: tuple[Customer, ...]) -> str:
    """How much was found."""
    if not found:
        return "it knows nobody by that"
    orders = sum(len(customer.orders) for customer in found)
    return f"found {len(found)} customer{'s'[: len(found) != 1]}, {orders} order{'s'[: orders != 1]}"


def register(server: RpcServer, lookups: LookupsRpc) -> None:
    """Serve it."""
    server.add(add_LookupsServiceServicer_to_server, lookups)


class TokenCheck:
    """Asks tickets whose a token is."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._accounts = AccountsServiceStub(channel)

    def __call__(self, token: str) -> Principal | None:
        """None for a token that nobody has. Raises Unavailable."""
        try:
            found = self._accounts.CheckToken(accounts_pb2.CheckTokenRequest(token=token))
        except Unauthenticated:
            return None
        return Principal(found.token_id, found.role, found.agent_id, found.name) if found.token_id else None
