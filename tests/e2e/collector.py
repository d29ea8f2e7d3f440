"""A small OTLP receiver: keeps every span it is sent."""

import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as otlp
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)


class Collector(TraceServiceServicer):
    """Spans by trace: which services took part, and what they called their steps."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spans: dict[str, list[tuple[str, str, str, str]]] = defaultdict(list)
        self._server = grpc.server(ThreadPoolExecutor(2))
        add_TraceServiceServicer_to_server(self, self._server)  # type: ignore[no-untyped-call]
        self.port = self._server.add_insecure_port("127.0.0.1:0")

    def start(self) -> "Collector":
        self._server.start()
        return self

    def stop(self) -> None:
        self._server.stop(1).wait()

    def Export(  # noqa: N802 - the contract's name
        self, request: otlp.ExportTraceServiceRequest, context: grpc.ServicerContext
    ) -> otlp.ExportTraceServiceResponse:
        with self._lock:
            for resource in request.resource_spans:
                service = next(
                    a.value.string_value for a in resource.resource.attributes if a.key == "service.name"
                )
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        row = (service, span.name, span.span_id.hex(), span.parent_span_id.hex())
                        self._spans[span.trace_id.hex()].append(row)
        return otlp.ExportTraceServiceResponse()

    def traces(self) -> dict[str, list[tuple[str, str, str, str]]]:
        """(service, name, span id, parent's id) of every span, by trace."""
        with self._lock:
            return {trace: list(spans) for trace, spans in self._spans.items()}
