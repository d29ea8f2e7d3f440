"""What is odd about rules before they run: a look at all of them, without an event.

Every warning is certain of what it says, except where it says "may". What cannot be told in reasonable time is not
warned of: a rule whose condition has too many cases is left alone.
"""

from collections.abc import Iterator, Sequence

from chassis.conditions import Field, Kind
from services.rules.domain.analysis.effects import Effect, answers, mails_colleagues, so_after
from services.rules.domain.analysis.literals import FindField, TooManyCases, literal
from services.rules.domain.analysis.loops import loops
from services.rules.domain.analysis.pairs import shadowed, undone
from services.rules.domain.analysis.studied import Studied, study
from services.rules.domain.analysis.warnings import (
    CHANGES_NOTHING,
    EVENT_NEVER_MATCHES,
    MAILS_ON_AUTOMATIC,
    NEVER_ANSWERS,
    NEVER_MATCHES,
    RuleWarning,
)
from services.rules.domain.heard import REQUESTER_WROTE, SPAM, TICKET_OPENED
from services.rules.domain.rule import CompiledRule

_AUTOMATIC = literal("is_automatic", Field(Kind.FLAG), "is", "true")
_BY_HAND = literal("is_automatic", Field(Kind.FLAG), "is", "false")
_IS_SPAM = literal("status", Field(Kind.TEXT), "is", SPAM)


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
    cases = [facts for of_event in study.cases.values() for facts in of_event]
    for effect in study.effects:
        so = so_after(effect)
        if answers(effect) and all(one.implies(_AUTOMATIC) or one.implies(_IS_SPAM) for one in cases):
            yield RuleWarning(study.rule_id, NEVER_ANSWERS, effect.path)
        elif mails_colleagues(effect) and _hears_machines(study):
            yield RuleWarning(study.rule_id, MAILS_ON_AUTOMATIC, effect.path)
        elif so is not None and all(one.implies(so) for one in cases) and not _set_before(study, effect):
            yield RuleWarning(study.rule_id, CHANGES_NOTHING, effect.path)


def _hears_machines(study: Studied) -> bool:
    heard = (study.cases.get(event, ()) for event in (TICKET_OPENED, REQUESTER_WROTE))
    return any(not facts.implies(_BY_HAND) for of_event in heard for facts in of_event)


def _set_before(study: Studied, effect: Effect) -> bool:
    return any(one.changes == effect.changes for one in study.effects[: study.effects.index(effect)])
