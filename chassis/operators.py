"""The operators of conditions: what each takes, and the question it becomes.

Text is compared folded, without regard to case. A value of a text operator may hold word forms:
`ref{{und||unds||unded}}` stands for three texts. Patterns are RE2's, linear in the text whatever the pattern.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

import re2

Value: TypeAlias = "str | tuple[str, ...] | bool | int | float | datetime | timedelta | None"

MAX_VALUES = 500
MAX_VALUE_CHARACTERS = 2_000
MAX_FORMS = 1_000


class Kind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    LIST = "list"
    FLAG = "flag"
    NUMBER = "number"
    MOMENT = "moment"
    DURATION = "duration"


class Reading:
    """The fields of one thing, read when first asked for; texts are folded once however many tests look at them."""

    __slots__ = ("_changes", "_folded", "_read")

    def __init__(
        self, read: Callable[[str], Value], changes: Mapping[str, tuple[str, str]] | None = None
    ) -> None:
        """`changes` names what has just changed: field to (old, new), lists joined by commas."""
        self._read = read
        self._changes = changes or {}
        self._folded: dict[str, str | tuple[str, ...]] = {}

    def value(self, field: str) -> Value:
        """The field as it is."""
        return self._read(field)

    def text(self, field: str) -> str:
        """The field's text in folded case; empty where it has none."""
        folded = self._folded.get(field)
        if folded is None:
            folded = self._folded[field] = str(self.value(field) or "").casefold()
        return folded  # type: ignore[return-value]

    def texts(self, field: str) -> tuple[str, ...]:
        """The entries of a list in folded case."""
        folded = self._folded.get(field)
        if folded is None:
            entries = self.value(field) or ()
            folded = self._folded[field] = tuple(str(entry).casefold() for entry in entries)  # type: ignore[union-attr]
        return folded  # type: ignore[return-value]

    def change(self, field: str) -> tuple[str, str] | None:
        """What the field was and became, where that is what happened."""
        return self._changes.get(field)

    def forget(self, field: str) -> None:
        """The field is another now."""
        self._folded.pop(field, None)


Question: TypeAlias = Callable[[Reading], bool]


class WrongOperand(ValueError):
    """The values do not fit the operator. `place` is the value's, or -1 for their number."""

    def __init__(self, place: int, expected: str) -> None:
        super().__init__(expected)
        self.place = place
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Operator:
    """One way to ask. `question(field, values)` raises WrongOperand."""

    name: str
    description: str
    kinds: frozenset[Kind]
    fewest: int
    most: int
    question: Callable[[str, Sequence[str]], Question]


def forms(value: str) -> tuple[str, ...]:
    """The texts that a value with word forms stands for, folded. Raises WrongOperand."""
    parts = _FORM.split(value)
    if any("{{" in part or "}}" in part for part in parts[::2]):
        raise WrongOperand(0, "word forms closed as in {{one||other}}")
    choices = [part.split("||") if place % 2 else [part] for place, part in enumerate(parts)]
    count = 1
    for choice in choices:
        count *= len(choice)
    if count > MAX_FORMS:
        raise WrongOperand(0, f"word forms that stand for at most {MAX_FORMS} texts")
    return tuple(dict.fromkeys("".join(chosen).casefold() for chosen in itertools.product(*choices)))


_FORM = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)


def all_forms(values: Sequence[str]) -> tuple[str, ...]:
    """The texts that any of the values stands for. Raises WrongOperand."""
    return tuple(dict.fromkeys(itertools.chain.from_iterable(each_forms(values))))


def each_forms(values: Sequence[str]) -> list[tuple[str, ...]]:
    """The texts that each of the values stands for. Raises WrongOperand."""
    found = []
    for place, value in enumerate(values):
        try:
            found.append(forms(value))
        except WrongOperand as wrong:
            raise WrongOperand(place, wrong.expected) from None
    return found


def pattern(value: str, place: int = 0) -> re2._Regexp[str]:
    """A compiled pattern that knows no case. Raises WrongOperand."""
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    try:
        return re2.compile(value, options)
    except re2.error as error:
        reason = error.args[0] if error.args else b""
        said = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise WrongOperand(place, f"an RE2 pattern ({said})") from None


def flag(value: str, place: int = 0) -> bool:
    """`true` or `false`. Raises WrongOperand."""
    folded = value.casefold()
    if folded not in ("true", "false"):
        raise WrongOperand(place, "true or false")
    return folded == "true"


def number(value: str, place: int = 0) -> float:
    """A finite number. Raises WrongOperand."""
    try:
        found = float(value)
    except ValueError:
        raise WrongOperand(place, "a number") from None
    if found != found or found in (float("inf"), float("-inf")):
        raise WrongOperand(place, "a finite number")
    return found


def moment(value: str, place: int = 0) -> datetime:
    """An aware moment, ISO 8601. Raises WrongOperand."""
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise WrongOperand(place, "a moment such as 2026-03-01T09:00:00Z") from None
    if found.tzinfo is None:
        raise WrongOperand(place, "a moment with its offset, such as 2026-03-01T09:00:00Z")
    return found


