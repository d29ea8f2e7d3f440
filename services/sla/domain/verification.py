"""Whether what is kept of a ticket's clock is what its log says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from services.sla.domain.book import Book
from services.sla.domain.clock import evaluate
from services.sla.domain.history import Entry, History
from services.sla.domain.record import ClockRecord, Said
from services.sla.domain.snapshot import Snapshot
from services.sla.domain.target import TargetState


def differences(
    record: ClockRecord, ticket: Snapshot | None, log: tuple[Entry, ...], book: Book, now: datetime
) -> list[str]:
    """Sentences of what the store has and the log says otherwise; none where they agree.

    `log` is the ticket's up to the version that the store has, without a hole; `ticket` is the ticket as of that version, None
    where only later ones can be had.
    """
    kept = record.history
    if not kept.is_whole:
        missing = ", ".join(map(str, kept.missing))
        return [f"incomplete: the facts of version {missing or 'the first one on'} never came"]
    snapshot = ticket or kept.snapshot
    told = History(snapshot, kept.latest_at)
    told.fill(log, snapshot.version)
    found: list[str] = []
    if ticket is not None:
        found += _of_snapshot(kept.snapshot, ticket)
    found += _of_entries(kept, told)
    found += _of_states(evaluate(kept, book, now), evaluate(told, book, now))
    if record.page == book.page and not _is_due(record, now):
        found += _of_record(record, told, book, now)
    return found


def _is_due(record: ClockRecord, now: datetime) -> bool:
    """Something becomes true this moment: it is said when the alarm fires."""
    return record.alarm_at is not None and record.alarm_at <= now


def _of_snapshot(kept: Snapshot, ticket: Snapshot) -> Iterator[str]:
    for name, value in ticket.values.items():
        if kept.values.get(name, "") != value:
            yield f"{name}: {kept.values.get(name, '')!r} is kept, the ticket has {value!r}"
    if kept.created_at != ticket.created_at or kept.channel != ticket.channel:
        yield "created_at or channel: other than the ticket has"


def _of_entries(kept: History, told: History) -> Iterator[str]:
    # Both as they are once old messages are folded away at the same place.
    edge = max(kept.folded_to, told.folded_to)
    ours = {(entry.version, entry.index): entry for entry in kept.entries if entry.version > edge}
    theirs = {(entry.version, entry.index): entry for entry in told.entries if entry.version > edge}
    for place in sorted(ours.keys() | theirs.keys()):
        one, other = ours.get(place), theirs.get(place)
        if one != other:
            what = "is not kept" if one is None else "is not in the log" if other is None else "is other"
            yield f"version {place[0]}.{place[1]} {what}: {_entry(one)} against {_entry(other)}"


def _entry(entry: Entry | None) -> str:
    if entry is None:
        return "nothing"
    changes = ", ".join(f"{one.field} {one.old!r} to {one.new!r}" for one in entry.changes)
    return f"{entry.at.isoformat()} {entry.wrote or 'nobody'} wrote ({changes})"


def _of_states(kept: list[TargetState], told: list[TargetState]) -> Iterator[str]:
    ours = {state.name: state for state in kept}
    theirs = {state.name: state for state in told}
    for name in sorted(ours.keys() | theirs.keys()):
        one, other = ours.get(name), theirs.get(name)
        if one is None or other is None:
            yield f"{name}: {'runs' if one else 'does not run'} here, and the log says otherwise"
            continue
        for what in ("state", "policy_id", "started_at", "due_at", "ended_at", "elapsed", "paused", "late"):
            mine, its = getattr(one, what), getattr(other, what)
            if mine != its:
                yield f"{name}: {what} {_shown(mine)} here, {_shown(its)} by the log"


def _of_record(record: ClockRecord, told: History, book: Book, now: datetime) -> Iterator[str]:
    """What lists, alarms and listeners were told."""
    again = ClockRecord(told)
    again.settle(book, now)
    if again.shown != record.shown:
        yield f"shown in lists: {record.shown} is kept, the log says {again.shown}"
    if again.alarm_at != record.alarm_at:
        yield f"alarm_at: {_shown(record.alarm_at)} is set, the log says {_shown(again.alarm_at)}"
    keys = again.said.keys() | record.said.keys()
    if again.history.folded_to or record.history.folded_to:
        # Of waits before the fold each tells as far back as it was folded.
        keys = again.said.keys() & record.said.keys()
    for key in sorted(keys):
        mine, its = _said(record.said.get(key)), _said(again.said.get(key))
        if mine != its:
            yield f"said of {key}: {mine} here, {its} by the log"


def _said(said: Said | None) -> str:
    if said is None:
        return "nothing"
    words = [word for word, holds in (("breached", said.breached), ("met", said.met)) if holds]
    return " and ".join(words) or "nothing"


def _shown(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
