"""Conditions taken apart: as the cases in which they hold, each a list of plain yes-or-no questions."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chassis.conditions import Condition, Field, Kind, Test
from chassis.operators import OPERATORS, Question

# A condition with more cases than these is left alone: no warning is better than a page that never comes.
MOST_CASES = 256
# Operators that deny another one.
_DENIES = {"is_not": "is", "none_of": "any_of", "contains_none": "contains_any", "is_not_set": "is_set"}
_QUESTIONS = {(operator.name, kind): operator for operator in OPERATORS for kind in operator.kinds}

FindField = Callable[[str], "Field | None"]


@dataclass(frozen=True, slots=True)
class Literal:
    """One question about one field and the answer that is wanted. `operator` is never one that denies."""

    field: str
    word: Field
    operator: str
    # Folded where case means nothing, sorted: two ways to write the same are equal.
    values: tuple[str, ...]
    holds: bool
    # Where it stands in the rule.
    path: str

    @property
    def kind(self) -> Kind:
        return self.word.kind

    @property
    def question(self) -> Question:
        return _QUESTIONS[self.operator, self.kind].question(self.field, self.values)

    def same(self, other: Literal) -> bool:
        """The same question, whichever answer is wanted and wherever it stands."""
        return (self.field, self.operator, self.values) == (other.field, other.operator, other.values)


Case = tuple[Literal, ...]


class TooManyCases(Exception):
    """The condition can hold in more ways than are looked at."""


def cases_of(condition: Condition, find: FindField, path: str = "condition") -> list[Case]:
    """The cases in which the condition holds, its disjunctive normal form; none where it never does.

    The condition must have been compiled against the same words. Raises TooManyCases.
    """
    return _cases(condition, find, path, True)


def _cases(condition: Condition, find: FindField, path: str, wanted: bool) -> list[Case]:
    if isinstance(condition, Test):
        return [(_literal(condition, find, f"{path}.test", wanted),)]
    parts = [
        _cases(
            part,
            find,
            f"{path}.{condition.joined}.conditions[{place}]",
            wanted is (condition.joined != "none"),
        )
        for place, part in enumerate(condition.conditions)
    ]
    # De Morgan: what denies "any" wants all denied, and what denies "all" wants any denied.
    together = (condition.joined == "all") is wanted if condition.joined != "none" else wanted
    return _every(parts) if together else _either(parts)


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


def _literal(test: Test, find: FindField, path: str, wanted: bool) -> Literal:
    word = find(test.field)
    if word is None:
        raise ValueError(f"{path}: not compiled with these words")
    operator = _DENIES.get(test.operator, test.operator)
    exact = operator == "matches" or word.kind in (Kind.MOMENT, Kind.NUMBER)
    values = test.values if exact else tuple(value.casefold() for value in test.values)
    return Literal(
        test.field,
        word,
        operator,
        tuple(sorted(set(values))),
        wanted is (test.operator not in _DENIES),
        path,
    )
