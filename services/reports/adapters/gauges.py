"""The queues' load as metrics, told by whoever holds the lease and by nobody else."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from chassis.leases import Lease
from chassis.telemetry import Metrics
from services.reports.domain.queues import QueueState, dead_letters


class _Shown(NamedTuple):
    lease: Lease
    is_success: bool
    states: Sequence[QueueState]


class QueueGauges(Collector):
    """What was last seen. A replica that lost its lease exports nothing: a sum over replicas would be a lie."""

    def __init__(self, metrics: Metrics) -> None:
        self._prefix = metrics.prefix
        self._shown: _Shown | None = None
        self._last_success: datetime | None = None
        metrics.registry.register(self)

    def show(self, lease: Lease, states: Sequence[QueueState], at: datetime) -> None:
        """Export this look while the lease lasts."""
        self._last_success = at
        self._shown = _Shown(lease, True, states)

    def fail(self, lease: Lease) -> None:
        """Nothing could be seen: old numbers are worse than none."""
        self._shown = _Shown(lease, False, ())

    def describe(self) -> Iterator[Metric]:
        """Nothing yet: what is exported depends on who holds the lease."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        shown = self._shown
        if shown is None or not shown.lease.is_held:
            return
        success = self._family("queue_scrape_success", "Whether the last look at the queues saw them.")
        success.add_metric([], float(shown.is_success))
        yield success
        if self._last_success is not None:
            last = self._family(
                "queue_scrape_last_success_timestamp_seconds", "When the queues were last seen."
            )
            last.add_metric([], self._last_success.timestamp())
            yield last
        if shown.is_success:
            yield from self._queues(shown.states)

    def _queues(self, states: Sequence[QueueState]) -> Iterator[Metric]:
        messages = self._family("queue_messages", "Messages in a queue.", "queue", "state")
        consumers = self._family("queue_consumers", "Consumers of a queue.", "queue")
        drain = self._family(
            "queue_drain_seconds",
            "Until nothing is ready at the rate of 15 minutes; +Inf: it grows.",
            "queue",
        )
        oldest = self._family(
            "queue_oldest_message_age_seconds",
            "Age of the oldest message, by when it must have come.",
            "queue",
        )
        dead = self._family("dead_letters", "Messages laid aside for a person.", "queue")
        for state in states:
            messages.add_metric([state.queue, "ready"], state.ready)
            messages.add_metric([state.queue, "unacked"], state.unacked)
            consumers.add_metric([state.queue], state.consumers)
            drain.add_metric([state.queue], state.drain_seconds)
            oldest.add_metric([state.queue], state.oldest.total_seconds())
        for queue, count in dead_letters((state.queue, state.ready) for state in states).items():
            dead.add_metric([queue], count)
        yield from (messages, consumers, drain, oldest, dead)

    def _family(self, name: str, text: str, *labels: str) -> GaugeMetricFamily:
        return GaugeMetricFamily(f"{self._prefix}_{name}", text, labels=labels)
