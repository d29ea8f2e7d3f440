"""What is promised: targets by priority, and whom a policy is for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from chassis.businesstime import Calendar, Hours, Version, Whom, Written
from chassis.conditions import ALWAYS, Condition
from services.sla.domain.special_day import Feed, NamedDay, SpecialDay

FIRST_REPLY = "first_reply"
NEXT_REPLY = "next_reply"
PERIODIC_UPDATE = "periodic_update"
REQUESTER_WAIT = "requester_wait"
AGENT_WORK = "agent_work"
RESOLUTION = "resolution"
TARGETS = (FIRST_REPLY, NEXT_REPLY, PERIODIC_UPDATE, REQUESTER_WAIT, AGENT_WORK, RESOLUTION)
# Those that run from the ticket's beginning until it is solved.
OF_TICKET = (RESOLUTION, REQUESTER_WAIT, AGENT_WORK)
BUSINESS = "business"
CALENDAR = "calendar"
DEFAULT_PAUSE = ("pending",)
# In which statuses time stands still where neither line nor policy says it, as Zendesk has it: requester wait time is what
# is spent new, open and on hold, agent work time what is spent new and open.
PAUSES: Mapping[str, tuple[str, ...]] = {
    REQUESTER_WAIT: ("pending",),
    AGENT_WORK: ("pending", "on_hold"),
}
# Whom a saved version is for: what runs already too, or only what begins from then on.
RUNNING = "running"
NEW = "new"
APPLIES = (RUNNING, NEW)
NOBODY = Whom()


@dataclass(frozen=True, slots=True)
class PolicyTarget:
    """So much time for one thing. An empty priority stands for every one without a line of its own."""

    name: str
    within: timedelta
    priority: str = ""
    # Before due; zero means no warning.
    warn_before: timedelta = timedelta(0)
    # `business` counts in the policy's calendar, `calendar` every second.
    time: str = BUSINESS
    # Further warnings.
    also_warn_before: tuple[timedelta, ...] = ()
    # Statuses in which its time stands still; None leaves it to the policy and the target's kind.
    pause_statuses: tuple[str, ...] | None = None

    @property
    def leads(self) -> tuple[timedelta, ...]:
        """How long before due each warning is wanted, the earliest first."""
        if not self.also_warn_before:
            return (self.warn_before,) if self.warn_before else ()
        return tuple(sorted({self.warn_before, *self.also_warn_before} - {timedelta(0)}, reverse=True))


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of a promise, in force from `saved_at` until the next version is saved."""

    policy_id: str
    name: str
    position: int
    calendar_id: str
    targets: tuple[PolicyTarget, ...]
    # Empty means every channel, every group.
    channels: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    # What else must hold of a ticket.
    condition: Condition = ALWAYS
    # Statuses in which the resolution's time stands still.
    pause_statuses: tuple[str, ...] = DEFAULT_PAUSE
    # What counts beside people's public messages.
    counts: tuple[str, ...] = ()
    applies_to: str = RUNNING
    # It promises nobody anything any more.
    is_off: bool = False
    version: int = 0
    saved_at: datetime | None = None

    def target(self, name: str, priority: str) -> PolicyTarget | None:
        """The line for this priority, else the one for every priority, else none."""
        found = None
        for target in self.targets:
            if target.name == name and target.priority in (priority, ""):
                if target.priority:
                    return target
                found = target
        return found

    def pausing(self, target: PolicyTarget) -> tuple[str, ...]:
        """The statuses in which the target's time stands still."""
        if target.pause_statuses is not None:
            return target.pause_statuses
        return self.pause_statuses if target.name == RESOLUTION else PAUSES.get(target.name, ())


@dataclass(frozen=True, slots=True)
class NamedCalendar:
    """One version of a calendar, in force from `saved_at` until the next version is saved.

    Of the time before `valid_from` the versions before it tell; without a day it tells of all time.
    """

    calendar_id: str
    name: str
    # The weekly windows, and own dates without a name on which it stays closed.
    hours: Hours
    version: int = 0
    saved_at: datetime | None = None
    applies_to: str = RUNNING
    valid_from: date | None = None
    days: tuple[SpecialDay, ...] = ()
    # ISO 3166 codes: PT, or DE with BE.
    country: str = ""
    region: str = ""
    feeds: tuple[Feed, ...] = ()
    whom: Whom = NOBODY
    # Why nobody wrote this version by hand: `years` or `feed`; else empty.
    cause: str = ""
    # Of its country, as they were told when it was saved.
    public_days: tuple[NamedDay, ...] = ()
    holidays_version: str = ""
    # What it came to; None for what was saved before this was kept.
    written: Written | None = None

    @property
    def effective(self) -> Hours:
        """The hours with all dates that are not like their weekday."""
        closed = {one.day for one in self.public_days}
        closed.update(one.day for feed in self.feeds for one in feed.days)
        return replace(
            self.hours,
            holidays=self.hours.holidays | closed,
            days=tuple(day.written(self.hours.windows) for day in self.days),
        )


def version_of(calendar: NamedCalendar) -> Version:
    """What one version says of open time."""
    return Version(calendar.effective, calendar.valid_from, calendar.written)


def counted_in(versions: Sequence[NamedCalendar]) -> Calendar:
    """What versions of one calendar come to, the newest last."""
    return Calendar.of([version_of(one) for one in versions])
