"""The ways to say no, by name; each edge turns them into its own answer by a table."""

from collections.abc import Sequence
from datetime import timedelta


class Refused(Exception):
    """The answer is no, and nothing was changed. The text may be shown to whoever asked."""

    __slots__ = ()


class NotFound(Refused):
    """What was named is not there."""

    __slots__ = ()


class Conflict(Refused):
    """The version moved on meanwhile: load, decide again, and only then try again."""

    __slots__ = ()


class AlreadyExists(Refused):
    """The name or key is taken."""

    __slots__ = ()


class FailedPrecondition(Refused):
    """What is asked does not fit the state; the same request may pass once the state has changed."""

    __slots__ = ()


class Unauthenticated(Refused):
    """Nobody known is asking."""

    __slots__ = ()


class PermissionDenied(Refused):
    """Who is asking is known, and may not."""

    __slots__ = ()


class InvalidField(Refused):
    """One field of the request cannot be taken. `expected` says what can; `got` is cut short in the text."""

    __slots__ = ("expected", "field", "got")

    def __init__(self, field: str, expected: str, got: str = "") -> None:
        super().__init__(field, expected, got)
        self.field = field
        self.expected = expected
        self.got = got

    def __str__(self) -> str:
        return f"{self.field}: {self.description}"

    @property
    def description(self) -> str:
        """What is wrong, without the field's name."""
        if not self.got:
            return f"expected {self.expected}"
        shown = self.got if len(self.got) <= 80 else self.got[:79] + "…"
        return f"expected {self.expected}, got {shown!r}"


class InvalidFields(Refused):
    """Several fields cannot be taken; all of them are told at once."""

    __slots__ = ("fields",)

    def __init__(self, fields: Sequence[InvalidField]) -> None:
        super().__init__(fields)
        self.fields = tuple(fields)

    def __str__(self) -> str:
        return "; ".join(str(field) for field in self.fields)


class TooBusy(Refused):
    """More was asked than can be done now; worth asking again after `retry_after`."""

    __slots__ = ("retry_after", "what")

    def __init__(self, retry_after: timedelta, what: str = "too busy") -> None:
        super().__init__(retry_after, what)
        self.retry_after = retry_after
        self.what = what

    def __str__(self) -> str:
        return f"{self.what}; try again in {self.retry_after.total_seconds():g} s"


class Unavailable(Exception):
    """`what` (the database, the broker, a service) is away, and what became of the request is not known.

    Not a `Refused`: no decision was made, so it is never kept as the answer to a command.
    """

    __slots__ = ("what",)

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what

    def __str__(self) -> str:
        return f"{self.what} is away"
