"""What a rule's actions make of a ticket, found by letting them decide about one that has nothing yet."""

from collections.abc import Iterable
from dataclasses import dataclass

from chassis.conditions import Field, Kind
from services.rules.domain.analysis.literals import Case, Literal, literal
from services.rules.domain.heard import (
    AddEntry,
    AddTag,
    Notify,
    RemoveTag,
    SetField,
    Step,
    Ticket,
    changed_field,
)
from services.rules.domain.rule import CompiledRule
from services.rules.domain.template import TemplateMistake
from services.rules.domain.view import rests_on

_TEXT, _LIST = Field(Kind.TEXT), Field(Kind.LIST)


@dataclass(frozen=True, slots=True)
class Effect:
    """A step and the action that it comes from."""

    step: Step
    path: str
    # The field; empty where it writes or mails.
    changes: str


def effects_of(one: CompiledRule) -> tuple[Effect, ...]:
    """The steps of all actions, in order, whatever the ticket was before."""
    return tuple(
        Effect(step, f"rule.actions[{place}]", changed_field(step))
        for place, action in enumerate(one.actions)
        for step in _steps(action.decide, action.params)
    )


def _steps(decide: object, params: object) -> list[Step]:
    # A tag is added where it is not, and taken away only where it is.
    tag = str(getattr(params, "tag", "")).strip().lower()
    for tags in ((), (tag.removesuffix("/*"),)):
        probe = Ticket("", 0, 0, "", "", "", "", tags=tags, group=_OTHER, agent=_OTHER, sla_policy=_OTHER)
        try:
            steps: list[Step] = decide(probe, params)  # type: ignore[operator]
        except TemplateMistake:
            return []
        if steps:
            return steps
    return []


# No action sets this, so that an action which empties a field is seen too.
_OTHER = "\0"


def answers(effect: Effect) -> bool:
    return isinstance(effect.step, AddEntry) and effect.step.visibility == "public"


def mails_colleagues(effect: Effect) -> bool:
    return isinstance(effect.step, Notify)


def afterwards(case: Case, effects: Iterable[Effect]) -> Case:
    """What is known of the ticket once the effects are done to one that met the case; changes stay the event's."""
    known = list(case)
    for effect in effects:
        if effect.changes:
            known = [one for one in known if not rests_on(one.field, effect.changes) or one.asks_of_change]
            if (set_so := so_after(effect)) is not None:
                known.append(set_so)
    return tuple(known)


def so_after(effect: Effect) -> Literal | None:
    """What holds once the effect is done; None where nothing can be said for certain."""
    match effect.step:
        case SetField(name, value):
            return literal(name, _TEXT, "is", value.casefold())
        case AddTag(tag):
            return literal("tags", _LIST, "contains", tag.casefold())
        case _:
            return None


def undoes(later: Step, earlier: Step) -> bool:
    """The later step takes back what the earlier one did."""
    match earlier, later:
        case SetField(name, value), SetField(other, changed):
            return name == other and value != changed
        case AddTag(tag), RemoveTag(taken):
            root = taken.removesuffix("/*")
            return tag == root or (root != taken and tag.startswith(f"{root}/"))
        case RemoveTag(), AddTag():
            return undoes(earlier, later)
    return False
