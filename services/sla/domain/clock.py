"""The state of all targets of a ticket: a function of its history, the book of policies, and the moment.

docs/sla.md has the definitions, each with an example.

first_reply   from the requester's first message, which most often opens the ticket, to the first public answer by
              a person. It does not stop for pending.
next_reply    from the oldest message of the requester without an answer, to the next public answer by a person.
resolution    from the ticket's creation until it is solved or closed. It stands still in the policy's pause statuses.

A ticket that is solved or closed stands still for all of them, and goes on where it was when it is opened again.
A target that is done keeps the policy, the calendar and the priority of the moment it was done; one that is open
has those of the ticket's latest fact, counted from its beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.sla.domain.book import Book
from services.sla.domain.history import AGENT, AT_REST, FINISHED, REQUESTER, Entry, History
from services.sla.domain.policy import FIRST_REPLY, NEXT_REPLY, RESOLUTION
from services.sla.domain.target import Run, TargetState, measure, standing_still


@dataclass(slots=True)
class _Wait:
    """A requester waits for an answer."""

    name: str
    start: datetime
    end: datetime | None = None
    values: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Course:
    """What the entries come to."""

    values: dict[str, str]
    opened_at: datetime
    # One status each, without gaps; the last goes on.
    spans: list[tuple[datetime, datetime | None, str]]
    waits: list[_Wait]
    # The values when it was last solved, where it still is.
    solved_at: datetime | None
    solved_values: dict[str, str]


def evaluate(history: History, book: Book, now: datetime) -> list[TargetState]:
    """Every target that runs or ran for the ticket, by its beginning; resolution first."""
    course = _course(history)
    channel = history.snapshot.channel
    solved = _Wait(RESOLUTION, course.opened_at, course.solved_at, course.solved_values)
    states: list[TargetState] = []
    # A notice that was closed as it came was no work that anybody did in time.
    waits = course.waits if course.solved_at == course.opened_at else (solved, *course.waits)
    for wait in waits:
        name, start, end = wait.name, wait.start, wait.end
        values = course.values if end is None else wait.values
        edition = book.at(end or history.latest_at)
        policy = edition.choose(channel, values["group"], values["sla_policy"])
        line = policy.target(name, values["priority"]) if policy is not None else None
        if policy is None or line is None:
            continue
        pausing = policy.pause_statuses if name == RESOLUTION else ()
        run = Run(name, start, end, standing_still(course.spans, AT_REST, pausing, start, end))
        states.append(measure(run, policy.policy_id, line, edition.calendar(policy, line), now, AT_REST))
    return states


def _course(history: History) -> _Course:
    entries = history.complete()
    opening = entries[0]
    course = _Course(
        values=history.snapshot.values,
        opened_at=opening.at,
        spans=[],
        waits=[],
        solved_at=None,
        solved_values={},
    )
    since, answered = opening.at, False
    waiting: _Wait | None = None
    values = course.values
    for entry in entries:
        values = _after(values, entry)
        since = _follow_status(course, entry, since, values)
        if entry.wrote == REQUESTER and waiting is None:
            waiting = _Wait(NEXT_REPLY if answered else FIRST_REPLY, entry.at)
            course.waits.append(waiting)
        elif entry.wrote == AGENT:
            answered = True
            if waiting is not None:
                waiting.end, waiting.values = max(entry.at, waiting.start), values
                waiting = None
    # Where entries are missing the snapshot knows better how it stands now.
    if history.has_gap:
        values = history.snapshot.values
        latest = Entry(history.snapshot.version, 1_000, history.latest_at)
        since = _follow_status(course, latest, since, values)
    course.values = values
    course.spans.append((since, None, values["status"]))
    return course


def _after(values: dict[str, str], entry: Entry) -> dict[str, str]:
    if not entry.changes:
        return values
    return {**values, **{change.field: change.new for change in entry.changes}}


def _follow_status(course: _Course, entry: Entry, since: datetime, values: dict[str, str]) -> datetime:
    """Close the span of the status before, where the entry began another; answers where the present one began."""
    before, after = course.values["status"], values["status"]
    course.values = values
    # Clocks of several machines may differ by a moment; the versions do not.
    at = max(entry.at, since)
    if before == after and not entry.is_opening:
        return since
    if at > since:
        course.spans.append((since, at, before))
    if after in FINISHED and course.solved_at is None:
        course.solved_at, course.solved_values = at, values
    elif after not in FINISHED:
        course.solved_at = None
    return at


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
