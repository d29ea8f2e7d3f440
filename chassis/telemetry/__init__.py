"""What is seen of a process from outside: logs, metrics, spans. `configure` sets them up, once, at its start."""

import random
import socket
import sys
import threading
import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import BinaryIO, Protocol

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace import Span as SdkSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import SpanKind

from chassis.telemetry import semconv, tracing
from chassis.telemetry.logs import configure_logs, log_uncaught, logger
from chassis.telemetry.metrics import Metrics
from chassis.telemetry.tracing import (
    Span,
    current_traceparent,
    exemplar,
    extract,
    inject,
    sampled,
    span,
    start_trace,
)

__all__ = [
    "Metrics",
    "Span",
    "SpanKind",
    "Telemetry",
    "TelemetrySettings",
    "configure",
    "current_traceparent",
    "exemplar",
    "extract",
    "inject",
    "log_uncaught",
    "logger",
    "sampled",
    "semconv",
    "span",
    "start_trace",
    "tracing",
]

_QUEUE = 2048
_EXPORT_DELAY = timedelta(seconds=1)
# A collector that does not answer within this has lost the batch; nobody waits for it but the exporting thread.
_EXPORT_TIMEOUT = timedelta(seconds=5)


class TelemetrySettings(Protocol):
    """What a service's configuration must have."""

    @property
    def otlp_endpoint(self) -> str:
        """Where spans go (gRPC, `http://host:4317`); empty: nowhere, and none are made."""
        ...

    @property
    def trace_sample_ratio(self) -> float:
        """Share of the roads that begin here and are recorded, 0 to 1."""
        ...

    @property
    def log_level(self) -> str: ...


class Telemetry:
    """What `configure` set up. As a component it is started first and stopped last, so that the last spans leave."""

    name = "telemetry"

    def __init__(self, metrics: Metrics, provider: TracerProvider | None) -> None:
        self.metrics = metrics
        self._provider = provider

    def start(self) -> None:
        """Everything runs since `configure`."""

    def stop(self, grace: timedelta) -> None:
        """Send the spans that wait, for at most `grace`; from here on none are made."""
        tracing.use(None, 0.0)
        if self._provider is not None:
            # The SDK has no bound of its own for this.
            sending = threading.Thread(target=self._provider.shutdown, name="telemetry-stop", daemon=True)
            sending.start()
            sending.join(grace.total_seconds())
            self._provider = None


def configure(
    service: str,
    role: str,
    settings: TelemetrySettings,
    *,
    prefix: str,
    output: BinaryIO | None = None,
    chance: Callable[[], float] = random.random,
) -> Telemetry:
    """Set up logs, metrics and spans for this process.

    `prefix` names the product in metrics and in `service.namespace`; `output` is stdout where not given. Where the
    collector is away or frozen, spans are dropped and counted (`<prefix>_spans_total{outcome}`), and nothing waits.
    """
    configure_logs({"service": service, "role": role}, settings.log_level, output or sys.stdout.buffer)
    metrics = Metrics(prefix).with_process()
    provider = None
    if settings.otlp_endpoint:
        provider = TracerProvider(
            # Whether a road is recorded is decided before any span exists (tracing.start_trace).
            sampler=ALWAYS_ON,
            resource=Resource.create(
                {
                    semconv.SERVICE_NAME: service,
                    semconv.SERVICE_NAMESPACE: prefix,
                    semconv.SERVICE_INSTANCE_ID: f"{socket.gethostname()}-{uuid.uuid4().hex[:8]}",
                    f"{prefix}.role": role,
                }
            ),
            shutdown_on_exit=False,
        )
        exporter = OTLPSpanExporter(
            endpoint=settings.otlp_endpoint,
            insecure=not settings.otlp_endpoint.startswith("https://"),
            timeout=_EXPORT_TIMEOUT.total_seconds(),
        )
        provider.add_span_processor(_BoundedExport(exporter, metrics))
    tracing.use(provider.get_tracer(prefix) if provider else None, settings.trace_sample_ratio, chance)
    return Telemetry(metrics, provider)


class _BoundedExport(SpanProcessor):
    """Batches in the background; what is more than the queue holds is dropped here, counted, without a wait."""

    def __init__(self, exporter: SpanExporter, metrics: Metrics) -> None:
        self._outcomes = metrics.counter("spans_total", "Spans by what became of them.", ("outcome",))
        for outcome in ("exported", "failed", "dropped"):
            self._outcomes.labels(outcome)
        self._lock = threading.Lock()
        self._waiting = 0
        self._batches = BatchSpanProcessor(
            _CountedExporter(exporter, self._gone),
            max_queue_size=_QUEUE,
            schedule_delay_millis=_EXPORT_DELAY.total_seconds() * 1000,
        )

    def on_start(self, span: SdkSpan, parent_context: Context | None = None) -> None:
        """Nothing is done before a span ends."""

    def on_end(self, span: ReadableSpan) -> None:
        with self._lock:
            full = self._waiting >= _QUEUE
            self._waiting += not full
        if full:
            self._outcomes.labels("dropped").inc()
        else:
            self._batches.on_end(span)

    def shutdown(self) -> None:
        self._batches.shutdown()  # type: ignore[no-untyped-call]

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return bool(self._batches.force_flush(timeout_millis))

    def _gone(self, spans: int, outcome: str) -> None:
        with self._lock:
            self._waiting -= spans
        self._outcomes.labels(outcome).inc(spans)


class _CountedExporter(SpanExporter):
    def __init__(self, exporter: SpanExporter, gone: Callable[[int, str], None]) -> None:
        self._exporter = exporter
        self._gone = gone

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        outcome = "failed"
        try:
            result = self._exporter.export(spans)
            if result is SpanExportResult.SUCCESS:
                outcome = "exported"
            return result
        finally:
            self._gone(len(spans), outcome)

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return self._exporter.force_flush(timeout_millis)
