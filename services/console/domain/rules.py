"""Rules and their explanations as the console shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Test:
    """One question to a ticket."""

    field: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConditionGroup:
    """Questions taken together: all, any or none of them must hold."""

    mode: str
    members: tuple["Condition", ...]


Condition = Test | ConditionGroup


@dataclass(frozen=True, slots=True)
class Action:
    """What a rule does."""

    kind: str
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rule:
    """When, if, then. `condition` is None where nothing is asked."""

    rule_id: str
    name: str
    is_enabled: bool
    position: int
    events: tuple[str, ...]
    condition: Condition | None
    actions: tuple[Action, ...]
    stops: bool
    version: int
    updated_at: datetime | None = None
    updated_by: str = ""
    # Its season; None leaves that side open.
    active_from: datetime | None = None
    active_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RuleWarning:
    """Something odd about a rule. `path` is its line, such as rule.actions[1]; `others` are ids of rules."""

    rule_id: str
    kind: str
    path: str
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TestOutcome:
    """What one question was answered."""

    field: str
    operator: str
    expected: tuple[str, ...]
    actual: str
    holds: bool


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What became of one rule at one event: matched, not_matched or held_back with its reason."""

    rule_id: str
    name: str
    outcome: str
    reason: str
    tests: tuple[TestOutcome, ...]
    actions: tuple[str, ...]
    result: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that the rules thought of one event."""

    event_id: str
    evaluated_at: datetime
    rule_set_version: int
    outcomes: tuple[RuleOutcome, ...]
