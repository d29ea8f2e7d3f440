"""The ports of one batch: its clocks are read at once, settled once each, and written with compare-and-set."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.ids import new_id
from chassis.mongo import named_failures
from chassis.units import Cause, Unit
from services.sla.adapters.calendar_facts import CALENDAR_LANE, event_id_of_calendar
from services.sla.adapters.mongo.book import COUNT, Shelf, ShelfPolicies
from services.sla.adapters.mongo.calendars import calendar_to_row
from services.sla.adapters.mongo.documents import (
    clock_of_row,
    clock_rows,
    clock_to_row,
    clock_update,
)
from services.sla.adapters.mongo.policies import policy_to_row
from services.sla.adapters.mongo.timers import MongoTimers
from services.sla.adapters.wire import PUBLISHES, event_id_of
from services.sla.domain.book import Book
from services.sla.domain.commands import (
    ArmTimer,
    CancelTimer,
    FillGap,
    FireAlarm,
    FireTimer,
    ObserveTicket,
    TurnPage,
)
from services.sla.domain.events import CalendarChanged, Fact
from services.sla.domain.policy import NamedCalendar, Policy
from services.sla.domain.record import ClockRecord


@dataclass(slots=True)
class _Kept:
    """A clock that was changed, and what changed it last."""

    record: ClockRecord
    cause: Cause


class MongoClocks:
    """The clocks of a batch."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._read: dict[str, ClockRecord] = {}
        self.kept: dict[str, _Kept] = {}

    def load(self, ticket_ids: Sequence[str]) -> None:
        with named_failures():
            rows = clock_rows(self._unit.database).find({"_id": {"$in": list(ticket_ids)}})
            self._read = {row["_id"]: clock_of_row(row) for row in rows}

    def get(self, ticket_id: str) -> ClockRecord | None:
        kept = self.kept.get(ticket_id)
        return kept.record if kept is not None else self._read.get(ticket_id)

    def keep(self, record: ClockRecord) -> None:
        self.kept[record.history.snapshot.ticket_id] = _Kept(record, self._unit.cause)

    def write(self, record: ClockRecord) -> None:
        """Stage the row; another writer's edition makes the commit raise Raced."""
        ticket_id, edition = record.history.snapshot.ticket_id, record.edition
        record.edition += 1
        if edition == 0:
            self._unit.insert("clocks", {"_id": ticket_id, **clock_to_row(record)})
        else:
            self._unit.update("clocks", {"_id": ticket_id, "edition": edition}, clock_update(record))


class MongoPolicies(ShelfPolicies):
    """The newest versions, and those that this batch saves."""

    def __init__(self, unit: Unit, shelf: Shelf) -> None:
        super().__init__(shelf)
        self._unit = unit
        self._saved = False

    def save_policy(self, policy: Policy) -> None:
        self._policies[policy.policy_id] = policy
        self._unit.insert("policies", policy_to_row(policy))
        self._turn_a_page()

    def save_calendar(self, calendar: NamedCalendar) -> None:
        self._calendars[calendar.calendar_id] = calendar
        self._unit.insert("calendars", calendar_to_row(calendar))
        self._turn_a_page()

    def say(self, fact: CalendarChanged) -> None:
        self._unit.say(
            PUBLISHES[CalendarChanged](fact),
            event_id=event_id_of_calendar(fact),
            lane=CALENDAR_LANE,
            subject=fact.calendar.calendar_id,
            version=fact.calendar.version,
        )

    def _turn_a_page(self) -> None:
        if self._saved:
            return
        self._saved = True
        if self._count == 0:
            self._unit.insert("book", {"_id": COUNT, "count": 1})
        else:
            # Two saves at once would each be checked against calendars that the other changes.
            self._unit.update("book", {"_id": COUNT, "count": self._count}, {"$inc": {"count": 1}})


class MongoPorts:
    """Opened for one batch."""

    def __init__(self, unit: Unit, shelf: Shelf, said: Callable[[Sequence[Fact]], None]) -> None:
        self._unit = unit
        self._said = said
        self.clocks = MongoClocks(unit)
        self.timers = MongoTimers(unit)
        self.policies = MongoPolicies(unit, shelf)

    @property
    def now(self) -> datetime:
        return self._unit.now

    def new_id(self) -> str:
        return new_id()

    def load(self, commands: Sequence[Any]) -> None:
        """One read for the whole batch."""
        ids = {_ticket_of(command) for command in commands} - {""}
        if ids:
            self.clocks.load(sorted(ids))
        timers = {_timer_of(command) for command in commands} - {""}
        if timers:
            self.timers.load(sorted(timers))

    def flush(self) -> None:
        """Settle every clock that was changed and say what has become true."""
        self.timers.flush()
        book: Book = self.policies.book
        facts: list[Fact] = []
        for kept in self.clocks.kept.values():
            record = kept.record
            became = record.settle(book, self.now)
            self.clocks.write(record)
            self._unit.cause = kept.cause
            for fact in became:
                self._say(fact, record)
            facts += became
        self._unit.cause = Cause()
        if facts:
            self._unit.after_commit.append(lambda: self._said(facts))

    def _say(self, fact: Fact, record: ClockRecord) -> None:
        ticket = record.history.snapshot
        self._unit.say(
            PUBLISHES[type(fact)](fact),
            event_id=event_id_of(fact),
            lane=ticket.lane,
            subject=ticket.ticket_id,
            version=ticket.version,
        )


def _ticket_of(command: Any) -> str:
    if isinstance(command, ObserveTicket):
        return command.snapshot.ticket_id
    if isinstance(command, FireAlarm | FillGap | TurnPage):
        return command.ticket_id
    return ""


def _timer_of(command: Any) -> str:
    match command:
        case ArmTimer(timer):
            return timer.name.timer_id
        case CancelTimer(name):
            return name.timer_id
        case FireTimer(timer_id):
            return timer_id
    return ""
