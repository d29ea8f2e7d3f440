"""A new version of open hours."""

from dataclasses import replace
from datetime import datetime

from chassis.errors import Conflict
from services.sla.application.ports import Ports, Saved
from services.sla.domain.commands import SaveCalendar
from services.sla.domain.policy import NamedCalendar, check_calendar


def save_calendar(command: SaveCalendar, ports: Ports) -> NamedCalendar:
    """Raises InvalidFields, or Conflict where the expected version is not the present one.

    What runs already gets the new version too, unless it says that it is only for what is new.
    """
    calendar = next_calendar(command, ports.policies, ports.now)
    calendar = replace(calendar, calendar_id=calendar.calendar_id or ports.new_id())
    ports.policies.save_calendar(calendar)
    return calendar


def next_calendar(command: SaveCalendar, saved: Saved, now: datetime) -> NamedCalendar:
    """The version that saving would make; one that is new has no id yet. Raises like `save_calendar`."""
    check_calendar(command.calendar, now)
    present = saved.calendar(command.calendar.calendar_id)
    version = present.version if present is not None else 0
    if version != command.expected_version:
        raise Conflict(f"calendar is at version {version}, not {command.expected_version}")
    return replace(command.calendar, version=version + 1, saved_at=now)
