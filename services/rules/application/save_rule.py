"""A new version of a rule."""

from dataclasses import replace

from chassis.errors import Conflict, FailedPrecondition
from services.rules.application.ports import Ports
from services.rules.application.vocabulary import vocabulary
from services.rules.domain.commands import SaveRule
from services.rules.domain.rule import Rule, compile_rule

MOST_RULES = 10_000


def save_rule(command: SaveRule, ports: Ports) -> Rule:
    """Raises InvalidFields, or Conflict where the expected version is not the present one."""
    present = ports.rules.rule(command.rule.rule_id)
    version = present.version if present is not None else 0
    rule = replace(
        command.rule,
        rule_id=command.rule.rule_id or ports.new_id(),
        version=version + 1,
        updated_at=ports.now,
        updated_by=command.by,
    )
    compiled = compile_rule(rule, vocabulary())
    if version != command.expected_version:
        raise Conflict(f"rule is at version {version}, not {command.expected_version}")
    if present is None and ports.rules.count() >= MOST_RULES:
        raise FailedPrecondition(f"there are {MOST_RULES} rules already")
    ports.rules.save(compiled)
    return rule
