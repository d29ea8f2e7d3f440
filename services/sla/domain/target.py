"""One target of one ticket: how much of its time is used, when it falls due, and whether it was kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chassis.businesstime import Calendar
from services.sla.domain.policy import PolicyTarget

RUNNING = "running"
PAUSED = "paused"
MET = "met"
BREACHED = "breached"
CANCELLED = "cancelled"
_ZERO = timedelta(0)


@dataclass(frozen=True, slots=True)
class Pause:
    """Time that does not count. `to` is None while it lasts; `reason` is the status that caused it."""

    since: datetime
    to: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class Run:
    """What a target measures: from the moment it began to the moment it was done, None where it is not yet."""

    name: str
    started_at: datetime
    ended_at: datetime | None = None
    pauses: tuple[Pause, ...] = ()


@dataclass(frozen=True, slots=True)
class TargetState:
    """A run under a policy's line, as of a moment. Durations are in the line's time (business or calendar)."""

    name: str
    policy_id: str
    started_at: datetime
    within: timedelta
    # When the time is or was used up; None while it stands still and was not used up before.
    due_at: datetime | None
    # When the warning was or will be due; None where none is wanted or the time stands still.
    warn_at: datetime | None
    ended_at: datetime | None
    elapsed: timedelta
    paused: timedelta
    late: timedelta
    is_breached: bool
    # Stands still now, and why: the status.
    standing: str
    is_cancelled: bool
    pauses: tuple[Pause, ...]

    @property
    def state(self) -> str:
        if self.is_breached:
            return BREACHED
        if self.ended_at is not None:
            return MET
        if self.is_cancelled:
            return CANCELLED
        return PAUSED if self.standing else RUNNING

    @property
    def is_open(self) -> bool:
        """Somebody is still waiting for it."""
        return self.ended_at is None and not self.is_cancelled


def measure(
    run: Run,
    policy_id: str,
    line: PolicyTarget,
    calendar: Calendar,
    now: datetime,
    finished: frozenset[str],
) -> TargetState:
    """The state of a run at `now`. In a status of `finished` it stands still because nobody waits any more."""
    used = _ZERO
    due_at = warn_at = None
    warn_after = line.within - line.warn_before
    last: tuple[datetime, timedelta] | None = None
    for since, to in _running(run):
        if to is None:
            until = max(now, since)
            due_at = due_at or calendar.after(since, line.within - used)
            if line.warn_before:
                warn_at = warn_at or calendar.after(since, max(_ZERO, warn_after - used))
        else:
            until = to
            span = calendar.between(since, to)
            if due_at is None and used + span >= line.within:
                due_at = calendar.after(since, line.within - used)
            if line.warn_before and warn_at is None and used + span >= warn_after:
                warn_at = calendar.after(since, max(_ZERO, warn_after - used))
        last = (since, used)
        used += calendar.between(since, until)
    breached_by = run.ended_at if run.ended_at is not None else now
    is_breached = due_at is not None and (due_at < breached_by or (run.ended_at is None and due_at <= now))
    if due_at is None and run.ended_at is not None and last is not None:
        # Done in time: what would have been its due moment, had it gone on.
        due_at = calendar.after(last[0], line.within - last[1])
    standing = run.pauses[-1].reason if run.pauses and run.pauses[-1].to is None else ""
    return TargetState(
        name=run.name,
        policy_id=policy_id,
        started_at=run.started_at,
        within=line.within,
        due_at=due_at,
        warn_at=warn_at,
        ended_at=run.ended_at,
        elapsed=used,
        paused=sum((calendar.between(p.since, p.to or max(now, p.since)) for p in run.pauses), _ZERO),
        late=max(_ZERO, used - line.within) if is_breached else _ZERO,
        is_breached=is_breached,
        standing=standing,
        is_cancelled=run.ended_at is None and standing in finished,
        pauses=run.pauses,
    )


def _running(run: Run) -> Iterator[tuple[datetime, datetime | None]]:
    """The spans in which time counts; the last one is open where the run goes on."""
    since = run.started_at
    for pause in run.pauses:
        if pause.since > since:
            yield since, pause.since
        if pause.to is None:
            return
        since = max(since, pause.to)
    if run.ended_at is None:
        yield since, None
    elif run.ended_at > since or not run.pauses:
        yield since, max(since, run.ended_at)


def standing_still(
    spans: Sequence[tuple[datetime, datetime | None, str]],
    statuses: frozenset[str],
    start: datetime,
    end: datetime | None,
) -> tuple[Pause, ...]:
    """The pauses of a run from the ticket's spans of one status each: those in `statuses`, cut to the run."""
    pauses: list[Pause] = []
    for since, to, status in spans:
        if status not in statuses:
            continue
        first = max(since, start)
        last = end if to is None else (to if end is None else min(to, end))
        if last is not None and last <= first:
            continue
        if pauses and pauses[-1].to == first and pauses[-1].reason == status:
            pauses[-1] = Pause(pauses[-1].since, last, status)
        else:
            pauses.append(Pause(first, last, status))
    return tuple(pauses)
