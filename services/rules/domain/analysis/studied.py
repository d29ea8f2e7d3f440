"""A rule with what is asked of it again and again: its effects, and the cases that something can meet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from chassis.conditions import Value
from services.rules.domain.analysis.effects import Effect, afterwards, effects_of
from services.rules.domain.analysis.knowledge import Facts
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
    cases: Mapping[str, list[Facts]]
    changes: frozenset[str]
    _afterwards: dict[str, list[Facts]] = field(default_factory=dict)

    @property
    def rule_id(self) -> str:
        return self.one.rule.rule_id

    def afterwards(self, event: str) -> list[Facts]:
        """The cases of the event once the rule has done its work."""
        found = self._afterwards.get(event)
        if found is None:
            found = self._afterwards[event] = [
                Facts(afterwards(one.case, self.effects), one.fixed) for one in self.cases[event]
            ]
        return found


def study(one: CompiledRule, rank: int, find: FindField) -> Studied:
    """Raises TooManyCases."""
    cases = cases_of(one.asks.condition, find)
    possible = {event: list(_possible(cases, event)) for event in one.rule.events}
    effects = effects_of(one)
    changes = frozenset(effect.changes for effect in effects if effect.changes)
    return Studied(one, rank, effects, possible, changes)


def _possible(cases: Iterable[Case], event: str) -> Iterator[Facts]:
    for case in cases:
        # What comes from a clock changed nothing.
        if event in OF_CLOCKS and any(one.holds and one.asks_of_change for one in case):
            continue
        facts = Facts(case, _FIXED.get(event, _NO_CLOCK))
        if facts.is_possible():
            yield facts


_NO_CLOCK: Mapping[str, Value] = {"target": "", "timer": "", "warned_minutes_before": None}
_NO_MESSAGE: Mapping[str, Value] = {"text": "", "visibility": "", "is_automatic": False}
_FIXED: Mapping[str, Mapping[str, Value]] = {
    AGENT_ANSWERED: {**_NO_CLOCK, "visibility": "public"},
    NOTE_ADDED: {**_NO_CLOCK, "visibility": "internal"},
    **{event: {**_NO_MESSAGE, "timer": ""} for event in OF_CLOCKS},
    TARGET_BREACHED: {**_NO_MESSAGE, "timer": "", "warned_minutes_before": None},
    TIMER_FIRED: {**_NO_MESSAGE, "target": "", "warned_minutes_before": None},
}
