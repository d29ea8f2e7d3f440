"""What is counted of lookups."""

from chassis.telemetry import Metrics


class LookupMeasures:
    """Implements Measures."""

    def __init__(self, metrics: Metrics) -> None:
        self._lookups = metrics.counter(
            "lookups_total",
            "Questions to systems outside about a requester, by what came of them.",
            ("source", "outcome"),
        )
        self._seconds = metrics.histogram(
            "lookup_seconds", "How long a system outside took for one question.", ("source",)
        )

    def count(self, source_id: str, outcome: str) -> None:
        self._lookups.labels(source_id, outcome).inc()

    def took(self, source_id: str, seconds: float) -> None:
        self._seconds.labels(source_id).observe(seconds)
