"""A rule goes; its versions stay, for the explanations that name them."""

from chassis.errors import Conflict, NotFound
from services.rules.application.ports import Ports
from services.rules.domain.commands import DeleteRule


def delete_rule(command: DeleteRule, ports: Ports) -> None:
    """Raises NotFound, or Conflict where the expected version (0 means any) is not the present one."""
    present = ports.rules.rule(command.rule_id)
    if present is None:
        raise NotFound("no such rule")
    if command.expected_version not in (0, present.version):
        raise Conflict(f"rule is at version {present.version}, not {command.expected_version}")
    ports.rules.delete(command.rule_id, ports.now, command.by)
