"""How many tickets are open, counted over the whole store by whichever replica holds the lease."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from chassis.clock import monotonic
from chassis.leases import Lease
from chassis.telemetry.held import HeldGauges
from chassis.telemetry.metrics import Metrics
from services.tickets.adapters.mongo.queries import MongoQueries

# Counted at once, sixty thousand tickets keep an idle store busy for 70 ms, a busy one for longer, and who writes waits. A
# slice takes it a few milliseconds.
SLICE = 1000


class OpenTickets:
    """The last count, for as long as the lease lasts. A count is made in slices, one a turn, and is shown when it is
    whole: what moves meanwhile may be counted twice or not at all, until the next."""

    def __init__(self, metrics: Metrics, queries: MongoQueries, every: timedelta) -> None:
        self._queries = queries
        self._every = every.total_seconds()
        self._due = float("-inf")
        self._walk: Iterator[tuple[str, str]] | None = None
        self._counts: Counter[tuple[str, str]] = Counter()
        self._held = held = HeldGauges(metrics)
        self._open = held.gauge("tickets_open", "Tickets that are not solved.", ["channel", "priority"])

    def count(self, lease: Lease) -> bool:
        """Count a slice more, or begin anew where it is time; the body of a leased loop. Raises Unavailable."""
        self._held.prolong(lease)
        if self._walk is None and monotonic() < self._due:
            return False
        walk, self._walk = self._walk, None
        if walk is None:
            self._due = monotonic() + self._every
            self._counts.clear()
            walk = self._queries.unsolved(SLICE)
        met = list(islice(walk, SLICE))
        self._counts.update(met)
        if len(met) == SLICE:
            self._walk = walk
            return False
        for (channel, priority), count in self._counts.items():
            self._open.set(count, channel, priority)
        self._held.show(lease)
        return False

    def forget(self) -> None:
        """Another replica counts."""
        self._walk = None