def duration(value: str, place: int = 0) -> timedelta:
    """A length of time of at most ten years: 90s, 30m, 24h, 3d, 1w or several of them, 1d12h; a day is 24 hours.
    Raises WrongOperand."""
    found = _DURATION.fullmatch(value.strip().casefold())
    if found is None or not any(found.groups()):
        raise WrongOperand(place, "a length of time such as 90s, 30m, 24h, 3d or 1d12h")
    parts = {unit: int(count) for unit, count in found.groupdict().items() if count}
    # No timedelta holds the most that could be written.
    if any(count > _MOST_OF_A_UNIT for count in parts.values()) or (length := timedelta(**parts)) > _LONGEST:
        raise WrongOperand(place, "at most 3650d")
    return length


_DURATION = re.compile(
    r"(?:(?P<weeks>[0-9]{1,9}) ?w ?)?(?:(?P<days>[0-9]{1,9}) ?d ?)?(?:(?P<hours>[0-9]{1,9}) ?h ?)?"
    r"(?:(?P<minutes>[0-9]{1,9}) ?m(?:in)? ?)?(?:(?P<seconds>[0-9]{1,9}) ?s)?"
)
_LONGEST = timedelta(days=3_650)
_MOST_OF_A_UNIT = 315_360_000


def _is(field: str, values: Sequence[str]) -> Question:
    wanted = frozenset(value.casefold() for value in values)
    if len(wanted) == 1:
        (only,) = wanted
        return lambda reading: reading.text(field) == only
    return lambda reading: reading.text(field) in wanted


def _contains(field: str, values: Sequence[str]) -> Question:
    wanted = each_forms(values)
    if len(wanted) == 1 and len(wanted[0]) == 1:
        only = wanted[0][0]
        return lambda reading: only in reading.text(field)
    return lambda reading: all(any(text in reading.text(field) for text in texts) for texts in wanted)


def _contains_any(field: str, values: Sequence[str]) -> Question:
    wanted = all_forms(values)

    def asks(reading: Reading) -> bool:
        text = reading.text(field)
        for one in wanted:  # noqa: SIM110 - a generator costs as much again as the tests themselves
            if one in text:
                return True
        return False

    return asks


def _starts_with(field: str, values: Sequence[str]) -> Question:
    wanted = all_forms(values)
    return lambda reading: reading.text(field).startswith(wanted)


def _ends_with(field: str, values: Sequence[str]) -> Question:
    wanted = all_forms(values)
    return lambda reading: reading.text(field).endswith(wanted)


def _matches(field: str, values: Sequence[str]) -> Question:
    patterns = [pattern(value, place) for place, value in enumerate(values)]

    def asks(reading: Reading) -> bool:
        value = reading.value(field)
        texts = value if isinstance(value, tuple) else (str(value or ""),)
        return any(one.search(text) is not None for one in patterns for text in texts)

    return asks


def _has_all(field: str, values: Sequence[str]) -> Question:
    wanted = tuple(value.casefold() for value in values)
    return lambda reading: all(one in reading.texts(field) for one in wanted)


def _has_any(field: str, values: Sequence[str]) -> Question:
    wanted = frozenset(value.casefold() for value in values)
    return lambda reading: not wanted.isdisjoint(reading.texts(field))


def _subtree(field: str, values: Sequence[str]) -> Question:
    roots = tuple(value.casefold().removesuffix("/*").rstrip("/") for value in values)
    below = tuple(f"{root}/" for root in roots)
    return lambda reading: any(one in roots or one.startswith(below) for one in reading.texts(field))


def _is_set(field: str, values: Sequence[str]) -> Question:
    return lambda reading: reading.value(field) not in (None, "", ())


def _flag_is(field: str, values: Sequence[str]) -> Question:
    wanted = flag(values[0])
    return lambda reading: bool(reading.value(field)) is wanted


def _number_is(field: str, values: Sequence[str]) -> Question:
    wanted = frozenset(number(value, place) for place, value in enumerate(values))
    return lambda reading: reading.value(field) in wanted


def _greater(field: str, values: Sequence[str]) -> Question:
    least = number(values[0])

    def asks(reading: Reading) -> bool:
        value = reading.value(field)
        return isinstance(value, int | float) and value > least

    return asks


def _less(field: str, values: Sequence[str]) -> Question:
    most = number(values[0])

    def asks(reading: Reading) -> bool:
        value = reading.value(field)
        return isinstance(value, int | float) and value < most

    return asks


def _before(field: str, values: Sequence[str]) -> Question:
    end = moment(values[0])

    def asks(reading: Reading) -> bool:
        value = reading.value(field)
        return isinstance(value, datetime) and value < end

    return asks


def _after(field: str, values: Sequence[str]) -> Question:
    start = moment(values[0])

    def asks(reading: Reading) -> bool:
        value = reading.value(field)
        return isinstance(value, datetime) and value > start

    return asks


def _changed(field: str, values: Sequence[str]) -> Question:
    return lambda reading: reading.change(field) is not None


