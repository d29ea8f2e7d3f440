"""A version of a calendar was saved: conditions count in it from now on."""

from services.rules.application.ports import Ports
from services.rules.domain.commands import KeepCalendar


def keep_calendar(command: KeepCalendar, ports: Ports) -> None:
    """Keep it, once however often it is heard."""
    ports.calendars.keep(command.news)
