"""What the rules make of one event: which match, what they decide, what is held back and why. Pure.

Rules run in order, and each sees the ticket as those before have left it. A rule runs at most once in the chain of
events that one outside cause began, and never on what it did itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field

from chassis.conditions import TestTrace
from services.rules.domain.heard import SPAM, AddEntry, Heard, Step
from services.rules.domain.rule import CompiledRule
from services.rules.domain.rule_set import REPLY, RuleSet
from services.rules.domain.template import TemplateMistake
from services.rules.domain.view import FindCalendars, Read, View, no_calendars

MAX_DEPTH = 10
ALREADY_RAN = "already_ran"
DEPTH = "depth"
AUTOMATIC_MAIL = "automatic_mail"
ANSWER_UNWANTED = "answer_unwanted"
ALREADY_ANSWERED = "already_answered"
TOO_MANY_ANSWERS = "too_many_answers"
DISABLED = "disabled"
OUT_OF_SEASON = "out_of_season"

Find = Callable[[str], "Read | None"]


@dataclass(frozen=True, slots=True)
class Memory:
    """What the past forbids. `ran` are rules of this chain and ticket, `answered` those that answered on the ticket."""

    ran: Set[str] = frozenset()
    answered: Set[str] = frozenset()
    # How many automatic answers the sender may still get this hour.
    answers_left: int = 5


@dataclass(slots=True)
class Match:
    """A rule that held. `reason` says why something of it was held back."""

    rule: CompiledRule
    steps: list[Step] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    reason: str = ""


@dataclass(slots=True)
class Verdict:
    """What comes of an event. `held_back` are rules that held and may not run, with the reason."""

    matches: list[Match] = field(default_factory=list)
    held_back: list[tuple[CompiledRule, str]] = field(default_factory=list)
    stopped_by: str = ""
    evaluated: int = 0

    @property
    def answers(self) -> int:
        """Public answers decided."""
        return sum(is_answer(step) for match in self.matches for step in match.steps)

    def withhold(self, match: Match, reason: str) -> None:
        """Take back the answers of a rule; the rest of what it decided stays."""
        match.reason = reason
        match.steps = [step for step in match.steps if not is_answer(step)]
        match.actions = [kind for kind in match.actions if kind != REPLY]
        if not match.actions:
            self.matches.remove(match)
            self.held_back.append((match.rule, reason))


def run_rules(
    rules: RuleSet, heard: Heard, find: Find, memory: Memory, calendars: FindCalendars = no_calendars
) -> Verdict:
    """Run the rules of this set on an event."""
    view, verdict = View(heard, find, calendars), Verdict()
    for one in rules.candidates(heard.events, view):
        if one.rule.has_season and not one.rule.is_in_season(heard.occurred_at):
            continue
        verdict.evaluated += 1
        if not one.asks.holds(view):
            continue
        reason = _forbidden(one, heard, memory)
        if reason:
            verdict.held_back.append((one, reason))
            continue
        match = _decide(one, view, memory, verdict.answers)
        if match.reason and not match.actions:
            verdict.held_back.append((one, match.reason))
            continue
        verdict.matches.append(match)
        if one.rule.stop:
            verdict.stopped_by = one.rule.rule_id
            break
    return verdict


def _forbidden(one: CompiledRule, heard: Heard, memory: Memory) -> str:
    rule_id = one.rule.rule_id
    if rule_id in memory.ran or (heard.actor == "rule" and heard.actor_id == rule_id):
        return ALREADY_RAN
    return DEPTH if heard.depth > MAX_DEPTH else ""


def _decide(one: CompiledRule, view: View, memory: Memory, answers: int) -> Match:
    match = Match(one)
    for action in one.actions:
        if action.kind == REPLY:
            reason = _no_answer(one, view, memory, answers + sum(map(is_answer, match.steps)))
            if reason:
                match.reason = reason
                continue
        try:
            steps = action.decide(view.ticket, action.params)
        except TemplateMistake as mistake:
            match.reason = f"{action.kind}: {mistake}"
            continue
        match.actions.append(action.kind)
        match.steps += steps
        for step in steps:
            view.apply(step)
    return match


def _no_answer(one: CompiledRule, view: View, memory: Memory, answers: int) -> str:
    """Why the rule may not answer; empty where it may."""
    heard = view.heard
    if heard.is_automatic:
        return AUTOMATIC_MAIL
    if heard.wants_no_answer or view.ticket.status == SPAM:
        return ANSWER_UNWANTED
    if one.rule.rule_id in memory.answered:
        return ALREADY_ANSWERED
    return TOO_MANY_ANSWERS if answers >= memory.answers_left else ""


def is_answer(step: Step) -> bool:
    """The step is a message to the requester."""
    return isinstance(step, AddEntry) and step.visibility == "public"


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """What one rule saw of an event: `outcome` is matched, not_matched or held_back."""

    rule: CompiledRule
    outcome: str
    reason: str
    tests: tuple[TestTrace, ...]
    actions: tuple[str, ...]


def explain(
    rules: RuleSet,
    heard: Heard,
    find: Find,
    matched: Mapping[str, tuple[str, tuple[str, ...]]],
    held_back: Mapping[str, str],
    calendars: FindCalendars = no_calendars,
) -> Iterator[RuleTrace]:
    """Every rule of the set that hears the event, with every test.

    What matched (with its reason and actions) and what was held back (with its reason) is as it was then, by rule
    id; the rest is found by asking again.
    """
    view, stopped_by = View(heard, find, calendars), ""
    for one in rules.all_rules:
        rule = one.rule
        if not set(rule.events) & set(heard.events):
            continue
        tests = tuple(one.asks.trace(view))
        if rule.rule_id in matched:
            _decide(one, view, Memory(), 0)
            reason, actions = matched[rule.rule_id]
            yield RuleTrace(one, "matched", reason, tests, actions)
            if rule.stop:
                stopped_by = rule.rule_id
        elif rule.rule_id in held_back:
            yield RuleTrace(one, "held_back", held_back[rule.rule_id], tests, ())
        elif not one.asks.holds(view):
            yield RuleTrace(one, "not_matched", "", tests, ())
        elif not rule.enabled:
            yield RuleTrace(one, "held_back", DISABLED, tests, ())
        elif not rule.is_in_season(heard.occurred_at):
            yield RuleTrace(one, "held_back", OUT_OF_SEASON, tests, ())
        else:
            yield RuleTrace(one, "held_back", f"stopped_by:{stopped_by}", tests, ())
