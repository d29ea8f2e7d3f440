"""A clock explained: the spans in which a target's time ran, stood still or was closed, each with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from chassis.businesstime import zone_named
from services.sla.domain.target import TargetState, running_spans

RUNNING = "running"
PAUSED = "paused"
CLOSED = "closed"
OUTSIDE_HOURS = "outside_hours"
HOLIDAY = "holiday"
# A year of office hours is five hundred of them.
MOST_SEGMENTS = 400


@dataclass(frozen=True, slots=True)
class Segment:
    """One span. `elapsed` is what of the target's time was used by its end."""

    since: datetime
    to: datetime
    kind: str
    reason: str
    elapsed: timedelta


def explained(state: TargetState) -> list[Segment]:
    """The spans of a target from its beginning to its end, or to now; in order and without gaps."""
    elapsed = timedelta(0)
    segments: list[Segment] = []
    for since, to, kind, reason in _spans(state):
        if to <= since:
            continue
        if kind == RUNNING:
            elapsed += to - since
        segments.append(Segment(since, to, kind, reason, elapsed))
    return segments


def _spans(state: TargetState) -> Iterator[tuple[datetime, datetime, str, str]]:
    until = state.ended_at or max(state.as_of, state.started_at)
    paused = [(pause.since, pause.to or until, pause.reason) for pause in state.pauses]
    counted = [(since, to or until, "") for since, to in running_spans(state.run)]
    for since, to, reason in sorted([*paused, *counted]):
        if reason:
            yield since, to, PAUSED, reason
        else:
            yield from _counted(state, since, to)


def _counted(
    state: TargetState, since: datetime, to: datetime
) -> Iterator[tuple[datetime, datetime, str, str]]:
    """Time that counts, as far as it is open."""
    at = since
    for opens, closes in state.calendar.spans(since, to) if to > since else ():
        if opens > at:
            yield at, opens, CLOSED, _why_closed(state, at, opens)
        yield opens, closes, RUNNING, ""
        at = closes
    if to > at:
        yield at, to, CLOSED, _why_closed(state, at, to)


def _why_closed(state: TargetState, since: datetime, to: datetime) -> str:
    hours = state.calendar.hours
    closed = hours.holidays | {written.day for written in hours.days if not written.hours}
    if not closed:
        return OUTSIDE_HOURS
    zone = zone_named(hours.zone)
    first: date = since.astimezone(zone).date()
    last: date = (to - timedelta.resolution).astimezone(zone).date()
    days = (first + timedelta(days=day) for day in range((last - first).days + 1))
    return HOLIDAY if any(day in closed for day in days) else OUTSIDE_HOURS
