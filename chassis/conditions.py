"""Conditions: tests of named fields, joined by all, any and none. Rules, SLA policies and views ask with them.

A condition is compiled once against a vocabulary, which finds every mistake by its path, and then asked as often as
one likes. `holds` stops at the first test that decides; `trace` asks every test and tells what it saw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from chassis.operators import (
    MAX_VALUE_CHARACTERS,
    OPERATORS,
    Kind,
    Operator,
    Question,
    Reading,
    Value,
    WrongOperand,
    all_forms,
)

__all__ = [
    "ALWAYS",
    "Compiled",
    "Condition",
    "ConditionError",
    "Field",
    "Group",
    "Kind",
    "Need",
    "Reading",
    "Test",
    "TestTrace",
    "Value",
    "compile_condition",
]

MAX_DEPTH = 10
MAX_TESTS = 500
# What a trace shows of a text.
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Test:
    """One question about one field."""

    # pytest would take a class of this name for its own.
    __test__ = False

    field: str
    operator: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Holds when all, any or none of its conditions do; an empty `all` or `none` always does, an empty `any` never."""

    joined: Literal["all", "any", "none"]
    conditions: tuple[Condition, ...] = ()


Condition: TypeAlias = Test | Group
ALWAYS = Group("all")


@dataclass(frozen=True, slots=True)
class Field:
    """A word of the vocabulary. `choices` are all the values that the field can have, where they are known."""

    kind: Kind
    choices: tuple[str, ...] = ()


class ConditionError(ValueError):
    """One mistake: `path` leads to it (`all.conditions[1].test.operator`), `expected` is what would do."""

    def __init__(self, path: str, expected: str) -> None:
        super().__init__(f"{path}: {expected}")
        self.path = path
        self.expected = expected


@dataclass(frozen=True, slots=True)
class TestTrace:
    """What one test saw."""

    __test__ = False

    field: str
    operator: str
    expected: tuple[str, ...]
    actual: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Need:
    """Something without which a condition cannot hold, in folded case: the field is one of the values (`is`), the list
    holds one of them (`has`), or the text contains one of them (`contains`)."""

    field: str
    how: Literal["is", "has", "contains"]
    values: frozenset[str]


class Compiled:
    """A condition ready to be asked."""

    __slots__ = ("_leaves", "condition", "holds", "needs")

    def __init__(
        self,
        condition: Condition,
        holds: Question,
        leaves: Sequence[tuple[Test, Question]],
        needs: tuple[Need, ...],
    ) -> None:
        self.condition = condition
        self.holds = holds
        self.needs = needs
        self._leaves = tuple(leaves)

    def trace(self, reading: Reading) -> list[TestTrace]:
        """Every test in the order written, with what it saw, whether or not it decided anything."""
        return [
            TestTrace(test.field, test.operator, test.values, shown(_seen(test, reading)), asks(reading))
            for test, asks in self._leaves
        ]

    @property
    def fields(self) -> frozenset[str]:
        """The fields that any test looks at."""
        return frozenset(test.field for test, _ in self._leaves)


def compile_condition(
    condition: Condition,
    vocabulary: Callable[[str], Field | None] | Mapping[str, Field],
    path: str = "condition",
) -> Compiled:
    """Make a condition askable. Raises ConditionError for the first mistake, by its path.

    `vocabulary` answers a field's word, None where there is no such field.
    """
    look_up = vocabulary.get if isinstance(vocabulary, Mapping) else vocabulary
    leaves: list[tuple[Test, Question]] = []
    holds = _compile(condition, look_up, path, 0, leaves)
    return Compiled(condition, holds, leaves, tuple(_needs(condition, look_up)))


