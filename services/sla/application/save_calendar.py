"""A new version of open hours."""

from dataclasses import replace

from chassis.errors import Conflict
from services.sla.application.ports import Ports
from services.sla.domain.commands import SaveCalendar
from services.sla.domain.policy import NamedCalendar, check_calendar


def save_calendar(command: SaveCalendar, ports: Ports) -> NamedCalendar:
    """Raises InvalidFields, or Conflict where the expected version is not the present one.

    What runs already gets the new version too, unless it says that it is only for what is new.
    """
    check_calendar(command.calendar, ports.now)
    present = ports.policies.calendar(command.calendar.calendar_id)
    version = present.version if present is not None else 0
    if version != command.expected_version:
        raise Conflict(f"calendar is at version {version}, not {command.expected_version}")
    calendar = replace(
        command.calendar,
        calendar_id=command.calendar.calendar_id or ports.new_id(),
        version=version + 1,
        saved_at=ports.now,
    )
    ports.policies.save_calendar(calendar)
    return calendar
