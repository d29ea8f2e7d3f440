"""What reports does: one file per use case. The handlers count what was heard; the others answer."""

from collections.abc import Callable, Mapping
from typing import Any

from services.reports.application.count_change import count_change
from services.reports.application.count_one import count_one
from services.reports.application.count_opening import count_opening
from services.reports.application.count_promise import count_promise
from services.reports.application.keep_calendar import keep_calendar
from services.reports.domain.facts import CountChange, CountOne, CountOpening, CountPromise, KeepCalendar

# A command's type -> function(command, ports).
HANDLERS: Mapping[type, Callable[[Any, Any], object]] = {
    CountOpening: count_opening,
    CountChange: count_change,
    CountOne: count_one,
    CountPromise: count_promise,
    KeepCalendar: keep_calendar,
}
