"""Make a group or give it another name."""

from services.tickets.application.account_ports import AccountPorts
from services.tickets.domain.accounts import Group, id_of, is_id
from services.tickets.domain.checks import Checks


def save_group(group: Group, ports: AccountPorts) -> Group:
    """The group as kept; without an id it gets one from its name. Raises InvalidField(s)."""
    checks = Checks()
    checks.name(group.name, "group.name", may_be_empty=False)
    if group.group_id:
        checks.that(
            is_id(group.group_id), "group.id", "lower-case letters, digits and hyphens", group.group_id
        )
    checks.done()
    kept = Group(group.group_id or id_of(group.name) or ports.new_id(), group.name.strip())
    ports.accounts.save_group(kept)
    return kept
