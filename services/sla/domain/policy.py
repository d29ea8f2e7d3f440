"""What is promised: targets by priority, and whom a policy is for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from chassis.businesstime import Calendar, CalendarError, Hours, Window
from chassis.errors import InvalidField, InvalidFields

FIRST_REPLY = "first_reply"
NEXT_REPLY = "next_reply"
RESOLUTION = "resolution"
TARGETS = (FIRST_REPLY, NEXT_REPLY, RESOLUTION)
PRIORITIES = ("low", "medium", "high", "urgent")
STATUSES = ("new", "open", "pending", "on_hold", "solved", "closed")
BUSINESS = "business"
CALENDAR = "calendar"
LONGEST = timedelta(days=3_653)
MOST_WARNINGS = 10
DEFAULT_PAUSE = ("pending",)


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
    # Statuses in which the resolution's time stands still.
    pause_statuses: tuple[str, ...] = DEFAULT_PAUSE
    version: int = 0
    saved_at: datetime | None = None

    def fits(self, channel: str, group: str) -> bool:
        """The policy is for tickets of this channel and group."""
        return (not self.channels or channel in self.channels) and (not self.groups or group in self.groups)

    def target(self, name: str, priority: str) -> PolicyTarget | None:
        """The line for this priority, else the one for every priority, else none."""
        found = None
        for target in self.targets:
            if target.name == name and target.priority in (priority, ""):
                if target.priority:
                    return target
                found = target
        return found


@dataclass(frozen=True, slots=True)
class NamedCalendar:
    """One version of a calendar, in force from `saved_at` until the next version is saved."""

    calendar_id: str
    name: str
    hours: Hours
    version: int = 0
    saved_at: datetime | None = None


def check_policy(policy: Policy, calendar_ids: frozenset[str]) -> None:
    """Raises InvalidFields with every mistake, each by its field."""
    wrong: list[InvalidField] = []

    def must(holds: bool, field: str, expected: str, got: str = "") -> None:
        if not holds:
            wrong.append(InvalidField(f"policy.{field}", expected, got))

    must(0 < len(policy.name.strip()) <= 200, "name", "1 to 200 characters")
    needs_calendar = any(target.time == BUSINESS for target in policy.targets)
    must(
        policy.calendar_id in calendar_ids or (not policy.calendar_id and not needs_calendar),
        "calendar_id",
        "the id of a calendar",
        policy.calendar_id,
    )
    must(bool(policy.targets), "targets", "at least one target")
    must(len(policy.targets) <= 50, "targets", "at most 50 targets")
    met: set[tuple[str, str]] = set()
    for place, target in enumerate(policy.targets):
        at = f"targets[{place}]"
        must(target.name in TARGETS, f"{at}.name", f"one of {', '.join(TARGETS)}", target.name)
        must(
            target.priority in ("", *PRIORITIES),
            f"{at}.priority",
            f"one of {', '.join(PRIORITIES)} or empty",
            target.priority,
        )
        must(
            timedelta(0) < target.within <= LONGEST,
            f"{at}.within_seconds",
            "1 second to 10 years",
            str(int(target.within.total_seconds())),
        )
        must(
            timedelta(0) <= target.warn_before < target.within,
            f"{at}.warn_before_seconds",
            "0, or less than within_seconds",
            str(int(target.warn_before.total_seconds())),
        )
        must(
            len(target.also_warn_before) <= MOST_WARNINGS,
            f"{at}.also_warn_before_seconds",
            f"at most {MOST_WARNINGS} warnings",
            str(len(target.also_warn_before)),
        )
        for number, lead in enumerate(target.also_warn_before):
            must(
                timedelta(0) < lead < target.within,
                f"{at}.also_warn_before_seconds[{number}]",
                "1 second or more, and less than within_seconds",
                str(int(lead.total_seconds())),
            )
        must(target.time in (BUSINESS, CALENDAR), f"{at}.time", f"{BUSINESS} or {CALENDAR}", target.time)
        key = (target.name, target.priority)
        must(key not in met, f"{at}.priority", f"one line for {target.name} of a priority", target.priority)
        met.add(key)
    for place, status in enumerate(policy.pause_statuses):
        must(status in STATUSES[:4], f"pause_statuses[{place}]", f"one of {', '.join(STATUSES[:4])}", status)
    if wrong:
        raise InvalidFields(wrong)


def check_calendar(calendar: NamedCalendar, now: datetime) -> Calendar:
    """The calendar, compiled. Raises InvalidFields."""
    wrong = []
    if not 0 < len(calendar.name.strip()) <= 200:
        wrong.append(InvalidField("calendar.name", "1 to 200 characters"))
    if len(calendar.hours.windows) > 100:
        wrong.append(InvalidField("calendar.windows", "at most 100 windows"))
    if len(calendar.hours.holidays) > 5_000:
        wrong.append(InvalidField("calendar.holidays", "at most 5000 days"))
    if wrong:
        raise InvalidFields(wrong)
    try:
        compiled = Calendar(calendar.hours)
        # Holidays may take away every open day there is.
        compiled.after(now, timedelta(seconds=1))
    except CalendarError as error:
        raise InvalidFields([InvalidField(f"calendar.{error.field}", error.expected)]) from None
    return compiled


__all__ = [
    "BUSINESS",
    "CALENDAR",
    "FIRST_REPLY",
    "NEXT_REPLY",
    "RESOLUTION",
    "TARGETS",
    "Hours",
    "NamedCalendar",
    "Policy",
    "PolicyTarget",
    "Window",
    "check_calendar",
    "check_policy",
]
