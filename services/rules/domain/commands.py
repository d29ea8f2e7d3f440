"""What rules is asked to do."""

from dataclasses import dataclass

from chassis.businesstime import CalendarNews
from services.rules.domain.heard import Heard
from services.rules.domain.rule import Rule


@dataclass(frozen=True, slots=True)
class ApplyRules:
    """Something happened to a ticket."""

    heard: Heard


@dataclass(frozen=True, slots=True)
class ApplyRulesOfClock:
    """A moment of a clock has come. The ticket of what was heard has no more than its id: rules look at the ticket as it
    is by now."""

    heard: Heard


@dataclass(frozen=True, slots=True)
class SaveRule:
    """Make a rule (expected version 0) or change it."""

    rule: Rule
    expected_version: int
    by: str = ""


@dataclass(frozen=True, slots=True)
class DeleteRule:
    """Take a rule away; what it did stays explained."""

    rule_id: str
    expected_version: int
    by: str = ""


@dataclass(frozen=True, slots=True)
class KeepCalendar:
    """A version of a calendar was saved."""

    news: CalendarNews
