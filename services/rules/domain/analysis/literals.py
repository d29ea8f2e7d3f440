"""Conditions taken apart: as the cases in which they hold, each a list of plain yes-or-no questions."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from chassis.conditions import Condition, Field, Kind, Test
from chassis.operators import OPERATORS, Question

# A condition with more cases than these is left alone: no warning is better than a page that never comes.
MOST_CASES = 256
# Operators that deny another one.
_DENIES = {"is_not": "is", "none_of": "any_of", "contains_none": "contains_any", "is_not_set": "is_set"}
_OF_CHANGES = frozenset({"changed", "changed_from", "changed_to"})
_QUESTIONS = {(operator.name, kind): operator for operator in OPERATORS for kind in operator.kinds}

FindField = Callable[[str], "Field | None"]


# Equal ones are one and the same object: they are looked up millions of times.
@dataclass(frozen=True, slots=True, eq=False)
class Literal:
    """One question about one field and the answer that is wanted. `operator` is never one that denies."""

    field: str
    word: Field
    operator: str
    # Folded where case means nothing, sorted: two ways to write the same are equal.
    values: tuple[str, ...]
    holds: bool
    question: Question

    @property
    def kind(self) -> Kind:
        return self.word.kind

    @property
    def asks_of_change(self) -> bool:
        """It is about what the event changed, and not about how the field is."""
        return self.operator in _OF_CHANGES


@lru_cache(maxsize=100_000)
def literal(name: str, word: Field, operator: str, *values: str, holds: bool = True) -> Literal:
    """A question with the answer that is wanted; `values` are folded already."""
    return Literal(
        name, word, operator, values, holds, _QUESTIONS[operator, word.kind].question(name, values)
    )


Case = tuple[Literal, ...]


class TooManyCases(Exception):
    """The condition can hold in more ways than are looked at."""


def cases_of(condition: Condition, find: FindField) -> list[Case]:
    """The cases in which the condition holds, its disjunctive normal form; none where it never does.

    The condition must have been compiled against the same words. Raises TooManyCases.
    """
    return _cases(condition, find, True)


def _cases(condition: Condition, find: FindField, wanted: bool) -> list[Case]:
    if isinstance(condition, Test):
        return [(_literal(condition, find, wanted),)]
    wanted = wanted is (condition.joined != "none")
    parts = [_cases(part, find, wanted) for part in condition.conditions]
    # De Morgan: what denies "any" or is "none" wants every part denied, and what denies "all" wants any denied.
    return _every(parts) if (condition.joined == "all") is wanted else _either(parts)


def _either(parts: Sequence[list[Case]]) -> list[Case]:
    return _few([case for part in parts for case in part])


def _every(parts: Sequence[list[Case]]) -> list[Case]:
    found: list[Case] = [()]
    for part in parts:
        found = _few([(*one, *other) for one, other in itertools.product(found, part)])
    return found


def _few(cases: list[Case]) -> list[Case]:
    if len(cases) > MOST_CASES:
        raise TooManyCases
    return cases


def _literal(test: Test, find: FindField, wanted: bool) -> Literal:
    word = find(test.field)
    if word is None:
        raise ValueError(f"{test.field}: not compiled with these words")
    operator = _DENIES.get(test.operator, test.operator)
    exact = operator == "matches" or word.kind in (Kind.MOMENT, Kind.NUMBER, Kind.DURATION)
    values = test.values if exact else tuple(value.casefold() for value in test.values)
    wanted = wanted is (test.operator not in _DENIES)
    return literal(test.field, word, operator, *sorted(set(values)), holds=wanted)
