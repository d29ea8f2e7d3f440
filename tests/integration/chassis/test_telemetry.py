import io
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from chassis import telemetry
from chassis.telemetry import SpanKind, Telemetry
from tests.fakes.otlp import otlp_receiver
from tests.waiting import wait_until


@dataclass(frozen=True)
class Settings:
    otlp_endpoint: str = ""
    trace_sample_ratio: float = 1.0
    log_level: str = "info"


def configure(settings: Settings) -> Telemetry:
    return telemetry.configure("tickets", "serve", settings, prefix="shop", output=io.BytesIO())


@pytest.fixture
def frozen_collector() -> Iterator[str]:
    """Accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    # Whoever still exports gives up now that nobody listens, and says so: not into the log of another test.
    for thread in threading.enumerate():
        if thread.name in ("telemetry-stop", "OtelBatchSpanRecordProcessor"):
            thread.join(60)
            assert not thread.is_alive(), thread.name


def test_a_trace_arrives_at_the_collector_as_one() -> None:
    with otlp_receiver() as collector:
        made = configure(Settings(collector.endpoint))
        with telemetry.start_trace("receive", attributes={"channel": "email"}) as root:
            pass
        with (
            pytest.raises(ValueError, match="no"),
            telemetry.span("process", SpanKind.CONSUMER, parent=root.traceparent),
        ):
            raise ValueError("no")
        made.stop(timedelta(seconds=5))
        receive, process = collector.spans
    assert receive.service == "tickets"
    assert receive.kind == "SERVER"
    assert receive.attributes == {"channel": "email"}
    assert process.trace_id == receive.trace_id == root.trace_id
    assert process.parent_id == receive.span_id
    assert process.kind == "CONSUMER"
    assert process.failed
    assert made.metrics.registry.get_sample_value("shop_spans_total", {"outcome": "exported"}) == 2


def test_spans_leave_by_themselves_within_seconds() -> None:
    with otlp_receiver() as collector:
        made = configure(Settings(collector.endpoint))
        with telemetry.start_trace("receive"):
            pass
        wait_until(lambda: collector.named("receive"))
        made.stop(timedelta(seconds=5))


def test_without_an_endpoint_no_road_is_sampled() -> None:
    made = configure(Settings())
    with telemetry.start_trace("receive") as root:
        assert root.traceparent == ""
    made.stop(timedelta(seconds=1))


def test_after_the_stop_no_spans_are_made() -> None:
    with otlp_receiver() as collector:
        made = configure(Settings(collector.endpoint))
        made.stop(timedelta(seconds=5))
        with telemetry.start_trace("receive") as root:
            assert root.traceparent == ""


def test_a_frozen_collector_delays_nobody_and_its_losses_are_counted(frozen_collector: str) -> None:
    made = configure(Settings(frozen_collector))
    for _ in range(5_000):
        with telemetry.start_trace("receive"):
            pass
    # Who waits for the collector drops nothing, and five seconds for each batch are longer than a test may take.
    assert made.metrics.registry.get_sample_value("shop_spans_total", {"outcome": "dropped"})
    made.stop(timedelta(milliseconds=200))


def test_a_collector_that_is_away_costs_its_spans_and_nothing_else() -> None:
    made = configure(Settings("http://127.0.0.1:1"))
    with telemetry.start_trace("receive"):
        pass
    wait_until(lambda: made.metrics.registry.get_sample_value("shop_spans_total", {"outcome": "failed"}))
    # Longer than a test may take.
    made.stop(timedelta(hours=1))
