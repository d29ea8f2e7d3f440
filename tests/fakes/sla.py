"""The sla service's outside, in memory."""

from collections.abc import Sequence
from datetime import datetime
from itertools import count
from typing import Any

from services.sla.application import HANDLERS
from services.sla.domain.book import Book
from services.sla.domain.events import CalendarChanged, Fact, TimerFired
from services.sla.domain.policy import NamedCalendar, Policy
from services.sla.domain.record import ClockRecord
from services.sla.domain.timer import Timer


class MemoryClocks:
    """Keeps clocks; says which were kept since they were last asked for."""

    def __init__(self) -> None:
        self.rows: dict[str, ClockRecord] = {}
        self.kept: dict[str, ClockRecord] = {}

    def get(self, ticket_id: str) -> ClockRecord | None:
        return self.rows.get(ticket_id)

    def keep(self, record: ClockRecord) -> None:
        ticket_id = record.history.snapshot.ticket_id
        self.rows[ticket_id] = self.kept[ticket_id] = record


class MemoryPolicies:
    """Keeps every version."""

    def __init__(self, policies: Sequence[Policy] = (), calendars: Sequence[NamedCalendar] = ()) -> None:
        self.policies = list(policies)
        self.calendars = list(calendars)
        self.said: list[CalendarChanged] = []

    @property
    def book(self) -> Book:
        return Book(self.policies, self.calendars)

    def policy(self, policy_id: str) -> Policy | None:
        return next((policy for policy in reversed(self.policies) if policy.policy_id == policy_id), None)

    def newest(self) -> list[Policy]:
        return list({policy.policy_id: policy for policy in self.policies}.values())

    def calendar(self, calendar_id: str) -> NamedCalendar | None:
        return next((one for one in reversed(self.calendars) if one.calendar_id == calendar_id), None)

    def calendar_ids(self) -> frozenset[str]:
        return frozenset(calendar.calendar_id for calendar in self.calendars)

    def newest_calendars(self) -> list[NamedCalendar]:
        return list({one.calendar_id: one for one in self.calendars}.values())

    def versions(self, calendar_id: str) -> list[NamedCalendar]:
        return [one for one in self.calendars if one.calendar_id == calendar_id]

    def say(self, fact: CalendarChanged) -> None:
        self.said.append(fact)

    def save_policy(self, policy: Policy) -> None:
        self.policies.append(policy)

    def save_calendar(self, calendar: NamedCalendar) -> None:
        self.calendars.append(calendar)


class MemoryTimers:
    """Keeps timers, and what they said."""

    def __init__(self) -> None:
        self.rows: dict[str, Timer] = {}
        self.fired: list[TimerFired] = []

    def get(self, timer_id: str) -> Timer | None:
        return self.rows.get(timer_id)

    def keep(self, timer: Timer) -> None:
        self.rows[timer.name.timer_id] = timer

    def say(self, fact: TimerFired) -> None:
        self.fired.append(fact)


class MemorySla:
    """Ports that run a command at once, each as a batch of its own."""

    def __init__(self, now: datetime, policies: MemoryPolicies | None = None) -> None:
        self.now = now
        self.clocks = MemoryClocks()
        self.timers = MemoryTimers()
        self.policies = policies or MemoryPolicies()
        self.said: list[Fact] = []
        self._ids = count(1)

    def new_id(self) -> str:
        return f"id-{next(self._ids)}"

    def run(self, command: Any) -> Any:
        """Handle a command and settle what it kept; answers what the use case did."""
        answer = HANDLERS[type(command)](command, self)
        kept, self.clocks.kept = self.clocks.kept, {}
        for record in kept.values():
            self.said += record.settle(self.policies.book, self.now)
        return answer
