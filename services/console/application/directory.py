"""Names for ids: agents, groups and channels, remembered for half a minute."""

import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from chassis.errors import Refused, Unavailable
from services.console.application.ports import Desk
from services.console.domain.ingest import Channel
from services.console.domain.tickets import Agent, Group


@dataclass(frozen=True, slots=True)
class Names:
    """Who and what there is, as of one moment."""

    agents: tuple[Agent, ...] = ()
    groups: tuple[Group, ...] = ()
    channels: tuple[Channel, ...] = ()

    def agent(self, agent_id: str) -> Agent | None:
        return next((agent for agent in self.agents if agent.agent_id == agent_id), None)

    @property
    def people(self) -> tuple[Agent, ...]:
        """Those who are here."""
        return tuple(agent for agent in self.agents if not agent.is_deactivated)

    def signed_in(self, agent: Agent) -> Agent | None:
        """The agent of a session as they are now; None where they have left. Without a list the session counts."""
        if not self.agents:
            return agent
        found = self.agent(agent.agent_id)
        return found if found is not None and not found.is_deactivated else None

    def agent_name(self, agent_id: str) -> str:
        """The person's name, else the id: a line without a name would say nothing."""
        found = self.agent(agent_id)
        return found.name if found else agent_id

    def group_name(self, group_id: str) -> str:
        return next((group.name for group in self.groups if group.group_id == group_id), group_id)

    def channel(self, channel_id: str) -> Channel | None:
        return next((channel for channel in self.channels if channel.channel_id == channel_id), None)

    def channel_name(self, channel_id: str) -> str:
        found = self.channel(channel_id)
        return found.name or channel_id if found else channel_id


class Directory:
    """Keeps the last names it could get: a service that is away must not turn names into ids."""

    def __init__(self, desk: Desk, keep: timedelta = timedelta(seconds=30)) -> None:
        self._desk = desk
        self._keep = keep
        self._lock = threading.Lock()
        self._names = Names()
        self._fetched_at: datetime | None = None

    def names(self) -> Names:
        now = self._desk.clock.now()
        with self._lock:
            if self._fetched_at is None or now - self._fetched_at > self._keep:
                self._names = self._fetch(self._names)
                # Also after a failure: asking again with every page would make a slow service slower.
                self._fetched_at = now
            return self._names

    def forget(self) -> None:
        """The next page asks anew; for one who just changed a name."""
        with self._lock:
            self._fetched_at = None

    def _fetch(self, old: Names) -> Names:
        agents, groups, channels = old.agents, old.groups, old.channels
        with suppress(Unavailable, Refused):
            agents = self._desk.accounts.list_agents()
            groups = self._desk.accounts.list_groups()
        with suppress(Unavailable, Refused):
            channels = self._desk.ingest.list_channels()
        return Names(agents, groups, channels)
