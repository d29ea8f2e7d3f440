"""Somebody sets a timer, or moves it."""

from services.sla.application.ports import Ports
from services.sla.domain.commands import ArmTimer
from services.sla.domain.timer import armed, check_timer


def arm_timer(command: ArmTimer, ports: Ports) -> str:
    """Answers what became of it. Raises InvalidField or InvalidFields."""
    check_timer(command.timer, ports.now)
    kept, answer = armed(command.timer, ports.timers.get(command.timer.name.timer_id))
    if kept is not None:
        ports.timers.keep(kept)
    return answer
