"""Rules whose changes wake each other."""

from collections.abc import Iterator, Sequence

from chassis.conditions import Kind
from services.rules.domain.analysis.circles import circles
from services.rules.domain.analysis.effects import Effect, afterwards, undoes
from services.rules.domain.analysis.knowledge import Facts
from services.rules.domain.analysis.literals import Literal
from services.rules.domain.analysis.studied import Studied
from services.rules.domain.analysis.warnings import MAY_LOOP, RuleWarning
from services.rules.domain.heard import TICKET_CHANGED, SetField


def loops(studied: Sequence[Studied]) -> Iterator[RuleWarning]:
    """Circles of rules in which each wakes the next by what it changes, and something is set to two values."""
    wakes = {study.rank: _woken_by(study, studied) for study in studied if study.changes}
    for circle in circles(wakes):
        of_circle = [study for study in studied if study.rank in circle]
        effects = [effect for study in of_circle for effect in study.effects]
        if not any(undoes(one.step, other.step) for one in effects for other in effects):
            continue
        for study in of_circle:
            others = tuple(one.rule_id for one in of_circle if one is not study)
            yield RuleWarning(study.rule_id, MAY_LOOP, "rule.actions", others)


def _woken_by(study: Studied, studied: Sequence[Studied]) -> set[int]:
    """Ranks of the rules that hear the change and ask for what was set."""
    found = set()
    for other in studied:
        if other is study:
            continue
        of_change = other.cases.get(TICKET_CHANGED, ())
        asked = [one for facts in of_change for one in facts.case if one.field in study.changes]
        if any(_asks_for(one, effect) for one in asked for effect in study.effects):
            found.add(other.rank)
    return found


def _asks_for(one: Literal, effect: Effect) -> bool:
    if not one.holds or one.field != effect.changes:
        return False
    if one.operator == "changed":
        return True
    match effect.step:
        case SetField(_, value) if one.operator in ("is", "any_of", "changed_to"):
            return value.casefold() in one.values
        case _:
            return one.kind is Kind.LIST and Facts(afterwards((), [effect]), {}).implies(one)
