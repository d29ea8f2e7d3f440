"""What happened to a ticket, as far as its clocks care, in the order of its versions.

Nothing here is changed once it is made, but for the history itself. It is not frozen all the same: a frozen one takes
six times as long to make, and every fact makes half a dozen.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

REQUESTER = "requester"
AGENT = "agent"
# The fields whose changes a clock looks at.
WATCHED = ("status", "priority", "group", "sla_policy")
_MOVING = frozenset({"status", "priority"})
FINISHED = frozenset({"solved", "closed"})
# Nobody waits for anything: what is finished, and spam, which is no solution of anything.
AT_REST = FINISHED | {"spam"}
# Old waits are folded away beyond this many entries, so that a chat of years stays small.
FOLD_ABOVE = 400
_WAITS_KEPT = 100


@dataclass(slots=True)
class Change:
    """A watched field's step."""

    field: str
    old: str
    new: str


@dataclass(slots=True)
class Entry:
    """One fact. `wrote` is REQUESTER or AGENT where a person's public message came with it.

    An opening's changes are the values it began with.
    """

    version: int
    index: int
    at: datetime
    wrote: str = ""
    changes: tuple[Change, ...] = ()
    is_opening: bool = False


@dataclass(slots=True)
class Snapshot:
    """The ticket as of its highest version known here."""

    ticket_id: str
    version: int
    created_at: datetime
    status: str
    priority: str
    channel: str = ""
    lane: str = ""
    group: str = ""
    agent: str = ""
    tags: tuple[str, ...] = ()
    sla_policy: str = ""
    first_replied_at: datetime | None = None
    last_requester_message_at: datetime | None = None

    @property
    def values(self) -> dict[str, str]:
        """The watched fields, each with its value."""
        return {
            "status": self.status,
            "priority": self.priority,
            "group": self.group,
            "sla_policy": self.sla_policy,
        }

    @property
    def opening(self) -> tuple[Change, ...]:
        """The changes of an opening: the values it began with, where nothing was changed since."""
        return (
            Change("status", "", self.status),
            Change("priority", "", self.priority),
            Change("group", "", self.group),
            Change("sla_policy", "", self.sla_policy),
        )


@dataclass(slots=True)
class Mark:
    """How a history stood when its clock was settled."""

    snapshot: Snapshot
    latest_at: datetime
    entries: int


