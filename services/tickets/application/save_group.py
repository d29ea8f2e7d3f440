"""Make a group or give it another name or manager."""

from services.tickets.application.account_ports import AccountPorts
from services.tickets.domain.accounts import Group, id_of, is_id
from services.tickets.domain.checks import Checks


def save_group(group: Group, ports: AccountPorts, *, sets_manager: bool = False) -> Group:
    """The group as kept; without an id it gets one from its name. Raises InvalidField(s)."""
    checks = Checks()
    checks.name(group.name, "group.name", may_be_empty=False)
    if group.group_id:
        checks.that(
            is_id(group.group_id), "group.id", "lower-case letters, digits and hyphens", group.group_id
        )
    if sets_manager and group.manager:
        known = ports.accounts.agent(group.manager) is not None
        checks.that(known, "group.manager", "the id of an agent", group.manager)
    checks.done()
    group_id = group.group_id or id_of(group.name) or ports.new_id()
    kept = next((one.manager for one in ports.accounts.groups() if one.group_id == group_id), "")
    saved = Group(group_id, group.name.strip(), group.manager if sets_manager else kept)
    ports.accounts.save_group(saved)
    return saved
