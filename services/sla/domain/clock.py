"""The state of all targets of a ticket: a function of its history, the book of policies, and the moment.

docs/sla.md has the definitions, each with an example.

first_reply      from the requester's first message, which most often opens the ticket, to the first public answer by
                 a person. It does not stop for pending.
next_reply       from the oldest message of the requester without an answer, to the next public answer by a person.
periodic_update  from each answer to the next one.
resolution, requester_wait, agent_work
                 from the ticket's creation until it is solved or closed; they differ in when they stand still.

A ticket that is solved or closed stands still for all of them, and goes on where it was when it is opened again.
A target that is done keeps the policy, the calendar and the priority of the moment it was done; one that is open
has those of now, counted from its beginning. A version that was saved for what is new leaves what began before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from services.sla.domain.book import Book, Edition
from services.sla.domain.course import Course, course_of
from services.sla.domain.history import AT_REST, History
from services.sla.domain.policy import OF_TICKET, Policy
from services.sla.domain.target import Run, TargetState, measure, standing_still


def evaluate(history: History, book: Book, now: datetime) -> list[TargetState]:
    """Every target that runs or ran for the ticket, by its beginning; those of the whole ticket first.

    Where facts are missing each of them is `incomplete` and has no due moment.
    """
    course = course_of(history, book)
    states: list[TargetState] = []
    before: Edition | None = None
    asked: Mapping[str, str] = {}
    policy: Policy | None = None
    for names, start, end, values in _runs(course):
        edition = book.at(end or now, start)
        if edition is not before or values is not asked:
            policy, before, asked = edition.choose(history.snapshot, values), edition, values
        if policy is None:
            continue
        for name in names:
            line = policy.target(name, values["priority"])
            if line is not None:
                pauses = standing_still(course.spans, AT_REST, policy.pausing(line), start, end)
                run = Run(name, start, end, pauses)
                calendar = edition.calendar(policy, line, history.snapshot, values)
                state = measure(run, policy.policy_id, line, calendar, now, AT_REST)
                states.append(state if history.is_whole else state.unknown())
    return states


def _runs(
    course: Course,
) -> Iterator[tuple[tuple[str, ...], datetime, datetime | None, Mapping[str, str]]]:
    """Names of targets that run alike: from when to when, and the values that count."""
    solved_at = course.solved_at
    # A notice that was closed as it came was no work that anybody did in time.
    if solved_at != course.opened_at:
        values = course.values if solved_at is None else course.solved_values
        yield OF_TICKET, course.opened_at, solved_at, values
    for wait in course.waits:
        yield (wait.name,), wait.start, wait.end, course.values if wait.end is None else wait.values


def next_due(states: Sequence[TargetState]) -> TargetState | None:
    """What a list shows of a ticket: the open target that is due first, else one that stands still."""
    first: TargetState | None = None
    for state in states:
        if not state.is_open:
            continue
        if first is None or _is_before(state, first):
            first = state
    return first


def _is_before(state: TargetState, other: TargetState) -> bool:
    if state.due_at is None or other.due_at is None:
        return state.due_at is not None
    return (state.due_at, state.name) < (other.due_at, other.name)
