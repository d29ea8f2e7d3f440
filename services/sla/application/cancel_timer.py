"""Somebody takes a timer back."""

from services.sla.application.ports import Ports
from services.sla.domain.commands import CancelTimer
from services.sla.domain.timer import cancelled, check_name


def cancel_timer(command: CancelTimer, ports: Ports) -> str:
    """Answers what became of it. Raises InvalidFields."""
    check_name(command.name)
    kept, answer = cancelled(command.name, ports.timers.get(command.name.timer_id), ports.now)
    if kept is not None:
        ports.timers.keep(kept)
    return answer
