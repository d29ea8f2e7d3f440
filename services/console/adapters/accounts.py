"""Agents and groups from the tickets service."""

import grpc

from relaydesk.tickets.v1 import accounts_pb2
from relaydesk.tickets.v1.accounts_pb2_grpc import AccountsServiceStub
from services.console.adapters.calls import Caller
from services.console.domain.tickets import Agent, Group


class GrpcAccounts:
    """Implements the port Accounts."""

    def __init__(self, channel: grpc.Channel, caller: Caller) -> None:
        self._stub = AccountsServiceStub(channel)
        self._caller = caller

    def sign_in(self, email: str, password: str) -> Agent:
        request = accounts_pb2.SignInRequest(email=email, password=password)
        return _agent_of(self._caller.ask(self._stub.SignIn, request).agent)

    def list_agents(self) -> tuple[Agent, ...]:
        answer = self._caller.ask(self._stub.ListAgents, accounts_pb2.ListAgentsRequest())
        return tuple(_agent_of(agent) for agent in answer.agents)

    def list_groups(self) -> tuple[Group, ...]:
        answer = self._caller.ask(self._stub.ListGroups, accounts_pb2.ListGroupsRequest())
        return tuple(Group(group.id, group.name) for group in answer.groups)


def _agent_of(wire: accounts_pb2.Agent) -> Agent:
    return Agent(
        wire.id, wire.name, wire.email, wire.role, tuple(wire.groups), wire.language, tuple(wire.rights)
    )
