"""A new version of a promise."""

from dataclasses import replace

from chassis.errors import Conflict
from services.sla.application.ports import Ports
from services.sla.domain.commands import SavePolicy
from services.sla.domain.policy import Policy
from services.sla.domain.policy_check import check_policy


def save_policy(command: SavePolicy, ports: Ports) -> Policy:
    """Raises InvalidFields, or Conflict where the expected version is not the present one.

    What runs already gets the new version too, unless it says that it is only for what is new.
    """
    check_policy(command.policy, ports.policies.calendar_ids(), ports.policies.newest())
    present = ports.policies.policy(command.policy.policy_id)
    version = present.version if present is not None else 0
    if version != command.expected_version:
        raise Conflict(f"policy is at version {version}, not {command.expected_version}")
    policy = replace(
        command.policy,
        policy_id=command.policy.policy_id or ports.new_id(),
        version=version + 1,
        saved_at=ports.now,
    )
    ports.policies.save_policy(policy)
    return policy
