"""Something was saved: what runs already is brought under it."""

from services.sla.application.ports import Ports
from services.sla.domain.commands import TurnPage


def turn_page(command: TurnPage, ports: Ports) -> None:
    """Settling says what is other than before, or nothing where the clock was settled under it meanwhile."""
    record = ports.clocks.get(command.ticket_id)
    if record is not None:
        ports.clocks.keep(record)
