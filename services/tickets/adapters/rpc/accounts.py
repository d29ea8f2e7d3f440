"""AccountsService."""

# ruff: noqa: N802 - the methods have the names of the contract

import secrets
from datetime import datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.clock import Clock
from chassis.errors import InvalidField, PermissionDenied, Unauthenticated
from chassis.ids import new_id
from chassis.stamps import stamp
from chassis.tokens import Principal
from relaydesk.tickets.v1 import accounts_pb2, ticket_pb2
from relaydesk.tickets.v1.accounts_pb2_grpc import AccountsServiceServicer
from services.tickets.adapters.mongo.accounts import MongoAccounts
from services.tickets.adapters.mongo.directory import MongoDirectory
from services.tickets.adapters.nouns import actor_to_wire
from services.tickets.adapters.passwords import Argon2Passwords
from services.tickets.adapters.rpc.callers import Callers
from services.tickets.application.change_agent import AgentEdit, change_agent
from services.tickets.application.create_token import check_token, create_token
from services.tickets.application.save_agent import save_agent
from services.tickets.application.save_group import save_group
from services.tickets.application.sign_in import sign_in
from services.tickets.domain.accounts import ADMIN, Group, Token
from services.tickets.domain.agent_history import AgentChange
from services.tickets.domain.people import AGENT, Actor, Agent

_PAGE = 200


class RealAccounts:
    """What the use cases of accounts reach."""

    def __init__(self, accounts: MongoAccounts, clock: Clock) -> None:
        self.accounts = accounts
        self.passwords = Argon2Passwords()
        self._clock = clock

    @property
    def now(self) -> datetime:
        return self._clock.now()

    def new_id(self) -> str:
        return new_id()

    def new_secret(self) -> str:
        return secrets.token_hex(32)

    def authenticate(self, text: str) -> Principal | None:
        """Whose token it is; None where it is nobody's."""
        token = check_token(text, self)
        return (
            Principal(token.token_id, token.role, token.agent_id, token.name) if token is not None else None
        )


