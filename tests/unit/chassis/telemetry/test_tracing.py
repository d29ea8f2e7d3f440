from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from chassis.telemetry import SpanKind, tracing
from chassis.telemetry.tracing import (
    current_traceparent,
    exemplar,
    extract,
    inject,
    sampled,
    span,
    start_trace,
)

ROAD = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
UNSAMPLED = ROAD[:-1] + "0"


@pytest.fixture
def exported() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.use(provider.get_tracer("test"), 1.0)
    yield exporter
    tracing.use(None, 0.0)


def test_a_road_that_the_dice_leave_out_has_no_traceparent(exported: InMemorySpanExporter) -> None:
    tracing.use(tracing._Tracing.tracer, 0.5, chance=lambda: 0.5)
    with start_trace("receive") as root:
        assert root.traceparent == ""
        assert current_traceparent() == ""
    assert exported.get_finished_spans() == ()


def test_a_road_that_the_dice_take_is_known_inside_and_forgotten_after(
    exported: InMemorySpanExporter,
) -> None:
    tracing.use(tracing._Tracing.tracer, 0.5, chance=lambda: 0.49)
    with start_trace("receive", attributes={"a": 1}) as root:
        assert current_traceparent() == root.traceparent != ""
    assert current_traceparent() == ""
    (only,) = exported.get_finished_spans()
    assert only.name == "receive"
    assert only.attributes == {"a": 1}
    assert only.kind is SpanKind.SERVER
    assert f"{only.context.trace_id:032x}" == root.trace_id


def test_a_span_continues_the_road_it_is_given(exported: InMemorySpanExporter) -> None:
    with span("process", SpanKind.CONSUMER, parent=ROAD) as step:
        assert step.trace_id == "0af7651916cd43dd8448eb211c80319c"
        assert step.span_id != "b7ad6b7169203331"
    (only,) = exported.get_finished_spans()
    assert only.parent is not None
    assert f"{only.parent.span_id:016x}" == "b7ad6b7169203331"


def test_a_span_inside_another_is_its_child(exported: InMemorySpanExporter) -> None:
    with span("outer", parent=ROAD) as outer, span("inner") as inner:
        assert inner.trace_id == outer.trace_id
    inside, _ = exported.get_finished_spans()
    assert inside.parent is not None
    assert f"{inside.parent.span_id:016x}" == outer.span_id


@pytest.mark.parametrize("parent", ["", UNSAMPLED, "nonsense", None])
def test_nothing_is_made_for_a_road_that_is_not_sampled(
    exported: InMemorySpanExporter, parent: str | None
) -> None:
    with span("process", parent=parent) as step:
        step.set("a", 1)
        step.fail("Nothing")
        assert step.traceparent == ""
    assert exported.get_finished_spans() == ()


def test_an_unsampled_road_inside_a_sampled_one_stays_unsampled(exported: InMemorySpanExporter) -> None:
    with span("batch", parent=ROAD) as batch:
        with span("of another road", parent=""):
            assert current_traceparent() == ""
        assert current_traceparent() == batch.traceparent
    assert [one.name for one in exported.get_finished_spans()] == ["batch"]


def test_a_batch_links_the_sampled_roads_it_serves(exported: InMemorySpanExporter) -> None:
    with span("batch", parent="", links=["", ROAD, UNSAMPLED]) as batch:
        assert batch.trace_id != "0af7651916cd43dd8448eb211c80319c"
    (only,) = exported.get_finished_spans()
    assert [f"{link.context.span_id:016x}" for link in only.links] == ["b7ad6b7169203331"]
    with span("batch", parent="", links=["", UNSAMPLED]):
        pass
    assert len(exported.get_finished_spans()) == 1


def test_a_road_passes_through_a_process_that_records_nothing() -> None:
    tracing.use(None, 0.0)
    with span("process", parent=ROAD):
        assert current_traceparent() == ROAD
        headers: dict[str, object] = {}
        inject(headers)
        assert headers == {"traceparent": ROAD}
    assert current_traceparent() == ""


def test_an_error_marks_the_span_without_its_text(exported: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="secret"), span("process", parent=ROAD):
        raise ValueError("secret")
    (only,) = exported.get_finished_spans()
    assert only.attributes == {"error.type": "ValueError"}
    assert not only.status.is_ok
    assert only.status.description is None
    assert only.events == ()


def test_an_exemplar_names_the_current_trace(exported: InMemorySpanExporter) -> None:
    assert exemplar() is None
    with span("process", parent=ROAD) as step:
        assert exemplar() == {"trace_id": step.trace_id, "span_id": step.span_id}


def test_headers_carry_only_sampled_roads() -> None:
    headers: dict[str, object] = {}
    inject(headers)
    assert headers == {}
    inject(headers, ROAD)
    assert extract(headers) == ROAD
    assert extract([("other", "x"), ("traceparent", ROAD.encode())]) == ROAD
    assert extract({"traceparent": UNSAMPLED}) == ""
    assert extract(None) == ""


@given(st.one_of(st.none(), st.integers(), st.text(), st.binary(), st.lists(st.text())))
def test_any_header_that_is_no_traceparent_is_no_road(value: object) -> None:
    assert extract({"traceparent": value}) == ""


@pytest.mark.parametrize(
    "value",
    [
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ROAD + "-more",
        ROAD.upper(),
        ROAD + "\n",
    ],
)
def test_a_malformed_traceparent_is_no_road(value: str) -> None:
    assert sampled(value) == ""


def test_a_later_version_of_the_form_is_understood() -> None:
    assert sampled("01" + ROAD[2:] + "-more") != ""
