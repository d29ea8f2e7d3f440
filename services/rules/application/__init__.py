"""What rules does: one file per use case, each a function of one command."""

from collections.abc import Callable, Mapping
from typing import Any

from services.rules.application.apply_rules import apply_rules, apply_rules_of_clock
from services.rules.application.delete_rule import delete_rule
from services.rules.application.keep_calendar import keep_calendar
from services.rules.application.save_rule import save_rule
from services.rules.domain.commands import ApplyRules, ApplyRulesOfClock, DeleteRule, KeepCalendar, SaveRule

# A command's type -> function(command, ports).
HANDLERS: Mapping[type, Callable[[Any, Any], object]] = {
    ApplyRules: apply_rules,
    ApplyRulesOfClock: apply_rules_of_clock,
    KeepCalendar: keep_calendar,
    SaveRule: save_rule,
    DeleteRule: delete_rule,
}
