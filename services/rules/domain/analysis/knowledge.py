"""What a case says of one field: which values are left to it, and what follows from that.

Everything here errs to one side: "impossible" and "implied" are said only where they are certain. A text that must
contain two words may contain anything else, so most questions about it stay open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import EllipsisType

from chassis.conditions import Kind, Reading, Value
from chassis.operators import all_forms, duration, each_forms, moment, number
from services.rules.domain.analysis.literals import Case, Literal, literal

# What holds of a text holds of every text around it, and what holds of a list of every list with more in it.
_GROWS = frozenset({"contains", "contains_any", "is_set"})
_GROWS_IN_LISTS = _GROWS | {"any_of", "subtree", "matches"}


class Knowledge:
    """The literals of one field in one case."""

    def __init__(self, literals: Sequence[Literal], fixed: Value | EllipsisType = ...) -> None:
        """`fixed` is the value where the event leaves no choice."""
        self._about_value = [one for one in literals if not one.asks_of_change]
        self._about_change = [one for one in literals if one.asks_of_change]
        self._left = self._values_left(fixed)
        # Of each group one is in the field, whatever else is.
        self._pieces = [group for one in self._about_value if one.holds for group in _pieces(one)]

    def is_possible(self) -> bool:
        if self._left is not None and not self._left:
            return False
        if self._left is None and any(
            not one.holds and _grows(one) and self._always(one) for one in self._about_value
        ):
            return False
        return _bounds_are_open(self._about_value) and _change_is_possible(self._about_change)

    def implies(self, asked: Literal) -> bool:
        """The case certainly gives the question the answer that it wants."""
        if asked.asks_of_change:
            return any(_change_implies(one, asked) for one in self._about_change)
        if self._left:
            return all(_answer(asked, value) is asked.holds for value in self._left)
        if asked in self._about_value:
            return True
        if asked.holds:
            return (_grows(asked) and self._always(asked)) or any(
                _bound_implies(one, asked) for one in self._about_value if one.holds
            )
        # Who denies the wider denies the narrower.
        return any(
            not one.holds and Knowledge([_wanted(asked)]).implies(_wanted(one)) for one in self._about_value
        )

    def _always(self, asked: Literal) -> bool:
        """Whatever the field holds beside what it must, the answer is yes."""
        return any(all(_answer(asked, piece) for piece in group) for group in self._pieces)

    def _values_left(self, fixed: Value | EllipsisType) -> list[Value] | None:
        """All values that the field can have; None where they cannot be counted."""
        candidates = [fixed] if not isinstance(fixed, EllipsisType) else _countable(self._about_value)
        if candidates is None:
            return None
        return [
            value
            for value in candidates
            if all(_answer(one, value) is one.holds for one in self._about_value)
        ]


class Facts:
    """All that a case says, at an event that leaves the `fixed` fields no choice. What was asked once is remembered."""

    def __init__(self, case: Case, fixed: Mapping[str, Value]) -> None:
        self.case = case
        self.fixed = fixed
        by_field: dict[str, list[Literal]] = {}
        for one in case:
            by_field.setdefault(one.field, []).append(one)
        self._of = {
            name: Knowledge(by_field.get(name, ()), fixed.get(name, ...)) for name in {*by_field, *fixed}
        }
        self._implied: dict[Literal, bool] = {}

    def is_possible(self) -> bool:
        """Something could meet every question of the case."""
        return all(known.is_possible() for known in self._of.values())

    def implies(self, *asked: Literal) -> bool:
        """What meets the case gives each of these questions the answer that it wants, for certain."""
        # Nothing follows for a field of which nothing is said.
        return all(one.field in self._of for one in asked) and all(map(self._implies, asked))

    def _implies(self, asked: Literal) -> bool:
        known = self._implied.get(asked)
        if known is None:
            known = self._implied[asked] = self._of[asked.field].implies(asked)
        return known


def _countable(literals: Iterable[Literal]) -> list[Value] | None:
    for one in literals:
        if one.holds and one.kind is Kind.TEXT and one.operator in ("is", "any_of"):
            return list(one.values)
        if one.holds and one.kind is Kind.NUMBER and one.operator in ("is", "any_of"):
            return [number(value) for value in one.values]
        if not one.holds and one.operator == "is_set":
            return [() if one.kind is Kind.LIST else None]
        if one.kind is Kind.FLAG:
            return [True, False]
        if one.word.choices:
            # Empty where there is nothing to speak of: no message, no visibility.
            return [*one.word.choices, ""]
    return None


def _answer(asked: Literal, value: Value) -> bool:
    return asked.question(Reading(lambda _: value))


def _wanted(one: Literal) -> Literal:
    """The same question, wanted."""
    return literal(one.field, one.word, one.operator, *one.values)


def _grows(one: Literal) -> bool:
    if one.kind is Kind.TEXT:
        return one.operator in _GROWS
    return one.kind is Kind.LIST and one.operator in _GROWS_IN_LISTS


def _pieces(one: Literal) -> list[list[Value]]:
    """Groups of texts or of lists: of each group one is in the field for certain."""
    if one.kind is Kind.TEXT:
        if one.operator in ("contains_any", "starts_with", "ends_with"):
            return [list(all_forms(one.values))]
        if one.operator == "contains":
            return [list(texts) for texts in each_forms(one.values)]
    if one.kind is Kind.LIST:
        if one.operator == "contains":
            return [[one.values]]
        if one.operator in ("any_of", "contains_any"):
            return [[(value,) for value in one.values]]
    return []


def _limits(one: Literal) -> tuple[float | None, float | None]:
    if one.kind is Kind.NUMBER and one.operator in ("greater", "less"):
        at = number(one.values[0])
    elif one.kind is Kind.MOMENT and one.operator in ("after", "before"):
        at = moment(one.values[0]).timestamp()
    elif one.kind is Kind.DURATION and one.operator in ("older_than", "within"):
        at = duration(one.values[0]).total_seconds()
    else:
        return None, None
    return (at, None) if one.operator in ("greater", "after", "older_than") else (None, at)


def _bounds_are_open(literals: Iterable[Literal]) -> bool:
    wanted = [_limits(one) for one in literals if one.holds]
    above = max((low for low, _ in wanted if low is not None), default=float("-inf"))
    below = min((high for _, high in wanted if high is not None), default=float("inf"))
    return above < below


def _bound_implies(one: Literal, asked: Literal) -> bool:
    (low, high), (least, most) = _limits(one), _limits(asked)
    if low is not None and least is not None:
        return low >= least
    return high is not None and most is not None and high <= most


def _change_is_possible(literals: Iterable[Literal]) -> bool:
    literals = list(literals)
    wanted = [one for one in literals if one.holds]
    for side in ("changed_from", "changed_to"):
        sets = [set(one.values) for one in wanted if one.operator == side]
        denied = {value for one in literals if not one.holds and one.operator == side for value in one.values}
        if sets and not set.intersection(*sets) - denied:
            return False
    return not wanted or all(one.holds or one.operator != "changed" for one in literals)


def _change_implies(one: Literal, asked: Literal) -> bool:
    if one.holds and asked.holds:
        return asked.operator == "changed" or (
            one.operator == asked.operator and set(one.values) <= set(asked.values)
        )
    if not one.holds and not asked.holds:
        return one.operator == "changed" or (
            one.operator == asked.operator and set(asked.values) <= set(one.values)
        )
    return False
