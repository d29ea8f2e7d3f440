"""A due moment has come: say what is true now."""

from services.sla.application.ports import Ports
from services.sla.domain.commands import FireAlarm


def fire_alarm(command: FireAlarm, ports: Ports) -> None:
    """Settling says it, or nothing where the alarm was moved meanwhile."""
    record = ports.clocks.get(command.ticket_id)
    if record is not None and record.alarm_at is not None and record.alarm_at <= ports.now:
        ports.clocks.keep(record)
