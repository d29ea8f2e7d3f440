"""What sla does: one file per use case, each a function of one command."""

from collections.abc import Callable, Mapping
from typing import Any

from services.sla.application.arm_timer import arm_timer
from services.sla.application.cancel_timer import cancel_timer
from services.sla.application.fill_gap import fill_gap
from services.sla.application.fire_alarm import fire_alarm
from services.sla.application.fire_timer import fire_timer
from services.sla.application.observe_ticket import observe_ticket
from services.sla.application.save_calendar import save_calendar
from services.sla.application.save_policy import save_policy
from services.sla.application.turn_page import turn_page
from services.sla.domain.commands import (
    ArmTimer,
    CancelTimer,
    FillGap,
    FireAlarm,
    FireTimer,
    ObserveTicket,
    SaveCalendar,
    SavePolicy,
    TurnPage,
)

# A command's type -> function(command, ports).
HANDLERS: Mapping[type, Callable[[Any, Any], object]] = {
    ObserveTicket: observe_ticket,
    FireAlarm: fire_alarm,
    ArmTimer: arm_timer,
    CancelTimer: cancel_timer,
    FireTimer: fire_timer,
    FillGap: fill_gap,
    TurnPage: turn_page,
    SavePolicy: save_policy,
    SaveCalendar: save_calendar,
}
