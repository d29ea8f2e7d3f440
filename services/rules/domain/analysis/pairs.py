"""What one rule does to another on the same event: comes before it and stops, or takes back what it did."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from chassis.conditions import Kind
from services.rules.domain.analysis.effects import afterwards, undoes
from services.rules.domain.analysis.knowledge import implies
from services.rules.domain.analysis.literals import Case
from services.rules.domain.analysis.studied import Studied, fixed_at
from services.rules.domain.analysis.warnings import SHADOWED, UNDONE, RuleWarning

_MOST_PARTS = 20


def shadowed(studied: Sequence[Studied]) -> Iterator[RuleWarning]:
    # A rule that only writes may be held back, and does not stop then.
    stopping = [study for study in studied if study.one.rule.stop and study.changes]
    for study in studied:
        cases = [(event, case) for event, of_event in study.cases.items() for case in of_event]
        before = [one for one in stopping if one.rank < study.rank]
        if not (cases and before):
            continue
        by: set[str] = set()
        for event, case in cases:
            above = _all_before(before, study, event, case, studied)
            if not above:
                break
            by |= above
        else:
            others = tuple(one.rule_id for one in before if one.rule_id in by)
            yield RuleWarning(study.rule_id, SHADOWED, "rule.condition", others)


def _all_before(
    before: Sequence[Studied], study: Studied, event: str, case: Case, studied: Sequence[Studied]
) -> set[str]:
    """The rules that together match wherever this case would; none where there are no such."""

    def one_before(part: Case) -> str:
        return next((one.rule_id for one in before if _is_before(one, study, event, part, studied)), "")

    if whole := one_before(case):
        return {whole}
    found = {one_before(part) for part in _split(case)}
    return set() if "" in found else found


def _split(case: Case) -> list[Case]:
    """The case once for each value of its first test that leaves a choice of values."""
    for place, one in enumerate(case):
        if (
            one.holds
            and one.operator == "any_of"
            and one.kind is not Kind.LIST
            and len(one.values) <= _MOST_PARTS
        ):
            return [
                (*case[:place], replace(one, operator="is", values=(value,)), *case[place + 1 :])
                for value in one.values
            ]
    return [case]


def _is_before(above: Studied, study: Studied, event: str, case: Case, studied: Sequence[Studied]) -> bool:
    """The rule above matches for certain where this case would."""
    return any(
        _may_imply(case, other, event)
        and implies(case, other, fixed_at(event))
        and not _changed_between(above, study, event, other, studied)
        for other in above.cases.get(event, ())
    )


def _may_imply(case: Case, other: Case, event: str) -> bool:
    """A look that costs nothing: what is asked of a field must be known of it."""
    known = {one.field for one in case} | set(fixed_at(event))
    return all(one.field in known for one in other)


def _changed_between(
    first: Studied, last: Studied, event: str, case: Case, studied: Iterable[Studied]
) -> bool:
    """Rules between the two may have changed what the case asks for."""
    asked = {one.field for one in case if not one.operator.startswith("changed")}
    return any(
        asked & one.changes for one in studied if first.rank < one.rank < last.rank and event in one.cases
    )


def undone(studied: Sequence[Studied]) -> Iterator[RuleWarning]:
    """Both run on the same event, one after the other."""
    changing = [study for study in studied if study.changes]
    for study in changing:
        if study.one.rule.stop:
            continue
        for later in changing:
            if later.rank <= study.rank or not study.changes & later.changes:
                continue
            pairs = [
                one for one in study.effects if any(undoes(other.step, one.step) for other in later.effects)
            ]
            if pairs and _follows(study, later, studied):
                for effect in pairs:
                    yield RuleWarning(study.rule_id, UNDONE, effect.path, (later.rule_id,))


def _follows(study: Studied, later: Studied, studied: Sequence[Studied]) -> bool:
    """At some event the later rule matches whenever this one did."""
    for event, cases in study.cases.items():
        others = later.cases.get(event)
        if not (cases and others):
            continue
        fixed = fixed_at(event)
        if all(
            any(
                implies(afterwards(case, study.effects), other, fixed)
                and not _changed_between(study, later, event, other, studied)
                for other in others
            )
            for case in cases
        ):
            return True
    return False
