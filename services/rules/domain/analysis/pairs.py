"""What one rule does to another on the same event: comes before it and stops, or takes back what it did."""

from collections.abc import Iterator, Sequence

from chassis.conditions import Kind
from services.rules.domain.analysis.effects import undoes
from services.rules.domain.analysis.knowledge import Facts
from services.rules.domain.analysis.literals import literal
from services.rules.domain.analysis.studied import Studied
from services.rules.domain.analysis.warnings import SHADOWED, UNDONE, RuleWarning
from services.rules.domain.view import rests_on

_MOST_PARTS = 20


def shadowed(studied: Sequence[Studied]) -> Iterator[RuleWarning]:
    # A rule that only writes may be held back, and does not stop then.
    stopping = [one for one in studied if one.one.rule.stop and one.changes and not one.one.rule.has_season]
    for study in studied:
        before = [one for one in stopping if one.rank < study.rank]
        cases = [(event, facts) for event, of_event in study.cases.items() for facts in of_event]
        above = (
            [_all_before(before, study, event, facts, studied) for event, facts in cases] if before else []
        )
        if above and all(above):
            by = set().union(*above)
            others = tuple(one.rule_id for one in before if one.rule_id in by)
            yield RuleWarning(study.rule_id, SHADOWED, "rule.condition", others)


def _all_before(
    before: Sequence[Studied], study: Studied, event: str, facts: Facts, studied: Sequence[Studied]
) -> set[str]:
    """The rules that together match wherever this case would; none where there are no such."""

    def one_before(part: Facts) -> str:
        return next((one.rule_id for one in before if _matches(one, study, event, part, studied)), "")

    if whole := one_before(facts):
        return {whole}
    found = {one_before(part) for part in _split(facts)}
    return set() if "" in found else found


def _split(facts: Facts) -> list[Facts]:
    """The case once for each value of its first test that leaves a choice of values."""
    for place, one in enumerate(facts.case):
        is_choice = one.holds and one.operator == "any_of" and one.kind is not Kind.LIST
        if is_choice and len(one.values) <= _MOST_PARTS:
            before, after = facts.case[:place], facts.case[place + 1 :]
            parts = (literal(one.field, one.word, "is", value) for value in one.values)
            return [Facts((*before, part, *after), facts.fixed) for part in parts]
    return [facts]


def undone(studied: Sequence[Studied]) -> Iterator[RuleWarning]:
    """Both run on the same event, one after the other."""
    changing = [one for one in studied if one.changes]
    for study in changing:
        if study.one.rule.stop:
            continue
        for later in changing[changing.index(study) + 1 :]:
            # Out of its season it takes nothing back.
            if later.one.rule.has_season:
                continue
            if not study.changes & later.changes or not _follows(study, later, studied):
                continue
            for effect in study.effects:
                if any(undoes(other.step, effect.step) for other in later.effects):
                    yield RuleWarning(study.rule_id, UNDONE, effect.path, (later.rule_id,))


def _follows(study: Studied, later: Studied, studied: Sequence[Studied]) -> bool:
    """At some event the later rule matches whenever this one did."""
    return any(
        of_event and all(_matches(later, study, event, facts, studied) for facts in of_event)
        for event in study.cases
        if event in later.cases
        for of_event in [study.afterwards(event)]
    )


def _matches(other: Studied, study: Studied, event: str, facts: Facts, studied: Sequence[Studied]) -> bool:
    """The other rule, above or below, matches for certain where this is so of the one that is studied."""
    return any(
        facts.implies(*asked.case) and not _changed_between(other, study, event, asked, studied)
        for asked in other.cases.get(event, ())
    )


def _changed_between(
    one: Studied, other: Studied, event: str, asked: Facts, studied: Sequence[Studied]
) -> bool:
    """Rules between the two may have changed what is asked for."""
    fields = {part.field for part in asked.case if not part.asks_of_change}
    first, last = sorted((one.rank, other.rank))
    return any(
        rests_on(field, changed)
        for between in studied
        if first < between.rank < last and event in between.cases
        for changed in between.changes
        for field in fields
    )
