"""What the bus has not brought is taken from the ticket's log."""

from services.sla.application.ports import Ports
from services.sla.domain.commands import FillGap


def fill_gap(command: FillGap, ports: Ports) -> None:
    """The log is as good as the facts themselves; those that come later are known then."""
    record = ports.clocks.get(command.ticket_id)
    if record is None:
        return
    record.history.fill(command.entries, command.seen_to)
    # Where the log has a hole too, it is asked again as late as for a new gap.
    record.asked_at = ports.now
    ports.clocks.keep(record)