def shown(value: Value) -> str:
    """A value as a person reads it, cut short."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        text = ", ".join(value)
    elif isinstance(value, datetime):
        text = value.isoformat()
    elif isinstance(value, timedelta):
        text = _length(value)
    elif isinstance(value, float):
        text = f"{value:g}"
    else:
        text = str(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _length(value: timedelta) -> str:
    minutes, seconds = divmod(int(value.total_seconds()), 60)
    parts = zip((minutes // 60, minutes % 60, seconds), "hms", strict=True)
    # In hours, not in days: a day of business time is a matter of taste.
    return " ".join(f"{count}{unit}" for count, unit in parts if count) or "0s"


_LookUp: TypeAlias = Callable[[str], "Field | None"]


def _compile(
    condition: Condition, look_up: _LookUp, path: str, depth: int, leaves: list[tuple[Test, Question]]
) -> Question:
    if isinstance(condition, Test):
        if len(leaves) >= MAX_TESTS:
            raise ConditionError(path, f"at most {MAX_TESTS} tests")
        asks = _compile_test(condition, look_up, f"{path}.test")
        leaves.append((condition, asks))
        return asks
    if depth >= MAX_DEPTH:
        raise ConditionError(path, f"at most {MAX_DEPTH} groups within each other")
    parts = tuple(
        _compile(part, look_up, f"{path}.{condition.joined}.conditions[{place}]", depth + 1, leaves)
        for place, part in enumerate(condition.conditions)
    )
    return _join(condition.joined, parts)


def _join(joined: str, parts: tuple[Question, ...]) -> Question:
    if len(parts) == 1 and joined != "none":
        return parts[0]
    if joined == "all":

        def all_hold(reading: Reading) -> bool:
            for asks in parts:  # noqa: SIM110 - a generator costs as much again as the tests themselves
                if not asks(reading):
                    return False
            return True

        return all_hold

    def any_holds(reading: Reading) -> bool:
        for asks in parts:  # noqa: SIM110 - likewise
            if asks(reading):
                return True
        return False

    if joined == "any":
        return any_holds
    return lambda reading: not any_holds(reading)


def _compile_test(test: Test, look_up: _LookUp, path: str) -> Question:
    word = look_up(test.field)
    if word is None:
        raise ConditionError(f"{path}.field", f"a known field, not {test.field[:80]!r}")
    operator = _operator(test, word, path)
    if not operator.fewest <= len(test.values) <= operator.most:
        raise ConditionError(f"{path}.values", _number_expected(operator))
    for place, value in enumerate(test.values):
        if len(value) > MAX_VALUE_CHARACTERS:
            raise ConditionError(f"{path}.values[{place}]", f"at most {MAX_VALUE_CHARACTERS} characters")
        if not value and operator.name not in (
            "is",
            "is_not",
            "any_of",
            "none_of",
            "changed_from",
            "changed_to",
        ):
            raise ConditionError(f"{path}.values[{place}]", "a value that is not empty")
        if word.choices and value and operator.name in _CHOOSING and value.casefold() not in word.choices:
            raise ConditionError(f"{path}.values[{place}]", f"one of {', '.join(word.choices)}")
    try:
        return operator.question(test.field, test.values)
    except WrongOperand as wrong:
        raise ConditionError(f"{path}.values[{max(wrong.place, 0)}]", wrong.expected) from None


# Operators whose values are whole values of the field.
_CHOOSING = frozenset({"is", "is_not", "any_of", "none_of", "changed_from", "changed_to"})


def _operator(test: Test, word: Field, path: str) -> Operator:
    fitting = [operator for operator in OPERATORS if word.kind in operator.kinds]
    for operator in fitting:
        if operator.name == test.operator:
            return operator
    names = ", ".join(operator.name for operator in fitting)
    raise ConditionError(f"{path}.operator", f"for {test.field}, which is a {word.kind}, one of {names}")


def _number_expected(operator: Operator) -> str:
    if operator.most == 0:
        return f"no values: {operator.name} takes none"
    if operator.most == 1:
        return f"one value: {operator.name} takes just one"
    return f"{operator.fewest} to {operator.most} values"


def _seen(test: Test, reading: Reading) -> Value:
    if test.operator.startswith("changed"):
        change = reading.change(test.field)
        return "" if change is None else f"{change[0]} -> {change[1]}"
    return reading.value(test.field)


def _needs(condition: Condition, look_up: _LookUp) -> Iterator[Need]:
    if isinstance(condition, Test):
        need = _need_of(condition, look_up)
        if need is not None:
            yield need
    elif condition.joined == "all":
        for part in condition.conditions:
            yield from _needs(part, look_up)
    elif condition.joined == "any" and condition.conditions:
        # One of them must hold: a field that each of them needs in the same way is needed by the whole.
        parts = [
            {(need.field, need.how): need for need in _needs(part, look_up)} for part in condition.conditions
        ]
        for key, need in parts[0].items():
            if all(key in part for part in parts):
                values = frozenset().union(*(part[key].values for part in parts))
                yield Need(need.field, need.how, values)


def _need_of(test: Test, look_up: _LookUp) -> Need | None:
    word = look_up(test.field)
    kind = word.kind if word else None
    if kind is Kind.TEXT:
        if test.operator in ("is", "any_of"):
            return Need(test.field, "is", frozenset(value.casefold() for value in test.values))
        if test.operator in ("contains_any", "starts_with", "ends_with"):
            return Need(test.field, "contains", frozenset(all_forms(test.values)))
        if test.operator == "contains":
            # Each value must be found; the one with the longest texts tells most.
            longest = max(
                (all_forms([value]) for value in test.values), key=lambda texts: min(map(len, texts))
            )
            return Need(test.field, "contains", frozenset(longest))
    if kind is Kind.LIST:
        if test.operator in ("any_of", "contains_any"):
            return Need(test.field, "has", frozenset(value.casefold() for value in test.values))
        if test.operator == "contains":
            return Need(test.field, "has", frozenset({test.values[0].casefold()}))
    return None
