import pytest

from chassis.telemetry import Metrics

OPENMETRICS = "application/openmetrics-text;version=1.0.0"


def test_a_metric_asked_for_twice_is_one() -> None:
    metrics = Metrics("shop")
    metrics.counter("sales_total", "Sales.", ("kind",)).labels("book").inc()
    metrics.counter("sales_total", "Sales.", ("kind",)).labels("book").inc()
    assert metrics.registry.get_sample_value("shop_sales_total", {"kind": "book"}) == 2


def test_a_name_cannot_mean_two_things() -> None:
    metrics = Metrics("shop")
    metrics.counter("sales_total", "Sales.", ("kind",))
    with pytest.raises(ValueError, match="shop_sales_total is already a Counter"):
        metrics.gauge("sales_total", "Sales.", ("kind",))
    with pytest.raises(ValueError, match="kind"):
        metrics.counter("sales_total", "Sales.", ("channel",))


def test_a_standard_name_has_no_prefix() -> None:
    metrics = Metrics("shop")
    metrics.counter("grpc_server_handled_total", "RPCs.", prefix="").inc()
    assert metrics.registry.get_sample_value("grpc_server_handled_total") == 1


def test_exemplars_are_shown_to_who_reads_openmetrics() -> None:
    metrics = Metrics("shop")
    metrics.histogram("sale_seconds", "Time.").observe(0.3, exemplar={"trace_id": "abc"})
    text, kind = metrics.exposition("text/plain")
    assert b"abc" not in text
    assert kind.startswith("text/plain")
    text, kind = metrics.exposition(OPENMETRICS)
    assert b'# {trace_id="abc"} 0.3' in text
    assert text.endswith(b"# EOF\n")
    assert kind.startswith("application/openmetrics-text")


def test_the_process_itself_is_measured() -> None:
    text, _ = Metrics("shop").with_process().exposition("")
    assert b"process_resident_memory_bytes" in text
    assert b"python_gc_objects_collected_total" in text
