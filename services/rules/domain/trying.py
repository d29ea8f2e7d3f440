"""An event that somebody thought up, and what rules would make of it. Pure: nothing happens."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from typing import TypeVar

from chassis.errors import InvalidField
from chassis.operators import WrongOperand, duration, flag, moment, number
from services.rules.domain.heard import (
    AGENT_ANSWERED,
    EVENTS,
    NOTE_ADDED,
    OF_CLOCKS,
    REQUESTER_WROTE,
    TICKET_OPENED,
    Heard,
    Message,
    Moment,
    Step,
    Ticket,
    after,
)
from services.rules.domain.rule_set import RuleSet
from services.rules.domain.run import Find, Memory, Verdict, run_rules
from services.rules.domain.view import FindCalendars, no_calendars

_T = TypeVar("_T")
# As conditions name the fields -> as a ticket does.
_TEXTS = {
    "subject": "subject",
    "status": "status",
    "priority": "priority",
    "channel": "channel",
    "channel_kind": "channel_kind",
    "mailbox": "mailbox",
    "group": "group",
    "agent": "agent",
    "sla_policy": "sla_policy",
    "sender": "requester_email",
    "sender_name": "requester_name",
}
# How long before the event something was -> the ticket's moment of it.
_AGO = {
    "time_since_created": "created_at",
    "time_since_requester_wrote": "last_requester_message_at",
    "time_since_agent_wrote": "last_agent_message_at",
    "time_in_status": "status_since",
}
_NUMBERS = ("message_count", "reopen_count")
_OTHERS = (
    "tags",
    "created_at",
    "text",
    "visibility",
    "is_automatic",
    "actor",
    "target",
    "timer",
    "warned_minutes_before",
)
GIVEN = (*_TEXTS, *_NUMBERS, *_AGO, *_OTHERS, "fields.<name>")
# Who does what is heard, and whether others see it.
_USUAL = {
    TICKET_OPENED: ("requester", "public"),
    REQUESTER_WROTE: ("requester", "public"),
    AGENT_ANSWERED: ("agent", "public"),
    NOTE_ADDED: ("agent", "internal"),
}


@dataclass(frozen=True, slots=True)
class Tried:
    """What the rules decided on the event, and the ticket as it would be."""

    heard: Heard
    verdict: Verdict
    ticket: Ticket

    @property
    def steps(self) -> list[tuple[str, Step]]:
        """Each with the id of its rule, in order."""
        return [(match.rule.rule.rule_id, step) for match in self.verdict.matches for step in match.steps]


def try_rules(rules: RuleSet, heard: Heard, find: Find, calendars: FindCalendars = no_calendars) -> Tried:
    """As though it had happened now, to a ticket and a person of whom the rules know nothing else."""
    verdict = run_rules(rules, heard, find, Memory(), calendars)
    steps = (step for match in verdict.matches for step in match.steps)
    return Tried(heard, verdict, reduce(after, steps, heard.ticket))


def thought_up(
    events: Sequence[str],
    given: Mapping[str, Sequence[str]],
    changes: Mapping[str, tuple[str, str]],
    at: datetime,
) -> Heard:
    """The event. `given` are values by the names that conditions have for the fields. Raises InvalidField."""
    if not events or (unknown := [event for event in events if event not in EVENTS]):
        raise InvalidField(
            "events", f"at least one of {', '.join(EVENTS)}", ", ".join(unknown if events else ())
        )
    is_of_clock = not OF_CLOCKS.isdisjoint(events)
    usual = next(
        (_USUAL[event] for event in events if event in _USUAL), ("system" if is_of_clock else "agent", "")
    )
    actor = _one(given, "actor", usual[0])
    return Heard(
        event_id="tried",
        events=tuple(events),
        ticket=_ticket(given, at),
        occurred_at=at,
        message=_message(given, *usual) if usual[1] else None,
        changes=changes,
        actor=actor,
        chain_id="tried",
        moment=_moment(given) if is_of_clock else None,
    )


def _ticket(given: Mapping[str, Sequence[str]], at: datetime) -> Ticket:
    ticket = Ticket("tried", 1, 1, "", "new", "medium", "", message_count=1, created_at=at)
    fields: dict[str, str] = {}
    for name, values in given.items():
        if name in _TEXTS:
            setattr(ticket, _TEXTS[name], _one(given, name))
        elif name in _NUMBERS:
            setattr(ticket, name, int(_read(given, name, number)))
        elif name in _AGO:
            setattr(ticket, _AGO[name], at - _read(given, name, duration))
        elif name.startswith("fields."):
            fields[name.removeprefix("fields.")] = _one(given, name)
        elif name == "tags":
            ticket.tags = tuple(sorted({value.strip().lower() for value in values}))
        elif name == "created_at":
            ticket.created_at = _read(given, name, moment)
        elif name not in _OTHERS:
            raise InvalidField(f"given.{name}", f"one of {', '.join(GIVEN)}", name)
    ticket.fields = fields
    return ticket


def _message(given: Mapping[str, Sequence[str]], author: str, visibility: str) -> Message:
    is_automatic = "is_automatic" in given and _read(given, "is_automatic", flag)
    return Message("tried", _one(given, "text"), _one(given, "visibility", visibility), author, is_automatic)


def _moment(given: Mapping[str, Sequence[str]]) -> Moment:
    lead = _read(given, "warned_minutes_before", number) if "warned_minutes_before" in given else 0
    seconds = int(timedelta(minutes=lead).total_seconds())
    return Moment(_one(given, "target"), seconds, _one(given, "timer"))


def _one(given: Mapping[str, Sequence[str]], name: str, default: str = "") -> str:
    values = given.get(name, (default,))
    if len(values) != 1:
        raise InvalidField(f"given.{name}", "one value", ", ".join(values))
    return values[0]


def _read(given: Mapping[str, Sequence[str]], name: str, read: Callable[[str], _T]) -> _T:
    value = _one(given, name)
    try:
        return read(value)
    except WrongOperand as wrong:
        raise InvalidField(f"given.{name}", wrong.expected, value) from None
