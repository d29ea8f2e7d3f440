"""Reports' outside, in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from services.reports.application import HANDLERS
from services.reports.domain.board import Window
from services.reports.domain.export import DONE, FAILED, QUEUED, RUNNING, Export
from services.reports.domain.figures import Figures
from services.reports.domain.promises import Promise
from services.reports.domain.query import LoadQuery, Query
from services.reports.domain.queues import QueueMinutes, QueueState, Reading
from services.reports.domain.spells import Spell
from services.reports.domain.tally import Key, Tally
from tests.fakes.calendars import MemoryCalendars


class MemorySpells:
    def __init__(self) -> None:
        self.waiting: dict[str, Spell] = {}

    def take(self, spell_id: str) -> Spell | None:
        return self.waiting.pop(spell_id, None)

    def keep(self, spell: Spell) -> None:
        self.waiting[spell.spell_id] = spell


class MemoryFirstReplies:
    def __init__(self) -> None:
        self.known: set[str] = set()

    def claim(self, ticket_id: str) -> bool:
        if ticket_id in self.known:
            return False
        self.known.add(ticket_id)
        return True


class MemoryPromises:
    def __init__(self) -> None:
        self.known: dict[str, Promise] = {}

    def get(self, promise_id: str) -> Promise:
        return self.known.get(promise_id, Promise(promise_id))

    def keep(self, promise: Promise) -> None:
        self.known[promise.promise_id] = promise


class MemoryCounting:
    """Counts batches as the store would: each one's tally is added to rows that are read later. Implements
    CountingPorts and Buckets."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.spells = MemorySpells()
        self.first_replies = MemoryFirstReplies()
        self.promises = MemoryPromises()
        self.calendars = MemoryCalendars()
        self.kept: dict[Key, Figures] = {}
        self.kept_minutes: dict[Key, Figures] = {}

    def hear(self, *commands: object) -> None:
        """One batch."""
        for command in commands:
            HANDLERS[type(command)](command, self)
        for key, figures in self.tally.buckets().items():
            self.kept.setdefault(key, Figures()).merge(figures)
        for key, figures in self.tally.minutes().items():
            self.kept_minutes.setdefault(key, Figures()).merge(figures)
        self.tally = Tally()

    def buckets(self, query: Query) -> Iterator[tuple[Key, Figures]]:
        for key in sorted(self.kept):
            if key.by == query.dimension and query.first_minute <= key.minute < query.end_minute:
                yield key, self.kept[key]

    def minutes(self, window: Window) -> Iterator[tuple[Key, Figures]]:
        for key in sorted(self.kept_minutes):
            if window.first_minute <= key.minute <= window.last_minute:
                yield key, self.kept_minutes[key]


class MemoryLoads:
    """Gives what it was given."""

    def __init__(self, *seen: QueueMinutes) -> None:
        self.seen = seen
        self.kept: list[tuple[datetime, Sequence[QueueState]]] = []

    def keep(self, states: Sequence[QueueState], at: datetime) -> None:
        self.kept.append((at, states))

    def list(self, query: LoadQuery) -> Sequence[QueueMinutes]:
        return [one for one in self.seen if not query.queue or one.queue == query.queue]

    def latest(self, at: datetime) -> Sequence[QueueMinutes]:
        return list(self.seen)


class MemoryBroker:
    """A broker whose queues hold what a test says."""

    def __init__(self, *readings: Reading) -> None:
        self.now: Sequence[Reading] = readings

    def readings(self) -> Sequence[Reading]:
        return self.now


class MemoryExports:
    """Implements Exports, without time."""

    def __init__(self) -> None:
        self.rows: dict[str, Export] = {}
        self.files: dict[str, bytes] = {}

    def add(self, export: Export) -> bool:
        if export.export_id in self.rows:
            return False
        self.rows[export.export_id] = export
        return True

    def get(self, export_id: str) -> Export | None:
        return self.rows.get(export_id)

    def claim(self, export_id: str) -> Export | None:
        row = self.rows.get(export_id)
        if row is None or row.state in (RUNNING, DONE, FAILED):
            return None
        self.rows[export_id] = replace(row, state=RUNNING, fence=row.fence + 1)
        return self.rows[export_id]

    def take_due(self) -> Sequence[str]:
        return [name for name, row in self.rows.items() if row.state == QUEUED]

    def write(self, export: Export, lines: Iterator[bytes]) -> int:
        self.files[export.export_id] = b"".join(lines)
        return len(self.files[export.export_id])

    def finish(self, export: Export) -> None:
        if self.rows[export.export_id].fence == export.fence:
            self.rows[export.export_id] = export

    def read(self, export: Export) -> Iterator[bytes]:
        yield self.files[export.export_id]

    def forget_old(self) -> int:
        return 0
