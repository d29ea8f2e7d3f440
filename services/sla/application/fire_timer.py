"""A timer's moment has come."""

from dataclasses import replace

from services.sla.application.ports import Ports
from services.sla.domain.commands import FireTimer
from services.sla.domain.events import TimerFired
from services.sla.domain.timer import FIRED


def fire_timer(command: FireTimer, ports: Ports) -> None:
    """It is said, or nothing where the timer was moved, taken back or fired meanwhile."""
    timer = ports.timers.get(command.timer_id)
    if timer is not None and timer.is_due(ports.now):
        ports.timers.keep(replace(timer, state=FIRED))
        ports.timers.say(TimerFired(timer))
