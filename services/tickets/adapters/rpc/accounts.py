"""AccountsService."""

# ruff: noqa: N802 - the methods have the names of the contract

import secrets
from datetime import datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.clock import Clock
from chassis.errors import InvalidField, Unauthenticated
from chassis.ids import new_id
from chassis.stamps import stamp
from chassis.tokens import Principal
from relaydesk.tickets.v1 import accounts_pb2
from relaydesk.tickets.v1.accounts_pb2_grpc import AccountsServiceServicer
from services.tickets.adapters.mongo.accounts import MongoAccounts
from services.tickets.adapters.mongo.directory import MongoDirectory
from services.tickets.adapters.passwords import Argon2Passwords
from services.tickets.application.create_token import check_token, create_token
from services.tickets.application.save_agent import save_agent
from services.tickets.application.save_group import save_group
from services.tickets.application.sign_in import sign_in
from services.tickets.domain.accounts import Group, Token
from services.tickets.domain.people import Agent


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

    def __init__(self, ports: RealAccounts, directory: MongoDirectory) -> None:
        self._ports = ports
        self._directory = directory

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
        group = save_group(Group(request.group.id, request.group.name), self._ports)
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
        agent = save_agent(wanted, request.password, self._ports, sets_rights=request.sets_rights)
        self._directory.forget()
        return accounts_pb2.SaveAgentResponse(agent=_agent_to_wire(agent))

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


def _group_to_wire(group: Group) -> accounts_pb2.Group:
    return accounts_pb2.Group(id=group.group_id, name=group.name)


def _agent_to_wire(agent: Agent) -> accounts_pb2.Agent:
    return accounts_pb2.Agent(
        id=agent.agent_id,
        name=agent.name,
        email=agent.email,
        role=agent.role,
        groups=agent.groups,
        language=agent.language,
        rights=agent.rights,
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
