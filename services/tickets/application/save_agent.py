"""Make an agent or change one."""

from dataclasses import replace

from services.tickets.application.account_ports import AccountPorts
from services.tickets.application.change_agent import keep_agent
from services.tickets.domain.accounts import AGENT, AGENT_ROLES, LANGUAGES, RIGHTS, id_of, is_id
from services.tickets.domain.checks import Checks
from services.tickets.domain.people import Actor, Agent, normal_email

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 1_000


def save_agent(
    agent: Agent, password: str, actor: Actor, ports: AccountPorts, *, sets_rights: bool = False
) -> Agent:
    """The agent as kept; an empty password, role or language leaves the present one (agent, English), an empty id is made
    of the name, and rights are left where nobody sets them. Raises InvalidField(s), and what `keep_agent` raises."""
    known = ports.accounts.agent(agent.agent_id) if agent.agent_id else None
    agent = replace(
        agent,
        name=agent.name.strip(),
        email=normal_email(agent.email),
        role=agent.role or (known.role if known is not None else AGENT),
        language=agent.language or (known.language if known is not None else LANGUAGES[0]),
        rights=agent.rights if sets_rights else (known.rights if known is not None else ()),
        is_deactivated=known is not None and known.is_deactivated,
        version=known.version if known is not None else 0,
    )
    _check(agent, password, ports)
    kept = replace(agent, agent_id=agent.agent_id or _free_id(agent, ports))
    return keep_agent(known, kept, actor, ports, ports.passwords.hash(password) if password else "")


def _free_id(agent: Agent, ports: AccountPorts) -> str:
    wanted = id_of(agent.name)
    # Two people of one name are two people.
    if not wanted or ports.accounts.agent(wanted) is not None:
        return ports.new_id()
    return wanted


def _check(agent: Agent, password: str, ports: AccountPorts) -> None:
    checks = Checks()
    if agent.agent_id:
        checks.that(
            is_id(agent.agent_id), "agent.id", "lower-case letters, digits and hyphens", agent.agent_id
        )
    checks.name(agent.name, "agent.name", may_be_empty=False)
    checks.email(agent.email, "agent.email")
    checks.one_of(agent.role, AGENT_ROLES, "agent.role")
    checks.one_of(agent.language, LANGUAGES, "agent.language")
    for right in agent.rights:
        checks.one_of(right, RIGHTS, "agent.rights")
    known = {group.group_id for group in ports.accounts.groups()}
    for group in agent.groups:
        checks.that(group in known, "agent.groups", "ids of groups", group)
    if password:
        fits = SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD
        checks.that(fits, "password", f"{SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")
    checks.done()
