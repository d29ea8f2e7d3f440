"""What the use cases need of the outside. It was read for the whole batch; what is kept is written at its end."""

from datetime import datetime
from typing import Protocol

from chassis.businesstime import CalendarNews, SavedCalendars
from services.rules.domain.heard import Heard, Ticket
from services.rules.domain.rule import CompiledRule, Rule
from services.rules.domain.rule_set import RuleSet
from services.rules.domain.run import Memory, Verdict


class Memories(Protocol):
    """What the rules did before. What was noted earlier in the batch is seen."""

    def of(self, heard: Heard) -> Memory:
        """What the past forbids for this event."""
        ...

    def note(self, heard: Heard, verdict: Verdict) -> None:
        """These rules ran; these answered."""
        ...


class Tickets(Protocol):
    """Tickets as they are by now, of events that do not bring theirs."""

    def get(self, ticket_id: str) -> Ticket | None: ...


class Calendars(Protocol):
    """Open hours, as they were saved elsewhere."""

    def newest(self) -> SavedCalendars:
        """Every version that is kept; the same for the whole batch."""
        ...

    def keep(self, news: CalendarNews) -> None: ...


class Rules(Protocol):
    """The rules by id, the newest version of each."""

    def newest(self) -> RuleSet: ...

    def rule(self, rule_id: str) -> Rule | None: ...

    def count(self) -> int: ...

    def save(self, rule: CompiledRule) -> None:
        """Add a version; every replica uses it from its next batch on."""
        ...

    def delete(self, rule_id: str, at: datetime, by: str) -> None:
        """End the newest version; nobody follows it."""
        ...


class Ports(Protocol):
    """Everything a use case may reach."""

    @property
    def now(self) -> datetime: ...

    @property
    def rules(self) -> Rules: ...

    @property
    def calendars(self) -> Calendars: ...

    @property
    def tickets(self) -> Tickets: ...

    @property
    def memories(self) -> Memories: ...

    def conclude(self, heard: Heard, verdict: Verdict) -> None:
        """Send what was decided, keep the explanation, say what was applied."""
        ...

    def new_id(self) -> str: ...
