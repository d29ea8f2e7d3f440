"""Rate, errors and duration of HTTP requests, and the first span of the roads that begin with one."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from prometheus_client import Counter, Histogram

from chassis.telemetry import Metrics, Span, SpanKind, exemplar, semconv, start_trace

if TYPE_CHECKING:
    from _typeshed import OptExcInfo
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Environ = dict[str, Any]

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class HttpMeasures:
    """`http_requests_total{route,method,code}` and `http_request_seconds{route,method}`; routes must be few."""

    def __init__(self, metrics: Metrics) -> None:
        self._requests = metrics.counter(
            "http_requests_total", "HTTP requests answered.", ("route", "method", "code")
        )
        self._seconds = metrics.histogram(
            "http_request_seconds", "From a request read to its answer given away.", ("route", "method")
        )
        # Looking a child up by its labels costs more than counting with it.
        self._children: dict[tuple[str, str, str], tuple[Counter, Histogram]] = {}

    def count(
        self, route: str, method: str, code: str, seconds: float, mark: Mapping[str, str] | None
    ) -> None:
        """One answer; `mark` is the exemplar of its trace."""
        children = self._children.get((route, method, code))
        if children is None:
            children = self._requests.labels(route, method, code), self._seconds.labels(route, method)
            self._children[route, method, code] = children
        requests, duration = children
        requests.inc()
        duration.observe(seconds, exemplar=dict(mark) if mark else None)


def method_of(said: str) -> str:
    """The method as a label: what nobody knows is one of them."""
    return said if said in _METHODS else "OTHER"


def describe(span: Span, route: str, method: str, code: str) -> None:
    """Give the span of a request its name and attributes, which are known when the answer begins."""
    if span.traceparent:
        span.rename(f"{method} {route}")
        span.set(semconv.HTTP_METHOD, method)
        span.set(semconv.HTTP_ROUTE, route)
        span.set(semconv.HTTP_STATUS_CODE, int(code))


def flask_route(environ: Environ) -> str:
    """The rule that Flask found for the request, or `unmatched`: never the path, which anyone can make up."""
    rule = getattr(environ.get("werkzeug.request"), "url_rule", None)
    return str(rule.rule) if rule is not None else "unmatched"


class MeasuredApp:
    """The WSGI application, counted. A request lasts until its answer is given away. `route_of` is asked when the answer
    begins; it must have few values."""

    def __init__(
        self,
        app: "WSGIApplication",
        metrics: Metrics,
        *,
        route_of: Callable[[Environ], str] = flask_route,
    ) -> None:
        self._app = app
        self._route_of = route_of
        self._measures = HttpMeasures(metrics)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        began = time.perf_counter()
        method = method_of(environ["REQUEST_METHOD"])
        # What an application that fails before it begins its answer leaves behind.
        code, route = "500", "unmatched"

        def begin_answer(
            status: str, headers: list[tuple[str, str]], error: "OptExcInfo | None" = None, /
        ) -> Callable[[bytes], object]:
            nonlocal code, route
            # Flask forgets the request as soon as the application returns.
            code, route = status[:3], self._route_of(environ)
            return start_response(status, headers, error)

        with start_trace(method, SpanKind.SERVER) as span:
            mark = exemplar()

            def count() -> None:
                self._measures.count(route, method, code, time.perf_counter() - began, mark)

            answered = False
            try:
                body = self._app(environ, begin_answer)
                answered = True
            finally:
                if not answered:
                    count()
            describe(span, route, method, code)
            return _Body(body, count)


class _Body:
    """An answer that says when it was given away."""

    def __init__(self, body: Iterable[bytes], done: Callable[[], None]) -> None:
        self._body = body
        self._done = done

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            self._done()
