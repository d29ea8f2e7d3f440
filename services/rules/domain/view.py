"""What conditions look at: the fact, and the ticket as the rules before have left it."""

from collections.abc import Callable
from datetime import datetime, timedelta

from chassis.businesstime import NO_CALENDARS, Asker, Calendar, SavedCalendars
from chassis.conditions import Reading, Value
from services.rules.domain.heard import Heard, Step, Ticket, after, changed_field

# How a field is read, by its whole name.
Read = Callable[["View"], Value]
# Where the calendars are found, by the first condition that asks for them.
FindCalendars = Callable[[], SavedCalendars]
# Fields that the steps of a rule can change; what rests on others holds for a whole event.
_CHANGEABLE = frozenset({"status", "priority", "group", "agent", "tags", "sla_policy"})
_OF_STATUS = frozenset({"is_spam", "time_in_status", "business_time_in_status"})


def is_steady(field: str) -> bool:
    """No rule can change the field."""
    return field not in _CHANGEABLE and not field.startswith("fields.")


def rests_on(field: str, changed: str) -> bool:
    """The field may be another where the changed one is."""
    if changed == "status" and field in _OF_STATUS:
        return True
    # A group may have a calendar of its own; what is counted in calendars says so by its name.
    return field == changed or (changed == "group" and "business" in field)


def no_calendars() -> SavedCalendars:
    """Where every moment is open."""
    return NO_CALENDARS


class View(Reading):
    """One event while rules are run on it."""

    __slots__ = ("_calendars", "_find", "heard", "ticket")

    def __init__(
        self, heard: Heard, find: Callable[[str], Read | None], calendars: FindCalendars = no_calendars
    ) -> None:
        """`find` answers how a field is read."""
        super().__init__(_nothing, heard.changes)
        self._find = find
        self._calendars = calendars
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

    @property
    def status_since(self) -> datetime | None:
        """Since when the ticket has its status; None where that was not written down yet when it began."""
        if self.ticket.status != self.heard.ticket.status:
            return self.heard.occurred_at
        return self.ticket.status_since

    def is_open(self) -> bool:
        """Whether the ticket's calendar is open at the moment of the event."""
        at = self.heard.occurred_at
        return self._calendar(at).is_open(at)

    def since(self, moment: datetime | None) -> timedelta | None:
        """How long before the event that was; no time at all where it came after it."""
        return None if moment is None else max(self.heard.occurred_at - moment, timedelta(0))

    def open_since(self, moment: datetime | None) -> timedelta | None:
        """How much of that time the ticket's calendar was open."""
        if moment is None:
            return None
        return max(self._calendar(moment).between(moment, self.heard.occurred_at), timedelta(0))

    def _calendar(self, began: datetime) -> Calendar:
        """The one in force at the moment of the event for what began then."""
        ticket = self.ticket
        asker = Asker(ticket.requester_email, ticket.group, ticket.channel)
        at = self.heard.occurred_at
        return self._calendars().at(at, min(began, at)).calendar(asker)


def _nothing(field: str) -> Value:
    return None