@dataclass(slots=True)
class History:
    """The entries known so far. Facts may come in any order and more than once."""

    snapshot: Snapshot
    # The moment of the latest fact, whatever it was: policies of that moment hold.
    latest_at: datetime
    entries: list[Entry] = field(default_factory=list)
    # Every version up to here is known; `ahead` are those beyond a gap.
    seen_to: int = 0
    ahead: set[int] = field(default_factory=set)
    # None once something came that moves clocks under the same policy: a message, a status, a priority, what is late.
    mark: Mark | None = field(default=None, compare=False)
    # How many of the entries are the store's first ones, in its order.
    kept: int = field(default=0, compare=False)

    def observe(self, snapshot: Snapshot, at: datetime, entry: Entry | None) -> None:
        """Take in one fact: the ticket after it, its moment, and what of it matters."""
        if snapshot.version >= self.snapshot.version:
            self.snapshot = snapshot
        self.latest_at = max(self.latest_at, at)
        self._count(snapshot.version)
        if self.ahead:
            self.mark = None
        if entry is not None:
            self._enter(entry)

    def settled(self) -> None:
        """All of it is in what was said; a history with something missing is looked at again each time."""
        whole = not self.ahead and bool(self.entries) and self.entries[0].is_opening
        self.mark = Mark(self.snapshot, self.latest_at, len(self.entries)) if whole else None

    def values(self, mark: Mark | None = None) -> dict[str, str]:
        """The watched values after all entries, or as they were at a mark."""
        found = (mark or self).snapshot.values
        for entry in self.entries[: mark.entries] if mark is not None else self.entries:
            for change in entry.changes:
                found[change.field] = change.new
        return found

    def _enter(self, entry: Entry) -> None:
        if entry.wrote or any(change.field in _MOVING for change in entry.changes):
            self.mark = None
        place = _place(entry)
        if not self.entries or _place(self.entries[-1]) < place:
            self.entries.append(entry)
        elif all(_place(other) != place for other in self.entries):
            insort(self.entries, entry, key=_place)
            self.mark, self.kept = None, 0
        if len(self.entries) > FOLD_ABOVE:
            self.entries = folded(self.entries, self.seen_to)
            self.mark, self.kept = None, 0

    def fill(self, entries: Sequence[Entry], seen_to: int) -> None:
        """Take in the log from its beginning up to a version; what came since stays.

        The log does not say what a ticket began with: that follows from what was changed first.
        """
        self.mark, self.kept = None, 0
        later = [entry for entry in self.entries if entry.version > seen_to]
        self.entries = sorted([*entries, *later], key=_place)
        if self.entries and self.entries[0].is_opening:
            changes = tuple(Change(name, "", self._began_with(name)) for name in WATCHED)
            self.entries[0] = replace(self.entries[0], at=self.snapshot.created_at, changes=changes)
        self.seen_to = max(self.seen_to, seen_to)
        ahead, self.ahead = sorted(self.ahead), set()
        for version in ahead:
            self._count(version)

    @property
    def has_gap(self) -> bool:
        """Some version before the highest one has not come yet."""
        return bool(self.ahead)

    def complete(self) -> list[Entry]:
        """The entries, with what a gap hides put in from the snapshot."""
        if not self.has_gap and self.entries and self.entries[0].is_opening:
            return self.entries
        return sorted(
            [*self.entries, *self._supposed()], key=lambda entry: (not entry.is_opening, *_place(entry))
        )

    def _supposed(self) -> Iterator[Entry]:
        snapshot = self.snapshot
        if not any(entry.is_opening for entry in self.entries):
            wrote = REQUESTER if snapshot.last_requester_message_at is not None else ""
            changes = tuple(Change(name, "", self._began_with(name)) for name in WATCHED)
            yield Entry(0, 0, snapshot.created_at, wrote, changes, is_opening=True)
        replied = snapshot.first_replied_at
        if replied is not None and not any(entry.wrote == AGENT for entry in self.entries):
            before = [entry.version for entry in self.entries if entry.at <= replied]
            yield Entry(max(before, default=0), 1_000, replied, AGENT)

    def _began_with(self, name: str) -> str:
        for entry in self.entries:
            for change in entry.changes:
                if change.field == name and not entry.is_opening:
                    return change.old
        return self.snapshot.values[name]

    def _count(self, version: int) -> None:
        if version <= self.seen_to:
            return
        self.ahead.add(version)
        while self.seen_to + 1 in self.ahead:
            self.seen_to += 1
            self.ahead.remove(self.seen_to)


def folded(entries: Sequence[Entry], seen_to: int) -> list[Entry]:
    """The entries without messages that no clock will look at again: further ones of a wait, and those of old
    waits that were answered, but for the first. What lies beyond a gap stays, and so does what changed a field."""
    waits: list[list[Entry]] = []
    idle: set[tuple[int, int]] = set()
    waiting: Entry | None = None
    for entry in entries:
        if entry.wrote == REQUESTER and waiting is None:
            waiting = entry
        elif entry.wrote == AGENT and (waiting is not None or not waits):
            waits.append([entry] if waiting is None else [waiting, entry])
            waiting = None
        elif entry.wrote:
            idle.add(_place(entry))
    for wait in waits[1:-_WAITS_KEPT]:
        idle.update(_place(entry) for entry in wait)
    kept: list[Entry] = []
    for entry in entries:
        if entry.version > seen_to or entry.is_opening or _place(entry) not in idle:
            kept.append(entry)
        elif entry.changes:
            kept.append(replace(entry, wrote=""))
    return kept


def _place(entry: Entry) -> tuple[int, int]:
    return entry.version, entry.index
