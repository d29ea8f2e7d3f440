"""Facts: what rules have done."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AppliedRule:
    """A rule that matched, with the actions it took."""

    rule_id: str
    name: str
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RulesApplied:
    """An event was looked at, and something matched."""

    event_id: str
    ticket_id: str
    rule_set_version: int
    channel: str
    rules: tuple[AppliedRule, ...]
