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

from collections.abc import Iterator, Sequence
from datetime import datetime

from services.sla.domain.book import Book
from services.sla.domain.course import Course, Wait, course_of
from services.sla.domain.history import AT_REST, History
from services.sla.domain.policy import OF_TICKET
from services.sla.domain.target import Run, TargetState, measure, standing_still


def evaluate(history: History, book: Book, now: datetime) -> list[TargetState]:
    """Every target that runs or ran for the ticket, by its beginning; those of the whole ticket first.

    Where facts are missing each of them is `incomplete` and has no due moment.
    """
    course = course_of(history, book)
    states: list[TargetState] = []
    for wait in _waits(course):
        start, end = wait.start, wait.end
        values = course.values if end is None else wait.values
        edition = book.at(end or now, start)
        policy = edition.choose(history.snapshot, values)
        line = policy.target(wait.name, values["priority"]) if policy is not None else None
        if policy is None or line is None:
            continue
        run = Run(
            wait.name, start, end, standing_still(course.spans, AT_REST, policy.pausing(line), start, end)
        )
        state = measure(run, policy.policy_id, line, edition.calendar(policy, line), now, AT_REST)
        states.append(state if history.is_whole else state.unknown())
    return states


def _waits(course: Course) -> Iterator[Wait]:
    # A notice that was closed as it came was no work that anybody did in time.
    if course.solved_at != course.opened_at:
        for name in OF_TICKET:
            yield Wait(name, course.opened_at, course.solved_at, course.solved_values)
    yield from course.waits


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