class AccountsRpc(AccountsServiceServicer):
    """Implements the contract; see proto/relaydesk/tickets/v1/accounts.proto."""

    def __init__(self, ports: RealAccounts, directory: MongoDirectory, callers: Callers) -> None:
        self._ports = ports
        self._directory = directory
        self._callers = callers

    def CreateToken(
        self, request: accounts_pb2.CreateTokenRequest, context: Any
    ) -> accounts_pb2.CreateTokenResponse:
        token, text = create_token(request.role, request.name, request.agent_id, self._ports)
        return accounts_pb2.CreateTokenResponse(token=text, token_id=token.token_id)

    def ListTokens(
        self, request: accounts_pb2.ListTokensRequest, context: Any
    ) -> accounts_pb2.ListTokensResponse:
        return accounts_pb2.ListTokensResponse(
            tokens=[_token_to_wire(token) for token in self._ports.accounts.tokens()]
        )

    def RevokeToken(
        self, request: accounts_pb2.RevokeTokenRequest, context: Any
    ) -> accounts_pb2.RevokeTokenResponse:
        self._ports.accounts.revoke_token(request.token_id, self._ports.now)
        return accounts_pb2.RevokeTokenResponse()

    def CheckToken(
        self, request: accounts_pb2.CheckTokenRequest, context: Any
    ) -> accounts_pb2.CheckTokenResponse:
        token = check_token(request.token, self._ports)
        if token is None:
            raise Unauthenticated("this token is not known, or no longer")
        agent = self._ports.accounts.agent(token.agent_id) if token.agent_id else None
        return accounts_pb2.CheckTokenResponse(
            token_id=token.token_id,
            role=token.role,
            agent_id=token.agent_id,
            name=token.name,
            rights=agent.rights if agent is not None else (),
        )

    def SaveGroup(
        self, request: accounts_pb2.SaveGroupRequest, context: Any
    ) -> accounts_pb2.SaveGroupResponse:
        wire = request.group
        group = save_group(
            Group(wire.id, wire.name, wire.manager), self._ports, sets_manager=request.sets_manager
        )
        self._directory.forget()
        return accounts_pb2.SaveGroupResponse(group=_group_to_wire(group))

    def ListGroups(
        self, request: accounts_pb2.ListGroupsRequest, context: Any
    ) -> accounts_pb2.ListGroupsResponse:
        return accounts_pb2.ListGroupsResponse(
            groups=[_group_to_wire(group) for group in self._ports.accounts.groups()]
        )

    def SaveAgent(
        self, request: accounts_pb2.SaveAgentRequest, context: Any
    ) -> accounts_pb2.SaveAgentResponse:
        wire = request.agent
        wanted = Agent(
            wire.id, wire.name, wire.email, wire.role, tuple(wire.groups), wire.language, tuple(wire.rights)
        )
        agent = save_agent(
            wanted, request.password, self._administrator(), self._ports, sets_rights=request.sets_rights
        )
        self._directory.forget()
        return accounts_pb2.SaveAgentResponse(agent=_agent_to_wire(agent))

    def ChangeAgent(
        self, request: accounts_pb2.ChangeAgentRequest, context: Any
    ) -> accounts_pb2.ChangeAgentResponse:
        edit = AgentEdit(
            request.agent_id,
            request.role,
            tuple(request.added_rights),
            tuple(request.removed_rights),
            request.is_deactivated if request.HasField("is_deactivated") else None,
        )
        agent = change_agent(edit, self._administrator(), self._ports)
        self._directory.forget()
        return accounts_pb2.ChangeAgentResponse(agent=_agent_to_wire(agent))

    def ListAgentChanges(
        self, request: accounts_pb2.ListAgentChangesRequest, context: Any
    ) -> accounts_pb2.ListAgentChangesResponse:
        size = request.page_size or 50
        if not 0 < size <= _PAGE:
            raise InvalidField("page_size", f"1 to {_PAGE}", str(size))
        found = self._ports.accounts.agent_changes(request.agent_id, size + 1, request.page_token)
        answer = accounts_pb2.ListAgentChangesResponse(changes=map(_change_to_wire, found[:size]))
        if len(found) > size:
            answer.next_page_token = found[size - 1].change_id
        return answer

    def _administrator(self) -> Actor:
        """Whoever makes this call, who was let in by role; the person behind one of our own services is asked for here.
        Raises PermissionDenied."""
        actor = self._callers.actor()
        if actor.kind == AGENT:
            person = self._ports.accounts.agent(actor.actor_id)
            if person is None or person.is_deactivated or person.role != ADMIN:
                raise PermissionDenied(f"the agent {actor.actor_id} is no administrator")
        return actor

    def ListAgents(
        self, request: accounts_pb2.ListAgentsRequest, context: Any
    ) -> accounts_pb2.ListAgentsResponse:
        return accounts_pb2.ListAgentsResponse(
            agents=[_agent_to_wire(agent) for agent in self._ports.accounts.agents()]
        )

    def SignIn(self, request: accounts_pb2.SignInRequest, context: Any) -> accounts_pb2.SignInResponse:
        if not request.email:
            raise InvalidField("email", "an e-mail address")
        return accounts_pb2.SignInResponse(
            agent=_agent_to_wire(sign_in(request.email, request.password, self._ports))
        )


def _change_to_wire(change: AgentChange) -> accounts_pb2.AgentChange:
    wire = accounts_pb2.AgentChange(
        agent_id=change.agent_id,
        version=change.version,
        actor=actor_to_wire(change.actor),
        changes=(
            ticket_pb2.FieldChange(field=step.field, old=step.old, new=step.new) for step in change.changes
        ),
    )
    stamp(wire.changed_at, change.changed_at)
    return wire


def _group_to_wire(group: Group) -> accounts_pb2.Group:
    return accounts_pb2.Group(id=group.group_id, name=group.name, manager=group.manager)


def _agent_to_wire(agent: Agent) -> accounts_pb2.Agent:
    return accounts_pb2.Agent(
        id=agent.agent_id,
        name=agent.name,
        email=agent.email,
        role=agent.role,
        groups=agent.groups,
        language=agent.language,
        rights=agent.rights,
        is_deactivated=agent.is_deactivated,
    )


def _token_to_wire(token: Token) -> accounts_pb2.Token:
    return accounts_pb2.Token(
        id=token.token_id,
        role=token.role,
        name=token.name,
        agent_id=token.agent_id,
        created_at=_stamp(token.created_at),
        revoked_at=_stamp(token.revoked_at),
    )


def _stamp(moment: datetime | None) -> Timestamp | None:
    if moment is None:
        return None
    made = Timestamp()
    stamp(made, moment)
    return made
