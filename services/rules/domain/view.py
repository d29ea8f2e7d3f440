"""What conditions look at: the fact, and the ticket as the rules before have left it."""

from collections.abc import Callable

from chassis.conditions import Reading, Value
from services.rules.domain.heard import Heard, Step, Ticket, after, changed_field

# How a field is read, by its whole name.
Read = Callable[["View"], Value]
# Fields that the steps of a rule can change; what rests on others holds for a whole event.
_CHANGEABLE = frozenset({"status", "priority", "group", "agent", "tags", "sla_policy"})


def is_steady(field: str) -> bool:
    """No rule can change the field."""
    return field not in _CHANGEABLE and not field.startswith("fields.")


class View(Reading):
    """One event while rules are run on it."""

    __slots__ = ("_find", "heard", "ticket")

    def __init__(self, heard: Heard, find: Callable[[str], Read | None]) -> None:
        """`find` answers how a field is read."""
        super().__init__(_nothing, heard.changes)
        self._find = find
        self.heard = heard
        self.ticket: Ticket = heard.ticket

    def value(self, field: str) -> Value:
        # Not by a function given to the reading: it would hold the view that holds it, two for every event.
        how = self._find(field)
        return how(self) if how is not None else None

    def apply(self, step: Step) -> None:
        """Do to the ticket what was decided; later rules see it."""
        self.ticket = after(self.ticket, step)
        if field := changed_field(step):
            self.forget(field)


def _nothing(field: str) -> Value:
    return None
