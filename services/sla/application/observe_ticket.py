"""A fact of a ticket goes into its history."""

from services.sla.application.ports import Ports
from services.sla.domain.commands import ObserveTicket
from services.sla.domain.history import History
from services.sla.domain.record import ClockRecord


def observe_ticket(command: ObserveTicket, ports: Ports) -> None:
    """Facts may come in any order: the first to come makes the clock."""
    record = ports.clocks.get(command.snapshot.ticket_id)
    if record is None:
        record = ClockRecord(History(command.snapshot, command.at))
    record.history.observe(command.snapshot, command.at, command.entry)
    ports.clocks.keep(record)
