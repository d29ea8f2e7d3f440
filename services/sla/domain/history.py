"""What happened to a ticket, as far as its clocks care, in the order of its versions.

Nothing here is changed once it is made, but for the history itself. It is not frozen all the same: a frozen one takes
six times as long to make, and every fact makes half a dozen.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from services.sla.domain.counting import AGENT, PEOPLE, REQUESTER
from services.sla.domain.folding import folded
from services.sla.domain.snapshot import Change, Snapshot, opening_of

_MOVING = frozenset({"status", "priority"})
FINISHED = frozenset({"solved", "closed"})
# Nobody waits for anything: what is finished; and spam and what goes on in another ticket, which are no solution.
AT_REST = FINISHED | {"spam", "merged"}
# Old messages are folded away beyond this many entries, and looked for again after so many more.
FOLD_ABOVE = 400
_FOLD_EVERY = 50
# How many missing versions are told by name.
_NAMED = 10


@dataclass(slots=True)
class Entry:
    """One fact. `wrote` says whose message came with it, in the words of `counting`.

    An opening's changes are the values it began with.
    """

    version: int
    index: int
    at: datetime
    wrote: str = ""
    changes: tuple[Change, ...] = ()
    is_opening: bool = False


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
    # The moment of the latest fact, whatever it was.
    latest_at: datetime
    entries: list[Entry] = field(default_factory=list)
    # Every version up to here is known; `ahead` are those beyond a gap.
    seen_to: int = 0
    ahead: set[int] = field(default_factory=set)
    # Up to this version old messages were left out; waits that ended by then are told no more.
    folded_to: int = 0
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
        self.mark = Mark(self.snapshot, self.latest_at, len(self.entries)) if self.is_whole else None

    def values(self, mark: Mark | None = None) -> dict[str, str]:
        """The watched values after all entries, or as they were at a mark."""
        found = (mark or self).snapshot.values
        for entry in self.entries[: mark.entries] if mark is not None else self.entries:
            for change in entry.changes:
                found[change.field] = change.new
        return found

    def _enter(self, entry: Entry) -> None:
        if entry.wrote in PEOPLE or any(change.field in _MOVING for change in entry.changes):
            self.mark = None
        place = _place(entry)
        if not self.entries or _place(self.entries[-1]) < place:
            self.entries.append(entry)
        elif entry.version > self.folded_to and all(_place(other) != place for other in self.entries):
            insort(self.entries, entry, key=_place)
            self.mark, self.kept = None, 0
        if len(self.entries) > FOLD_ABOVE and len(self.entries) % _FOLD_EVERY == 0:
            self._fold()

    def _fold(self) -> None:
        entries, edge = folded(self.entries, self.seen_to)
        if edge:
            self.entries, self.folded_to = entries, max(edge, self.folded_to)
            self.mark, self.kept = None, 0

    def fill(self, entries: Sequence[Entry], seen_to: int) -> None:
        """Take in the log from its beginning up to a version; what came since stays.

        The log does not say what a ticket began with: that follows from what was changed first.
        """
        self.mark, self.kept, self.folded_to = None, 0, 0
        later = [entry for entry in self.entries if entry.version > seen_to]
        self.entries = sorted([*entries, *later], key=_place)
        if self.entries and self.entries[0].is_opening:
            self.entries[0] = replace(
                self.entries[0], at=self.snapshot.created_at, changes=opening_of(self._began_with())
            )
        self.seen_to = max(self.seen_to, seen_to)
        ahead, self.ahead = sorted(self.ahead), set()
        for version in ahead:
            self._count(version)
        if len(self.entries) > FOLD_ABOVE:
            self._fold()

    @property
    def has_gap(self) -> bool:
        """Some version before the highest one has not come yet."""
        return bool(self.ahead)

    @property
    def is_whole(self) -> bool:
        """Nothing is missing, the beginning neither: what follows from it is true."""
        return not self.ahead and bool(self.entries) and self.entries[0].is_opening

    @property
    def missing(self) -> tuple[int, ...]:
        """The first versions that have not come yet."""
        highest = max(self.ahead, default=0)
        gone = (version for version in range(self.seen_to + 1, highest) if version not in self.ahead)
        return tuple(islice(gone, _NAMED))

    def complete(self) -> list[Entry]:
        """The entries, with what a gap hides put in from the snapshot."""
        if self.is_whole:
            return self.entries
        return sorted(
            [*self.entries, *self._supposed()], key=lambda entry: (not entry.is_opening, *_place(entry))
        )

    def _supposed(self) -> Iterator[Entry]:
        snapshot = self.snapshot
        if not any(entry.is_opening for entry in self.entries):
            wrote = REQUESTER if snapshot.last_requester_message_at is not None else ""
            changes = opening_of(self._began_with())
            yield Entry(0, 0, snapshot.created_at, wrote, changes, is_opening=True)
        replied = snapshot.first_replied_at
        if replied is not None and not any(entry.wrote == AGENT for entry in self.entries):
            before = [entry.version for entry in self.entries if entry.at <= replied]
            yield Entry(max(before, default=0), 1_000, replied, AGENT)

    def _began_with(self) -> dict[str, str]:
        """The values at the beginning: what was changed first tells what was there before."""
        began = self.snapshot.values
        told: set[str] = set()
        for entry in self.entries:
            if entry.is_opening:
                continue
            for change in entry.changes:
                if change.field not in told:
                    told.add(change.field)
                    began[change.field] = change.old
        return began

    def _count(self, version: int) -> None:
        if version <= self.seen_to:
            return
        self.ahead.add(version)
        while self.seen_to + 1 in self.ahead:
            self.seen_to += 1
            self.ahead.remove(self.seen_to)


def _place(entry: Entry) -> tuple[int, int]:
    return entry.version, entry.index
