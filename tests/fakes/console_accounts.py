"""Accounts in memory: agents, what they may do, and who changed that."""

from dataclasses import replace

from chassis.errors import AlreadyExists, FailedPrecondition, InvalidField, NotFound, Unauthenticated
from services.console.application.ports import Clock
from services.console.domain.accounts import AgentChange, AgentChangePage, AgentEdit
from services.console.domain.tickets import Actor, Agent, FieldChange, Group
from tests.fakes import console_samples as samples
from tests.fakes.console_channels import Outages


class MemoryAccounts:
    """Everybody's password is "a long password"."""

    def __init__(self, outages: Outages, clock: Clock) -> None:
        self._outages = outages
        self._clock = clock
        self.agents: tuple[Agent, ...] = samples.AGENTS
        self.changes: list[AgentChange] = [*samples.AGENT_CHANGES]

    def sign_in(self, email: str, password: str) -> Agent:
        self._outages.check("tickets")
        for agent in self.agents:
            if agent.email == email and password == "a long password" and not agent.is_deactivated:
                return agent
        raise Unauthenticated("no")

    def list_agents(self) -> tuple[Agent, ...]:
        self._outages.check("tickets")
        return self.agents

    def list_groups(self) -> tuple[Group, ...]:
        self._outages.check("tickets")
        return samples.GROUPS

    def add_agent(self, agent: Agent, password: str, *, by: str) -> Agent:
        self._outages.check("tickets")
        if "@" not in agent.email:
            raise InvalidField("agent.email", "an e-mail address", agent.email)
        if password and len(password) < 8:
            raise InvalidField("password", "8 to 1000 characters")
        if any(one.email == agent.email for one in self.agents):
            raise AlreadyExists("taken")
        added = replace(agent, agent_id=agent.name.lower().replace(" ", "-"))
        self.agents = (*self.agents, added)
        self._log(added.agent_id, by, FieldChange("name", "", added.name))
        return added

    def change_agent(self, edit: AgentEdit, *, by: str) -> Agent:
        self._outages.check("tickets")
        known = next((one for one in self.agents if one.agent_id == edit.agent_id), None)
        if known is None:
            raise NotFound(edit.agent_id)
        rights = (set(known.rights) | set(edit.added_rights)) - set(edit.removed_rights)
        is_out = known.is_deactivated if edit.is_deactivated is None else edit.is_deactivated
        changed = replace(
            known, role=edit.role or known.role, rights=tuple(sorted(rights)), is_deactivated=is_out
        )
        if by == known.agent_id and (changed.role != "admin" or is_out):
            raise FailedPrecondition("own")
        self.agents = tuple(changed if one is known else one for one in self.agents)
        steps = (
            FieldChange("role", known.role, changed.role),
            FieldChange("rights", ",".join(known.rights), ",".join(changed.rights)),
            FieldChange("is_deactivated", "true" if known.is_deactivated else "", "true" if is_out else ""),
        )
        self._log(known.agent_id, by, *(step for step in steps if step.old != step.new))
        return changed

    def list_agent_changes(self, agent_id: str = "", *, page_token: str = "") -> AgentChangePage:
        self._outages.check("tickets")
        return AgentChangePage(tuple(one for one in self.changes if agent_id in ("", one.agent_id)))

    def _log(self, agent_id: str, by: str, *steps: FieldChange) -> None:
        name = next((one.name for one in self.agents if one.agent_id == by), by)
        line = AgentChange(agent_id, self._clock.now(), Actor("agent", by, name), steps)
        self.changes.insert(0, line)
