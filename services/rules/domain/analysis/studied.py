"""A rule with what is asked of it again and again: its effects, and the cases that something can meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from chassis.conditions import Value
from services.rules.domain.analysis.effects import Effect, effects_of
from services.rules.domain.analysis.knowledge import is_possible
from services.rules.domain.analysis.literals import Case, FindField, cases_of
from services.rules.domain.heard import AGENT_ANSWERED, NOTE_ADDED, OF_CLOCKS, TARGET_BREACHED, TIMER_FIRED
from services.rules.domain.rule import CompiledRule


@dataclass(slots=True)
class Studied:
    """A rule, and its place among those that run."""

    one: CompiledRule
    rank: int
    effects: tuple[Effect, ...]
    # The cases that something can meet, by event.
    cases: dict[str, list[Case]] = field(default_factory=dict)

    @property
    def rule_id(self) -> str:
        return self.one.rule.rule_id

    @property
    def changes(self) -> frozenset[str]:
        return frozenset(effect.changes for effect in self.effects if effect.changes)


def study(one: CompiledRule, rank: int, find: FindField) -> Studied:
    """Raises TooManyCases."""
    cases = cases_of(one.asks.condition, find, "rule.condition")
    possible = {event: [case for case in cases if _can_be(case, event)] for event in one.rule.events}
    return Studied(one, rank, effects_of(one), possible)


def fixed_at(event: str) -> Mapping[str, Value]:
    """Fields to which the event leaves no choice."""
    return _FIXED.get(event, _NO_CLOCK)


def _can_be(case: Case, event: str) -> bool:
    if event in OF_CLOCKS and any(one.holds and one.operator.startswith("changed") for one in case):
        return False
    return is_possible(case, fixed_at(event))


_NO_CLOCK: Mapping[str, Value] = {"target": "", "timer": "", "warned_minutes_before": None}
_NO_MESSAGE: Mapping[str, Value] = {"text": "", "visibility": "", "is_automatic": False}
_FIXED: Mapping[str, Mapping[str, Value]] = {
    AGENT_ANSWERED: {**_NO_CLOCK, "visibility": "public"},
    NOTE_ADDED: {**_NO_CLOCK, "visibility": "internal"},
    **{event: {**_NO_MESSAGE, "timer": ""} for event in OF_CLOCKS},
    TARGET_BREACHED: {**_NO_MESSAGE, "timer": "", "warned_minutes_before": None},
    TIMER_FIRED: {**_NO_MESSAGE, "target": "", "warned_minutes_before": None},
}
