"""Agents and groups from the tickets service."""

import grpc

from relaydesk.tickets.v1 import accounts_pb2
from relaydesk.tickets.v1.accounts_pb2_grpc import AccountsServiceStub
from services.console.adapters.calls import Caller, moment
from services.console.adapters.tickets import actor_of
from services.console.domain.accounts import AgentChange, AgentChangePage, AgentEdit
from services.console.domain.tickets import Agent, FieldChange, Group


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

    def add_agent(self, agent: Agent, password: str, *, by: str) -> Agent:
        wire = accounts_pb2.Agent(
            name=agent.name,
            email=agent.email,
            role=agent.role,
            groups=agent.groups,
            language=agent.language,
            rights=agent.rights,
        )
        request = accounts_pb2.SaveAgentRequest(agent=wire, password=password, sets_rights=True)
        return _agent_of(self._caller.ask(self._stub.SaveAgent, request, agent_id=by).agent)

    def change_agent(self, edit: AgentEdit, *, by: str) -> Agent:
        request = accounts_pb2.ChangeAgentRequest(
            agent_id=edit.agent_id,
            role=edit.role,
            added_rights=edit.added_rights,
            removed_rights=edit.removed_rights,
            is_deactivated=edit.is_deactivated,
        )
        return _agent_of(self._caller.ask(self._stub.ChangeAgent, request, agent_id=by).agent)

    def list_agent_changes(self, agent_id: str = "", *, page_token: str = "") -> AgentChangePage:
        request = accounts_pb2.ListAgentChangesRequest(agent_id=agent_id, page_token=page_token)
        answer = self._caller.ask(self._stub.ListAgentChanges, request)
        return AgentChangePage(tuple(map(_change_of, answer.changes)), answer.next_page_token)


def _change_of(wire: accounts_pb2.AgentChange) -> AgentChange:
    return AgentChange(
        wire.agent_id,
        moment(wire.changed_at),
        actor_of(wire.actor),
        tuple(FieldChange(step.field, step.old, step.new) for step in wire.changes),
    )


def _agent_of(wire: accounts_pb2.Agent) -> Agent:
    return Agent(
        wire.id,
        wire.name,
        wire.email,
        wire.role,
        tuple(wire.groups),
        wire.language,
        tuple(wire.rights),
        wire.is_deactivated,
    )
