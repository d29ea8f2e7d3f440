"""What sla says runs for a ticket is shown and sorted by; it is no version of the ticket."""

from services.tickets.application.ports import Ports
from services.tickets.domain.commands import RecordClock
from services.tickets.domain.ticket import Clock


def record_clock(command: RecordClock, ports: Ports) -> None:
    """Keep the clock unless a later one is kept already."""
    clock = Clock(command.target, command.due_at, command.is_paused, command.is_breached, command.epoch)
    ports.tickets.keep_clock(command.ticket_id, clock)
