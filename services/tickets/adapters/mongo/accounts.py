"""Tokens, groups and agents in the store."""

from collections.abc import Sequence
from datetime import datetime

from chassis.errors import AlreadyExists, NotFound
from chassis.mongo import Document, Documents, Raced, named_failures
from services.tickets.adapters.mongo.directory import agent_of
from services.tickets.domain.accounts import Group, Token
from services.tickets.domain.people import Agent


class MongoAccounts:
    """Implements the port Accounts."""

    def __init__(self, database: Documents) -> None:
        self._tokens = database["tokens"]
        self._groups = database["groups"]
        self._agents = database["agents"]

    def add_token(self, token: Token) -> None:
        with named_failures():
            self._tokens.insert_one(
                {
                    "_id": token.token_id,
                    "fingerprint": token.fingerprint,
                    "role": token.role,
                    "name": token.name,
                    "agent_id": token.agent_id,
                    "created_at": token.created_at,
                    "revoked_at": None,
                }
            )

    def token(self, token_id: str) -> Token | None:
        with named_failures():
            row = self._tokens.find_one({"_id": token_id})
        return _token_of(row) if row is not None else None

    def tokens(self) -> Sequence[Token]:
        with named_failures():
            return [_token_of(row) for row in self._tokens.find().sort("_id", 1)]

    def revoke_token(self, token_id: str, at: datetime) -> None:
        with named_failures():
            # The first revocation's moment stays.
            self._tokens.update_one({"_id": token_id, "revoked_at": None}, {"$set": {"revoked_at": at}})
            if self._tokens.find_one({"_id": token_id}, {"_id": 1}) is None:
                raise NotFound(f"no token {token_id!r}")

    def save_group(self, group: Group) -> None:
        with named_failures():
            self._groups.update_one({"_id": group.group_id}, {"$set": {"name": group.name}}, upsert=True)

    def groups(self) -> Sequence[Group]:
        with named_failures():
            return [Group(row["_id"], row["name"]) for row in self._groups.find().sort("name", 1)]

    def save_agent(self, agent: Agent, password_hash: str) -> None:
        fields: Document = {
            "name": agent.name,
            "email": agent.email,
            "role": agent.role,
            "groups": list(agent.groups),
            "language": agent.language,
            "rights": list(agent.rights),
        }
        if password_hash:
            fields["password"] = password_hash
        try:
            with named_failures():
                self._agents.update_one({"_id": agent.agent_id}, {"$set": fields}, upsert=True)
        except Raced as taken:
            raise AlreadyExists(f"another agent has the address {agent.email}") from taken

    def agent(self, agent_id: str) -> Agent | None:
        with named_failures():
            row = self._agents.find_one({"_id": agent_id})
        return agent_of(row) if row is not None else None

    def agents(self) -> Sequence[Agent]:
        with named_failures():
            return [agent_of(row) for row in self._agents.find().sort("name", 1)]

    def password_of(self, email: str) -> tuple[Agent, str] | None:
        with named_failures():
            row = self._agents.find_one({"email": email})
        return (agent_of(row), row.get("password", "")) if row is not None else None


def _token_of(row: Document) -> Token:
    return Token(
        row["_id"],
        bytes(row["fingerprint"]),
        row["role"],
        row["created_at"],
        row["name"],
        row["agent_id"],
        row["revoked_at"],
    )
