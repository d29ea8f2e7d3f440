"""What the use cases need of the outside. It was read for the whole batch; what is kept is written at its end."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from services.sla.domain.events import CalendarChanged, TimerFired
from services.sla.domain.policy import NamedCalendar, Policy
from services.sla.domain.record import ClockRecord
from services.sla.domain.timer import Timer


class Clocks(Protocol):
    """The clocks of tickets. What was changed earlier in the batch is seen."""

    def get(self, ticket_id: str) -> ClockRecord | None:
        """The ticket's clock; to be kept after a change."""
        ...

    def keep(self, record: ClockRecord) -> None:
        """At the end of the batch it is settled, once however often it was kept, and written."""
        ...


class Timers(Protocol):
    """Timers that others set. What was changed earlier in the batch is seen."""

    def get(self, timer_id: str) -> Timer | None: ...

    def keep(self, timer: Timer) -> None:
        """At the end of the batch it is written."""
        ...

    def say(self, fact: TimerFired) -> None:
        """Publish it with what is kept."""
        ...


class Saved(Protocol):
    """Policies and calendars by id, the newest version of each."""

    def policy(self, policy_id: str) -> Policy | None: ...

    def newest(self) -> Iterable[Policy]:
        """Of each policy the newest version."""
        ...

    def calendar(self, calendar_id: str) -> NamedCalendar | None: ...

    def calendar_ids(self) -> frozenset[str]: ...

    def newest_calendars(self) -> Iterable[NamedCalendar]:
        """Of each calendar the newest version."""
        ...

    def versions(self, calendar_id: str) -> Sequence[NamedCalendar]:
        """All of a calendar, the newest last; none of one that is not known."""
        ...


class Policies(Saved, Protocol):
    """Those, and those that this batch saves."""

    def save_policy(self, policy: Policy) -> None:
        """Add a version; every replica uses it from its next batch on."""
        ...

    def save_calendar(self, calendar: NamedCalendar) -> None: ...

    def say(self, fact: CalendarChanged) -> None:
        """Publish it with what is saved."""
        ...


class Ports(Protocol):
    """Everything a use case may reach."""

    @property
    def now(self) -> datetime: ...

    @property
    def clocks(self) -> Clocks: ...

    @property
    def timers(self) -> Timers: ...

    @property
    def policies(self) -> Policies: ...

    def new_id(self) -> str: ...
