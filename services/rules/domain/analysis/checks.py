"""What is odd about rules before they run: a look at all of them, without an event.

Every warning is certain of what it says, except where it says "may". What cannot be told in reasonable time is not
warned of: a rule whose condition has too many cases is left alone.
"""

from collections.abc import Iterator, Sequence

from chassis.conditions import Field, Kind
from services.rules.domain.analysis.effects import Effect, answers, mails_colleagues
from services.rules.domain.analysis.knowledge import implies
from services.rules.domain.analysis.literals import FindField, Literal, TooManyCases
from services.rules.domain.analysis.loops import loops
from services.rules.domain.analysis.pairs import shadowed, undone
from services.rules.domain.analysis.studied import Studied, fixed_at, study
from services.rules.domain.analysis.warnings import (
    CHANGES_NOTHING,
    EVENT_NEVER_MATCHES,
    MAILS_ON_AUTOMATIC,
    NEVER_ANSWERS,
    NEVER_MATCHES,
    RuleWarning,
)
from services.rules.domain.heard import REQUESTER_WROTE, SPAM, TICKET_OPENED, SetField
from services.rules.domain.rule import CompiledRule

_AUTOMATIC = Literal("is_automatic", Field(Kind.FLAG), "is", ("true",), True, "")
_BY_HAND = Literal("is_automatic", Field(Kind.FLAG), "is", ("false",), True, "")
_IS_SPAM = Literal("status", Field(Kind.TEXT), "is", (SPAM,), True, "")


def check_rules(rules: Sequence[CompiledRule], find: FindField) -> list[RuleWarning]:
    """Warnings of the enabled rules, in the order in which the rules run; `rules` are given in that order."""
    studied = []
    for rank, one in enumerate(one for one in rules if one.rule.enabled):
        try:
            studied.append(study(one, rank, find))
        except TooManyCases:
            continue
    found = [warning for one in studied for warning in _alone(one)]
    found += [*shadowed(studied), *undone(studied), *loops(studied)]
    order = {one.rule.rule_id: rank for rank, one in enumerate(rules)}
    return sorted(found, key=lambda warning: order[warning.rule_id])


def _alone(study: Studied) -> Iterator[RuleWarning]:
    """What a rule tells by itself."""
    dead = [event for event, cases in study.cases.items() if not cases]
    if len(dead) == len(study.cases):
        yield RuleWarning(study.rule_id, NEVER_MATCHES, "rule.condition")
        return
    for event in dead:
        yield RuleWarning(
            study.rule_id, EVENT_NEVER_MATCHES, f"rule.events[{study.one.rule.events.index(event)}]"
        )
    cases = [(case, fixed_at(event)) for event, cases in study.cases.items() for case in cases]
    for effect in study.effects:
        if answers(effect) and all(
            implies(case, (_AUTOMATIC,), fixed) or implies(case, (_IS_SPAM,), fixed) for case, fixed in cases
        ):
            yield RuleWarning(study.rule_id, NEVER_ANSWERS, effect.path)
        if mails_colleagues(effect) and any(
            event in (TICKET_OPENED, REQUESTER_WROTE) and not implies(case, (_BY_HAND,), fixed_at(event))
            for event, of_event in study.cases.items()
            for case in of_event
        ):
            yield RuleWarning(study.rule_id, MAILS_ON_AUTOMATIC, effect.path)
        match effect.step:
            case SetField(name, value):
                so = Literal(name, Field(Kind.TEXT), "is", (value.casefold(),), True, "")
                if all(implies(case, (so,), fixed) for case, fixed in cases) and not _set_before(
                    study, effect
                ):
                    yield RuleWarning(study.rule_id, CHANGES_NOTHING, effect.path)


def _set_before(study: Studied, effect: Effect) -> bool:
    return any(one.changes == effect.changes for one in study.effects[: study.effects.index(effect)])
