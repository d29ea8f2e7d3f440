"""One target of one ticket: how much of its time is used, when it falls due, and whether it was kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chassis.businesstime import Calendar
from services.sla.domain.policy import PolicyTarget

RUNNING = "running"
PAUSED = "paused"
MET = "met"
BREACHED = "breached"
CANCELLED = "cancelled"
# Facts of the ticket are missing: what follows from the rest may be wrong, so nothing is said to be due.
INCOMPLETE = "incomplete"
_ZERO = timedelta(0)


@dataclass(slots=True)
class Pause:
    """Time that does not count. `to` is None while it lasts; `reason` is the status that caused it."""

    since: datetime
    to: datetime | None
    reason: str


@dataclass(slots=True)
class Run:
    """What a target measures: from the moment it began to the moment it was done, None where it is not yet."""

    name: str
    started_at: datetime
    ended_at: datetime | None = None
    pauses: tuple[Pause, ...] = ()


@dataclass(slots=True)
class TargetState:
    """A run under a policy's line, as of a moment. Durations are in the line's time (business or calendar), and are
    counted when somebody asks: for what is armed and shown the moments are enough."""

    run: Run
    policy_id: str
    line: PolicyTarget
    calendar: Calendar
    as_of: datetime
    # When the time is or was used up; None while it stands still and was not used up before.
    due_at: datetime | None
    # When each warning was or will be due, with how long before due it was wanted, earliest first; without those that the
    # time, which stands still, has not come to.
    warnings: tuple[tuple[datetime, timedelta], ...]
    is_breached: bool
    # Stands still now, and why: the status.
    standing: str
    is_cancelled: bool
    is_incomplete: bool = False

    @property
    def name(self) -> str:
        return self.run.name

    @property
    def started_at(self) -> datetime:
        return self.run.started_at

    @property
    def ended_at(self) -> datetime | None:
        return self.run.ended_at

    @property
    def pauses(self) -> tuple[Pause, ...]:
        return self.run.pauses

    @property
    def within(self) -> timedelta:
        return self.line.within

    @property
    def elapsed(self) -> timedelta:
        return sum((self._between(since, to) for since, to in running_spans(self.run)), _ZERO)

    @property
    def paused(self) -> timedelta:
        return sum((self._between(pause.since, pause.to) for pause in self.run.pauses), _ZERO)

    @property
    def late(self) -> timedelta:
        return max(_ZERO, self.elapsed - self.line.within) if self.is_breached else _ZERO

    @property
    def state(self) -> str:
        if self.is_incomplete:
            return INCOMPLETE
        if self.is_breached:
            return BREACHED
        if self.run.ended_at is not None:
            return MET
        if self.is_cancelled:
            return CANCELLED
        return PAUSED if self.standing else RUNNING

    @property
    def is_open(self) -> bool:
        """Somebody is still waiting for it."""
        return self.run.ended_at is None and not self.is_cancelled

    def unknown(self) -> TargetState:
        """The same, with nothing said of what is due, met or missed."""
        return replace(self, due_at=None, warnings=(), is_breached=False, is_incomplete=True)

    def _between(self, since: datetime, to: datetime | None) -> timedelta:
        return self.calendar.between(since, to if to is not None else max(self.as_of, since))


def measure(
    run: Run,
    policy_id: str,
    line: PolicyTarget,
    calendar: Calendar,
    now: datetime,
    finished: frozenset[str],
) -> TargetState:
    """The state of a run at `now`. In a status of `finished` it stands still because nobody waits any more."""
    within, ended_at = line.within, run.ended_at
    leads = line.leads
    warnings: list[tuple[datetime, timedelta]] = []
    used = _ZERO
    due_at = None
    last: tuple[datetime, timedelta] | None = None
    for since, to in running_spans(run):
        last = (since, used)
        # It goes on: whatever is not used up yet will be.
        reached = used + calendar.between(since, to) if to is not None else None
        if due_at is None and (reached is None or reached >= within):
            due_at = calendar.after(since, within - used)
        while len(warnings) < len(leads):
            lead = leads[len(warnings)]
            if reached is not None and reached < within - lead:
                break
            warnings.append((calendar.after(since, max(_ZERO, within - lead - used)), lead))
        if reached is not None:
            used = reached
    is_breached = due_at is not None and (due_at < ended_at if ended_at is not None else due_at <= now)
    if due_at is None and ended_at is not None and last is not None:
        # Done in time: what would have been its due moment, had it gone on.
        due_at = calendar.after(last[0], within - last[1])
    standing = run.pauses[-1].reason if run.pauses and run.pauses[-1].to is None else ""
    is_cancelled = ended_at is None and standing in finished
    return TargetState(
        run, policy_id, line, calendar, now, due_at, tuple(warnings), is_breached, standing, is_cancelled
    )


def running_spans(run: Run) -> Iterator[tuple[datetime, datetime | None]]:
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
    finished: frozenset[str],
    pausing: Sequence[str],
    start: datetime,
    end: datetime | None,
) -> tuple[Pause, ...]:
    """The pauses of a run from the ticket's spans of one status each: those in `finished` and `pausing`, cut to the
    run."""
    pauses: list[Pause] = []
    for since, to, status in spans:
        if status not in finished and status not in pausing:
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
