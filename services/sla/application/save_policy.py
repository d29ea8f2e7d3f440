"""A new version of a promise."""

from dataclasses import replace
from datetime import datetime

from chassis.errors import Conflict
from services.sla.application.ports import Ports, Saved
from services.sla.domain.commands import SavePolicy
from services.sla.domain.policy import Policy
from services.sla.domain.policy_check import check_policy


def save_policy(command: SavePolicy, ports: Ports) -> Policy:
    """Raises InvalidFields, or Conflict where the expected version is not the present one.

    What runs already gets the new version too, unless it says that it is only for what is new.
    """
    policy = next_policy(command, ports.policies, ports.now)
    policy = replace(policy, policy_id=policy.policy_id or ports.new_id())
    ports.policies.save_policy(policy)
    return policy


def next_policy(command: SavePolicy, saved: Saved, now: datetime) -> Policy:
    """The version that saving would make; one that is new has no id yet. Raises like `save_policy`."""
    has_company = any(one.whom.is_company for one in saved.newest_calendars())
    check_policy(command.policy, saved.calendar_ids(), saved.newest(), has_company_calendar=has_company)
    present = saved.policy(command.policy.policy_id)
    version = present.version if present is not None else 0
    if version != command.expected_version:
        raise Conflict(f"policy is at version {version}, not {command.expected_version}")
    return replace(command.policy, version=version + 1, saved_at=now)
