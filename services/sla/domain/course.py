"""What the entries of a history come to: who waited when, in which status, and when it was solved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.sla.domain.book import Book
from services.sla.domain.counting import AGENT, PEOPLE, REQUESTER, counts_as
from services.sla.domain.history import FINISHED, Entry, History
from services.sla.domain.policy import FIRST_REPLY, NEXT_REPLY, PERIODIC_UPDATE
from services.sla.domain.snapshot import CORE


@dataclass(slots=True)
class Wait:
    """Somebody waits: the requester for an answer, or for the next word after an answer."""

    name: str
    start: datetime
    end: datetime | None = None
    # Of the moment it ended.
    values: Mapping[str, str] = field(default_factory=dict)
    # The version that ended it.
    ended_by: int = 0


@dataclass(slots=True)
class Course:
    """`spans` are of one status each, without gaps; the last goes on. `solved_at` is None where it is not solved now."""

    values: dict[str, str]
    opened_at: datetime
    spans: list[tuple[datetime, datetime | None, str]]
    waits: list[Wait]
    solved_at: datetime | None = None
    solved_values: dict[str, str] = field(default_factory=dict)


def course_of(history: History, book: Book) -> Course:
    """The course of a ticket. The book says, of what people did not write in public, whether it counted when it came."""
    entries = history.complete()
    opening = entries[0]
    now = history.snapshot.values
    course = Course(_after({name: now[name] for name in CORE}, opening), opening.at, [], [])
    since, answered = opening.at, False
    waiting: Wait | None = None
    update: Wait | None = None
    values = course.values
    for entry in entries:
        values = _after(values, entry)
        since = _follow_status(course, entry, since, values)
        wrote = entry.wrote
        if not wrote:
            continue
        if wrote not in PEOPLE:
            wrote = counts_as(wrote, book.at(entry.at).counted(history.snapshot, values))
        if wrote == REQUESTER and waiting is None:
            waiting = Wait(NEXT_REPLY if answered else FIRST_REPLY, entry.at)
            course.waits.append(waiting)
        elif wrote == AGENT:
            answered = True
            if waiting is not None:
                _end(waiting, entry, values)
                waiting = None
            # Two answers of one moment are one update.
            if update is not None and entry.at > update.start:
                _end(update, entry, values)
                update = None
            if update is None:
                update = Wait(PERIODIC_UPDATE, entry.at)
                course.waits.append(update)
    # Where entries are missing the snapshot knows better how it stands now.
    if history.has_gap:
        values = history.snapshot.values
        latest = Entry(history.snapshot.version, 1_000, history.latest_at)
        since = _follow_status(course, latest, since, values)
    course.values = values
    course.spans.append((since, None, values["status"]))
    if history.folded_to:
        course.waits = [wait for wait in course.waits if _is_told(wait, history.folded_to)]
    return course


def _end(wait: Wait, entry: Entry, values: Mapping[str, str]) -> None:
    wait.end, wait.values, wait.ended_by = max(entry.at, wait.start), values, entry.version


def _is_told(wait: Wait, folded_to: int) -> bool:
    """Of waits that ended before the fold only the first reply is whole."""
    return wait.end is None or wait.ended_by > folded_to or wait.name == FIRST_REPLY


def _after(values: dict[str, str], entry: Entry) -> dict[str, str]:
    if not entry.changes:
        return values
    return {**values, **{change.field: change.new for change in entry.changes}}


def _follow_status(course: Course, entry: Entry, since: datetime, values: dict[str, str]) -> datetime:
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
