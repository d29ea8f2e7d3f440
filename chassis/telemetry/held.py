"""Gauges over a whole store: measured by whichever replica holds a lease, exported by nobody else."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from chassis.leases import Lease
from chassis.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class HeldGauge:
    """One of them; what is set is seen with the next `HeldGauges.show`."""

    name: str
    text: str
    labels: Sequence[str]
    values: dict[Sequence[str], float] = field(default_factory=dict)

    def set(self, value: float, *labels: str) -> None:
        """The value under these labels' values."""
        self.values[labels] = value


class _Shown(NamedTuple):
    lease: Lease
    values: Mapping[str, Mapping[Sequence[str], float]]


class HeldGauges(Collector):
    """Exports one look at the store for as long as the lease lasts under which it was taken: the look of a replica that
    lost it is old, and a sum over replicas would count twice. The lease must outlast the pause between two looks."""

    def __init__(self, metrics: Metrics) -> None:
        self._prefix = metrics.prefix
        self._gauges: list[HeldGauge] = []
        self._shown: _Shown | None = None
        metrics.registry.register(self)

    def gauge(self, name: str, text: str, labels: Sequence[str] = ()) -> HeldGauge:
        """A gauge of these looks."""
        made = HeldGauge(f"{self._prefix}_{name}", text, labels)
        self._gauges.append(made)
        return made

    def show(self, lease: Lease) -> None:
        """Export what was set since the last look, and nothing of that one."""
        self._shown = _Shown(lease, {gauge.name: dict(gauge.values) for gauge in self._gauges})
        for gauge in self._gauges:
            gauge.values.clear()

    def prolong(self, lease: Lease) -> None:
        """Go on exporting the last look, which the same replica took: the next one takes longer than a lease lasts."""
        if self._shown is not None and self._shown.lease.is_held:
            self._shown = self._shown._replace(lease=lease)

    def describe(self) -> Iterator[Metric]:
        """Nothing yet: what is exported depends on who holds the lease."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        shown = self._shown
        if shown is None or not shown.lease.is_held:
            return
        for gauge in self._gauges:
            family = GaugeMetricFamily(gauge.name, gauge.text, labels=gauge.labels)
            for labels, value in shown.values[gauge.name].items():
                family.add_metric(labels, value)
            yield family
