"""A rule: when, under which condition, and what then."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Protocol

from chassis.conditions import ALWAYS, Compiled, Condition, ConditionError, Field, compile_condition
from chassis.errors import InvalidField, InvalidFields
from services.rules.domain.heard import EVENTS, Step, Ticket
from services.rules.domain.view import Read

MAX_ACTIONS = 50


class WrongParam(ValueError):
    """A parameter that an action cannot take."""

    def __init__(self, name: str, expected: str) -> None:
        super().__init__(f"{name}: {expected}")
        self.name = name
        self.expected = expected


class Action(Protocol):
    """A file of the folder `actions`. `Params` is a frozen dataclass that raises WrongParam."""

    __doc__: str | None
    Params: type[Any]

    def decide(self, ticket: Ticket, params: Any) -> list[Step]:
        """The steps to the state that the action wants; none where it is so already."""
        ...


@dataclass(frozen=True, slots=True)
class FieldWord:
    """A field of the vocabulary: what it holds, how it is read, what it means."""

    field: Field
    read: Read
    description: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All that rules can say. `find` answers a field's word, also for families such as fields.<name>."""

    find: Callable[[str], FieldWord | None]
    actions: Mapping[str, Action]


@dataclass(frozen=True, slots=True)
class ActionUse:
    """An action with its parameters, as written."""

    kind: str
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """One version of a rule."""

    rule_id: str
    name: str
    events: tuple[str, ...]
    actions: tuple[ActionUse, ...]
    condition: Condition = ALWAYS
    # Lower runs first.
    position: int = 0
    enabled: bool = True
    # No later rule looks at an event that this one matched.
    stop: bool = False
    version: int = 0
    updated_at: datetime | None = None
    # An agent's id, or a token's name.
    updated_by: str = ""
    # Its season; None leaves that side open.
    active_from: datetime | None = None
    active_until: datetime | None = None

    @property
    def has_season(self) -> bool:
        return self.active_from is not None or self.active_until is not None

    def is_in_season(self, at: datetime) -> bool:
        """The moment is neither before the season nor after it."""
        if self.active_from is not None and at < self.active_from:
            return False
        return self.active_until is None or at < self.active_until


@dataclass(frozen=True, slots=True)
class Decider:
    """An action ready to decide."""

    kind: str
    decide: Callable[[Ticket, Any], list[Step]]
    params: Any


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule ready to run."""

    rule: Rule
    asks: Compiled
    actions: tuple[Decider, ...]


def compile_rule(rule: Rule, vocabulary: Vocabulary) -> CompiledRule:
    """Raises InvalidFields with every mistake, each by its path."""
    wrong: list[InvalidField] = []
    if not 0 < len(rule.name.strip()) <= 200:
        wrong.append(InvalidField("rule.name", "1 to 200 characters"))
    if not rule.events:
        wrong.append(InvalidField("rule.events", f"at least one of {', '.join(EVENTS)}"))
    wrong += [
        InvalidField(f"rule.events[{place}]", f"one of {', '.join(EVENTS)}", event)
        for place, event in enumerate(rule.events)
        if event not in EVENTS
    ]
    if rule.active_from and rule.active_until and rule.active_from >= rule.active_until:
        wrong.append(InvalidField("rule.active_until", "a moment after active_from", str(rule.active_until)))
    if not 0 < len(rule.actions) <= MAX_ACTIONS:
        wrong.append(InvalidField("rule.actions", f"1 to {MAX_ACTIONS} actions"))
    actions = []
    for place, use in enumerate(rule.actions[:MAX_ACTIONS]):
        try:
            actions.append(_decider(use, vocabulary.actions, f"rule.actions[{place}]"))
        except InvalidField as mistake:
            wrong.append(mistake)

    def word(name: str) -> Field | None:
        found = vocabulary.find(name)
        return found.field if found is not None else None

    try:
        asks = compile_condition(rule.condition, word)
    except ConditionError as mistake:
        raise InvalidFields([*wrong, InvalidField(f"rule.{mistake.path}", mistake.expected)]) from None
    if wrong:
        raise InvalidFields(wrong)
    return CompiledRule(rule, asks, tuple(actions))


def _decider(use: ActionUse, actions: Mapping[str, Action], path: str) -> Decider:
    action = actions.get(use.kind)
    if action is None:
        raise InvalidField(f"{path}.kind", f"one of {', '.join(sorted(actions))}", use.kind)
    known = [f.name for f in fields(action.Params)]
    for name in use.params:
        if name not in known:
            raise InvalidField(f"{path}.params.{name}", f"one of {', '.join(known)}", name)
    for name in known:
        value = use.params.get(name)
        if not isinstance(value, str):
            raise InvalidField(f"{path}.params.{name}", "a text", "" if value is None else str(value))
    try:
        params = action.Params(**use.params)
    except WrongParam as mistake:
        value = str(use.params.get(mistake.name, ""))
        raise InvalidField(f"{path}.params.{mistake.name}", mistake.expected, value) from None
    return Decider(use.kind, action.decide, params)


def in_order(rules: Sequence[CompiledRule]) -> list[CompiledRule]:
    """By position, then name, then id: the same on every replica."""
    return sorted(rules, key=lambda one: (one.rule.position, one.rule.name, one.rule.rule_id))
