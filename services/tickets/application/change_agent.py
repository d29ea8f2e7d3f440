"""Change what an agent may do, or let one go; and keep what was changed beside it."""

from dataclasses import dataclass, replace

from chassis.errors import Conflict, FailedPrecondition, NotFound
from services.tickets.application.account_ports import AccountPorts
from services.tickets.domain.accounts import ADMIN, AGENT_ROLES, RIGHTS
from services.tickets.domain.agent_history import AgentChange, changes_between
from services.tickets.domain.checks import Checks
from services.tickets.domain.people import AGENT, Actor, Agent

_TRIES = 5


@dataclass(frozen=True, slots=True)
class AgentEdit:
    """What is named is changed, and the rest is left: an empty role, None."""

    agent_id: str
    role: str = ""
    added_rights: tuple[str, ...] = ()
    removed_rights: tuple[str, ...] = ()
    is_deactivated: bool | None = None


def change_agent(edit: AgentEdit, actor: Actor, ports: AccountPorts) -> Agent:
    """The agent as kept. Raises NotFound, InvalidField(s), FailedPrecondition, Conflict."""
    checks = Checks()
    if edit.role:
        checks.one_of(edit.role, AGENT_ROLES, "role")
    for field, rights in (("added_rights", edit.added_rights), ("removed_rights", edit.removed_rights)):
        for right in rights:
            checks.one_of(right, RIGHTS, field)
    checks.done()
    for _ in range(_TRIES):
        known = ports.accounts.agent(edit.agent_id)
        if known is None:
            raise NotFound(f"no agent {edit.agent_id!r}")
        try:
            return keep_agent(known, _changed(known, edit), actor, ports)
        except Conflict:
            # It names what it changes, so it fits whatever somebody else made of the agent meanwhile.
            continue
    raise Conflict(f"others change the agent {edit.agent_id}")


def _changed(agent: Agent, edit: AgentEdit) -> Agent:
    rights = (set(agent.rights) | set(edit.added_rights)) - set(edit.removed_rights)
    return replace(
        agent,
        role=edit.role or agent.role,
        rights=tuple(right for right in RIGHTS if right in rights),
        is_deactivated=agent.is_deactivated if edit.is_deactivated is None else edit.is_deactivated,
    )


def keep_agent(
    before: Agent | None, after: Agent, actor: Actor, ports: AccountPorts, password_hash: str = ""
) -> Agent:
    """Keep an agent with what was changed; nothing is written where nothing was. Raises FailedPrecondition, AlreadyExists
    where another has the address, and Conflict where somebody was first."""
    is_own = actor.kind == AGENT and actor.actor_id == after.agent_id
    if is_own and (after.role != ADMIN or after.is_deactivated):
        # So there is always one left who may give it back.
        raise FailedPrecondition("nobody takes their own administration away")
    changes = changes_between(before, after, sets_password=bool(password_hash))
    if not changes:
        return after
    kept = replace(after, version=before.version + 1 if before is not None else 1)
    change = AgentChange(ports.new_id(), kept.agent_id, kept.version, ports.now, actor, changes)
    ports.accounts.save_agent(kept, password_hash, change)
    return kept
