"""Tokens, groups and agents in the store."""

from collections.abc import Sequence
from datetime import datetime

from chassis.clock import Clock
from chassis.errors import AlreadyExists, Conflict, NotFound
from chassis.mongo import Document, Documents, Raced, named_failures
from chassis.units import Unit
from services.tickets.adapters.mongo.directory import agent_of
from services.tickets.adapters.mongo.documents import actor_of, actor_part
from services.tickets.domain.accounts import Group, Token
from services.tickets.domain.agent_history import AgentChange
from services.tickets.domain.people import Agent
from services.tickets.domain.ticket import Change


class MongoAccounts:
    """Implements the port Accounts."""

    def __init__(self, database: Documents, clock: Clock) -> None:
        self._database = database
        self._clock = clock
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
            fields = {"name": group.name, "manager": group.manager}
            self._groups.update_one({"_id": group.group_id}, {"$set": fields}, upsert=True)

    def groups(self) -> Sequence[Group]:
        with named_failures():
            rows = self._groups.find().sort("name", 1)
            return [Group(row["_id"], row["name"], row.get("manager", "")) for row in rows]

    def save_agent(self, agent: Agent, password_hash: str, change: AgentChange) -> None:
        fields: Document = {
            "name": agent.name,
            "email": agent.email,
            "role": agent.role,
            "groups": list(agent.groups),
            "language": agent.language,
            "rights": list(agent.rights),
            "is_deactivated": agent.is_deactivated,
            "version": agent.version,
        }
        if password_hash:
            fields["password"] = password_hash
        unit = Unit(self._database, self._clock)
        if agent.version == 1:
            # New, or from before versions were counted.
            unit.update(
                "agents",
                {"_id": agent.agent_id, "version": {"$exists": False}},
                {"$set": fields},
                upsert=True,
            )
        else:
            unit.update("agents", {"_id": agent.agent_id, "version": agent.version - 1}, {"$set": fields})
        unit.insert("agent_changes", _change_row(change))
        try:
            unit.commit()
        except Raced as raced:
            with named_failures():
                other = self._agents.find_one({"email": agent.email, "_id": {"$ne": agent.agent_id}})
            if other is not None:
                raise AlreadyExists(f"another agent has the address {agent.email}") from raced
            raise Conflict(f"somebody else has just changed the agent {agent.agent_id}") from raced

    def agent_changes(self, agent_id: str, limit: int, before: str) -> Sequence[AgentChange]:
        where: Document = {"agent_id": agent_id} if agent_id else {}
        if before:
            where["_id"] = {"$lt": before}
        with named_failures():
            rows = self._database["agent_changes"].find(where).sort("_id", -1).limit(limit)
            return [_change_of(row) for row in rows]

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


def _change_row(change: AgentChange) -> Document:
    return {
        # Made in time's order, so that it is the order too.
        "_id": change.change_id,
        "agent_id": change.agent_id,
        "version": change.version,
        "at": change.changed_at,
        "actor": actor_part(change.actor),
        "changes": [[step.field, step.old, step.new] for step in change.changes],
    }


def _change_of(row: Document) -> AgentChange:
    return AgentChange(
        row["_id"],
        row["agent_id"],
        row["version"],
        row["at"],
        actor_of(row["actor"]),
        tuple(Change(*step) for step in row["changes"]),
    )