def _changed_from(field: str, values: Sequence[str]) -> Question:
    wanted = frozenset(value.casefold() for value in values)

    def asks(reading: Reading) -> bool:
        change = reading.change(field)
        return change is not None and change[0].casefold() in wanted

    return asks


def _changed_to(field: str, values: Sequence[str]) -> Question:
    wanted = frozenset(value.casefold() for value in values)

    def asks(reading: Reading) -> bool:
        change = reading.change(field)
        return change is not None and change[1].casefold() in wanted

    return asks


def _within(field: str, values: Sequence[str]) -> Question:
    longest = duration(values[0])

    def asks(reading: Reading) -> bool:
        value = reading.value(field)
        return isinstance(value, timedelta) and value <= longest

    return asks


def _older_than(field: str, values: Sequence[str]) -> Question:
    shortest = duration(values[0])

    def asks(reading: Reading) -> bool:
        value = reading.value(field)
        return isinstance(value, timedelta) and value > shortest

    return asks


_Make: TypeAlias = Callable[[str, Sequence[str]], Question]


def _not(make: _Make) -> _Make:
    def made(field: str, values: Sequence[str]) -> Question:
        asks = make(field, values)
        return lambda reading: not asks(reading)

    return made


_TEXT, _LIST = frozenset({Kind.TEXT}), frozenset({Kind.LIST})
_FLAG, _NUMBER, _MOMENT = frozenset({Kind.FLAG}), frozenset({Kind.NUMBER}), frozenset({Kind.MOMENT})
_DURATION_KIND = frozenset({Kind.DURATION})
_ANY = frozenset(Kind)

# An operator may be asked in several ways, by the kind of its field; the first row of a name describes it.
OPERATORS: tuple[Operator, ...] = (
    Operator("is", "The field is exactly the value.", _TEXT, 1, 1, _is),
    Operator("is", "The field is exactly the value.", _FLAG, 1, 1, _flag_is),
    Operator("is", "The field is exactly the value.", _NUMBER, 1, 1, _number_is),
    Operator("is_not", "The field is not the value.", _TEXT, 1, 1, _not(_is)),
    Operator("is_not", "The field is not the value.", _FLAG, 1, 1, _not(_flag_is)),
    Operator("is_not", "The field is not the value.", _NUMBER, 1, 1, _not(_number_is)),
    Operator("any_of", "The field is one of the values.", _TEXT, 1, MAX_VALUES, _is),
    Operator("any_of", "The field is one of the values.", _NUMBER, 1, MAX_VALUES, _number_is),
    Operator("any_of", "The list holds one of the values.", _LIST, 1, MAX_VALUES, _has_any),
    Operator("none_of", "The field is none of the values.", _TEXT, 1, MAX_VALUES, _not(_is)),
    Operator("none_of", "The field is none of the values.", _NUMBER, 1, MAX_VALUES, _not(_number_is)),
    Operator("none_of", "The list holds none of the values.", _LIST, 1, MAX_VALUES, _not(_has_any)),
    Operator(
        "contains", "Every value is found in the text, or in the list.", _TEXT, 1, MAX_VALUES, _contains
    ),
    Operator("contains", "Every value is in the list.", _LIST, 1, MAX_VALUES, _has_all),
    Operator("contains_any", "At least one value is found in it.", _TEXT, 1, MAX_VALUES, _contains_any),
    Operator("contains_any", "At least one value is in the list.", _LIST, 1, MAX_VALUES, _has_any),
    Operator("contains_none", "No value is found in it.", _TEXT, 1, MAX_VALUES, _not(_contains_any)),
    Operator("contains_none", "No value is in the list.", _LIST, 1, MAX_VALUES, _not(_has_any)),
    Operator("starts_with", "The text begins with one of the values.", _TEXT, 1, MAX_VALUES, _starts_with),
    Operator("ends_with", "The text ends with one of the values.", _TEXT, 1, MAX_VALUES, _ends_with),
    Operator("matches", "One of the RE2 patterns is found in it.", _TEXT | _LIST, 1, 20, _matches),
    Operator("subtree", "The list holds a value or something below it.", _LIST, 1, MAX_VALUES, _subtree),
    Operator("greater", "The number is greater than the value.", _NUMBER, 1, 1, _greater),
    Operator("less", "The number is less than the value.", _NUMBER, 1, 1, _less),
    Operator("before", "The moment lies before the value.", _MOMENT, 1, 1, _before),
    Operator("after", "The moment lies after the value.", _MOMENT, 1, 1, _after),
    Operator("within", "No more time than the value has gone by.", _DURATION_KIND, 1, 1, _within),
    Operator("older_than", "More time than the value has gone by.", _DURATION_KIND, 1, 1, _older_than),
    Operator("is_set", "The field has a value.", _ANY, 0, 0, _is_set),
    Operator("is_not_set", "The field has no value.", _ANY, 0, 0, _not(_is_set)),
    Operator("changed", "The event changed the field.", _ANY, 0, 0, _changed),
    Operator(
        "changed_from", "The event changed it from one of the values.", _ANY, 1, MAX_VALUES, _changed_from
    ),
    Operator("changed_to", "The event changed it to one of the values.", _ANY, 1, MAX_VALUES, _changed_to),
)
