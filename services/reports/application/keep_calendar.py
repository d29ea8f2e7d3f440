"""A version of a calendar was saved: durations are counted in it from now on."""

from services.reports.application.ports import CountingPorts
from services.reports.domain.facts import KeepCalendar


def keep_calendar(command: KeepCalendar, ports: CountingPorts) -> None:
    """Keep it, once however often it is heard."""
    ports.calendars.keep(command.news)
