"""How many tickets are open, counted over the whole store by whichever replica holds the lease."""

from collections.abc import Iterable
from datetime import timedelta

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from chassis.clock import monotonic
from chassis.leases import Lease
from chassis.telemetry.metrics import Metrics
from services.tickets.adapters.mongo.queries import MongoQueries


class OpenTickets(Collector):
    """Shows the last count, and nothing once it is old: another replica shows it by then, and two would be summed."""

    def __init__(self, metrics: Metrics, queries: MongoQueries, every: timedelta) -> None:
        self._name = f"{metrics.prefix}_tickets_open"
        self._queries = queries
        self._lasting = every.total_seconds() * 3
        self._counts: list[tuple[str, str, int]] = []
        self._counted_at = float("-inf")
        metrics.registry.register(self)

    def count(self, lease: Lease) -> bool:
        """Count anew; the body of a leased loop. Raises Unavailable."""
        self._counts = self._queries.open_by_channel_and_priority()
        self._counted_at = monotonic()
        return False

    def collect(self) -> Iterable[Metric]:
        gauge = GaugeMetricFamily(self._name, "Tickets that are not solved.", labels=["channel", "priority"])
        if monotonic() - self._counted_at < self._lasting:
            for channel, priority, count in self._counts:
                gauge.add_metric([channel, priority], count)
        yield gauge
