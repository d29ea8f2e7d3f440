"""How many tickets are open, counted over the whole store by whichever replica holds the lease."""

from chassis.leases import Lease
from chassis.telemetry.held import HeldGauges
from chassis.telemetry.metrics import Metrics
from services.tickets.adapters.mongo.queries import MongoQueries


class OpenTickets:
    """The last count, for as long as the lease lasts."""

    def __init__(self, metrics: Metrics, queries: MongoQueries) -> None:
        self._queries = queries
        self._held = held = HeldGauges(metrics)
        self._open = held.gauge("tickets_open", "Tickets that are not solved.", ["channel", "priority"])

    def count(self, lease: Lease) -> bool:
        """Count anew; the body of a leased loop. Raises Unavailable."""
        for channel, priority, count in self._queries.open_by_channel_and_priority():
            self._open.set(count, channel, priority)
        self._held.show(lease)
        return False
