"""A new version of open hours."""

from dataclasses import replace
from datetime import datetime

from chassis.errors import Conflict, InvalidField, InvalidFields
from services.sla.application.ports import Ports, Saved
from services.sla.domain.calendar_check import check_calendar, check_opens
from services.sla.domain.calendar_days import written_out
from services.sla.domain.commands import SaveCalendar
from services.sla.domain.events import CalendarChanged
from services.sla.domain.policy import BUSINESS, NamedCalendar, counted_in


def save_calendar(command: SaveCalendar, ports: Ports) -> NamedCalendar:
    """Raises InvalidFields, or Conflict where the expected version is not the present one.

    What runs already gets the new version too, unless it says that it is only for what is new.
    """
    calendar = next_calendar(command, ports.policies, ports.now)
    calendar = replace(calendar, calendar_id=calendar.calendar_id or ports.new_id())
    ports.policies.save_calendar(calendar)
    ports.policies.say(CalendarChanged(calendar))
    return calendar


def next_calendar(command: SaveCalendar, saved: Saved, now: datetime) -> NamedCalendar:
    """The version that saving would make; one that is new has no id yet. Raises like `save_calendar`."""
    wanted = command.calendar
    check_calendar(wanted, saved.newest_calendars())
    present = saved.calendar(wanted.calendar_id)
    version = present.version if present is not None else 0
    if version != command.expected_version:
        raise Conflict(f"calendar is at version {version}, not {command.expected_version}")
    if present is not None and present.whom.is_company and not wanted.whom.is_company:
        _check_company(wanted, saved)
    if present is not None:
        # A feed that nobody read anew has the days that it had.
        known = {feed.url: feed for feed in present.feeds}
        feeds = tuple(feed if feed.read_at else known.get(feed.url, feed) for feed in wanted.feeds)
        wanted = replace(wanted, feeds=feeds)
    calendar = written_out(replace(wanted, version=version + 1, saved_at=now), now)
    check_opens(calendar, counted_in((*saved.versions(calendar.calendar_id), calendar)), now)
    return calendar


def _check_company(wanted: NamedCalendar, saved: Saved) -> None:
    """Promises in business hours that name no calendar would be counted around the clock."""
    others = [one for one in saved.newest_calendars() if one.calendar_id != wanted.calendar_id]
    if any(one.whom.is_company for one in others):
        return
    for policy in saved.newest():
        if not policy.calendar_id and any(target.time == BUSINESS for target in policy.targets):
            raise InvalidFields(
                [InvalidField("calendar.is_company", f"true: {policy.name} counts in the company's calendar")]
            )
