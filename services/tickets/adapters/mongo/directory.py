"""Groups and agents, remembered for a second: every message asks for them, and they change a few times a day."""

import threading
from datetime import timedelta

from chassis.clock import monotonic
from chassis.mongo import Document, Documents, named_failures
from services.tickets.domain.people import Agent

REMEMBERED = timedelta(seconds=1)
# What is named and not known may have been made a moment ago, by another replica.
_MISSED = timedelta(milliseconds=20)


class MongoDirectory:
    """The directory as it was at most REMEMBERED ago; `forget` makes the next question read again."""

    def __init__(self, database: Documents) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        # By id: the id of the manager.
        self._groups: dict[str, str] = {}
        self._agents: dict[str, Agent] = {}
        self._by_email: dict[str, Agent] = {}

    def agent_by_email(self, email: str) -> Agent | None:
        """The agent with this address in its normal form, unless they have left."""
        self._refresh()
        return self._by_email.get(email)

    def agent(self, agent_id: str) -> Agent | None:
        """The agent by id."""
        self._refresh()
        if agent_id not in self._agents:
            self._refresh(_MISSED)
        return self._agents.get(agent_id)

    def members(self, group_id: str) -> list[Agent]:
        """Everybody in the group who has not left."""
        self._refresh()
        return [agent for agent in self._by_email.values() if group_id in agent.groups]

    def manager(self, group_id: str) -> Agent | None:
        """Whom the group names."""
        self._refresh()
        return self._agents.get(self._groups.get(group_id, ""))

    def has_group(self, group_id: str) -> bool:
        """Whether there is such a group."""
        self._refresh()
        if group_id not in self._groups:
            self._refresh(_MISSED)
        return group_id in self._groups

    def forget(self) -> None:
        """Read again at the next question: this process has just changed something."""
        self._read_at = float("-inf")

    def _refresh(self, remembered: timedelta = REMEMBERED) -> None:
        if monotonic() - self._read_at < remembered.total_seconds():
            return
        with self._lock, named_failures():
            rows = self._database["groups"].find({}, {"manager": 1})
            self._groups = {row["_id"]: row.get("manager", "") for row in rows}
            self._agents = {row["_id"]: agent_of(row) for row in self._database["agents"].find()}
            # Whoever has left does not answer by mail, and is no colleague.
            self._by_email = {
                agent.email: agent for agent in self._agents.values() if not agent.is_deactivated
            }
            self._read_at = monotonic()


def agent_of(row: Document) -> Agent:
    """The agent that a row holds."""
    return Agent(
        row["_id"],
        row["name"],
        row["email"],
        row["role"],
        tuple(row["groups"]),
        row.get("language", "en"),
        tuple(row.get("rights", ())),
        row.get("is_deactivated", False),
        row.get("version", 0),
    )
