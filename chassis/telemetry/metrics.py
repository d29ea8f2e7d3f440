"""The process's metrics: one plain registry, names with the product's prefix."""

from collections.abc import Sequence
from threading import Lock
from typing import TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import choose_encoder

Metric = TypeVar("Metric", Counter, Gauge, Histogram)

# From a lookup in memory to the minute that an SLO of one minute needs to see.
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)


class Tally:
    """A counter's children, each looked up once: by its labels that costs more than counting with it. Their values must
    be few."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._children: dict[tuple[str, ...], Counter] = {}

    def count(self, *labels: str) -> None:
        """One more of the child with these labels."""
        child = self._children.get(labels)
        if child is None:
            child = self._children[labels] = self._counter.labels(*labels)
        child.inc()


class Metrics:
    """Makes each metric once: asking again by the same name gives the same one. Safe in any thread."""

    def __init__(self, prefix: str, registry: CollectorRegistry | None = None) -> None:
        self.prefix = prefix
        self.registry = registry if registry is not None else CollectorRegistry()
        self._made: dict[str, tuple[Counter | Gauge | Histogram, Sequence[str]]] = {}
        self._lock = Lock()

    def counter(
        self, name: str, text: str, labels: Sequence[str] = (), *, prefix: str | None = None
    ) -> Counter:
        """`prefix=""` is for names that belong to a standard (`grpc_server_handled_total`)."""
        return self._once(Counter, name, text, labels, prefix, {})

    def gauge(self, name: str, text: str, labels: Sequence[str] = (), *, prefix: str | None = None) -> Gauge:
        """A value that goes up and down; `set_function` where it is cheap to ask for."""
        return self._once(Gauge, name, text, labels, prefix, {})

    def histogram(
        self,
        name: str,
        text: str,
        labels: Sequence[str] = (),
        *,
        buckets: Sequence[float] = SECONDS,
        prefix: str | None = None,
    ) -> Histogram:
        """Observe with `exemplar=telemetry.exemplar()` where a trace is worth finding from it."""
        return self._once(Histogram, name, text, labels, prefix, {"buckets": tuple(buckets)})

    def with_process(self) -> "Metrics":
        """Add what Prometheus wants to know of any Python process: CPU, memory, descriptors, garbage."""
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        return self

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """All metrics and their content type: OpenMetrics with exemplars where `accept` takes it, else text."""
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type

    def _once(
        self,
        kind: type[Metric],
        name: str,
        text: str,
        labels: Sequence[str],
        prefix: str | None,
        more: dict[str, tuple[float, ...]],
    ) -> Metric:
        head = self.prefix if prefix is None else prefix
        full = f"{head}_{name}" if head else name
        with self._lock:
            if full not in self._made:
                new = kind(full, text, tuple(labels), registry=self.registry, **more)  # type: ignore[arg-type]
                self._made[full] = (new, tuple(labels))
            made, its_labels = self._made[full]
        if not isinstance(made, kind) or its_labels != tuple(labels):
            raise ValueError(f"{full} is already a {type(made).__name__} with the labels {its_labels}")
        return made
