"""What the use cases need of the outside."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

from chassis.businesstime import CalendarNews, SavedCalendars
from services.reports.domain.board import Window
from services.reports.domain.export import Export
from services.reports.domain.figures import Figures
from services.reports.domain.promises import Promise
from services.reports.domain.query import LoadQuery, Query
from services.reports.domain.queues import QueueMinutes, QueueState, Reading
from services.reports.domain.spells import Spell
from services.reports.domain.tally import Key, Tally


class Clock(Protocol):
    """Says what time it is."""

    def now(self) -> datetime: ...


class Spells(Protocol):
    """Ends of spells that wait for their other end. What was kept earlier in the batch is seen."""

    def take(self, spell_id: str) -> Spell | None:
        """The end that waits, which waits no longer."""
        ...

    def keep(self, spell: Spell) -> None:
        """Let an end wait."""
        ...


class FirstReplies(Protocol):
    """Tickets whose first reply is counted."""

    def claim(self, ticket_id: str) -> bool:
        """True once for a ticket: two answers of one millisecond are one first reply."""
        ...


class Promises(Protocol):
    """What was heard of promises. What was kept earlier in the batch is seen."""

    def get(self, promise_id: str) -> Promise:
        """One of which nothing was heard is empty."""
        ...

    def keep(self, promise: Promise) -> None:
        """Remember it in place of what was known."""
        ...


class Calendars(Protocol):
    """Open hours, as they were saved elsewhere."""

    def newest(self) -> SavedCalendars:
        """Every version that is kept; the same for the whole batch."""
        ...

    def keep(self, news: CalendarNews) -> None: ...


class CountingPorts(Protocol):
    """Of one batch of facts."""

    tally: Tally
    spells: Spells
    first_replies: FirstReplies
    promises: Promises

    @property
    def calendars(self) -> Calendars: ...


class Buckets(Protocol):
    """What was counted, to be read."""

    def buckets(self, query: Query) -> Iterator[tuple[Key, Figures]]:
        """The kept rows of the query's dimension and span, in the order of their minutes."""
        ...

    def minutes(self, window: Window) -> Iterator[tuple[Key, Figures]]:
        """The single minutes of a window, by channel."""
        ...


class Loads(Protocol):
    """The queues' load, minute by minute."""

    def keep(self, states: Sequence[QueueState], at: datetime) -> None:
        """Add one look to its minute and its 15 minutes."""
        ...

    def list(self, query: LoadQuery) -> Sequence[QueueMinutes]:
        """By time, then by queue."""
        ...

    def latest(self, at: datetime) -> Sequence[QueueMinutes]:
        """What was last seen of each queue before a moment, at most a few minutes old."""
        ...


class Broker(Protocol):
    """Whoever knows how many messages lie in the queues."""

    def readings(self) -> Sequence[Reading]:
        """All queues as they are. Raises Unavailable."""
        ...


class Exports(Protocol):
    """Exports and their files."""

    def add(self, export: Export) -> bool:
        """Keep a new one; False where its id is taken."""
        ...

    def get(self, export_id: str) -> Export | None: ...

    def claim(self, export_id: str) -> Export | None:
        """Make it ours for some minutes; None where it is done or in other hands."""
        ...

    def take_due(self) -> Sequence[str]:
        """Those to enqueue: new ones, and those of which nothing was heard for a minute. They are not told again for
        as long."""
        ...

    def write(self, export: Export, lines: Iterator[bytes]) -> int:
        """Keep the file, piece by piece; answers its size."""
        ...

    def finish(self, export: Export) -> None:
        """Keep the end of an attempt, if its fence is still the latest."""
        ...

    def read(self, export: Export) -> Iterator[bytes]:
        """The file, piece by piece."""
        ...

    def forget_old(self) -> int:
        """Delete what is past its time, with its file; answers how many."""
        ...
