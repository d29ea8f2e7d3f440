"""Rate, errors and duration of HTTP requests, and the first span of the roads that begin with one."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from chassis.telemetry import Metrics, SpanKind, exemplar, semconv, start_trace

if TYPE_CHECKING:
    from _typeshed import OptExcInfo
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Environ = dict[str, Any]

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def flask_route(environ: Environ) -> str:
    """The rule that Flask found for the request, or `unmatched`: never the path, which anyone can make up."""
    rule = getattr(environ.get("werkzeug.request"), "url_rule", None)
    return str(rule.rule) if rule is not None else "unmatched"


class MeasuredApp:
    """The application, counted: `http_requests_total{route,method,code}`, `http_request_seconds{route,method}`.

    A request lasts until its answer is given away. `route_of` is asked when the answer begins; it must have few values.
    """

    def __init__(
        self,
        app: "WSGIApplication",
        metrics: Metrics,
        *,
        route_of: Callable[[Environ], str] = flask_route,
    ) -> None:
        self._app = app
        self._route_of = route_of
        self._requests = metrics.counter(
            "http_requests_total", "HTTP requests answered.", ("route", "method", "code")
        )
        self._seconds = metrics.histogram(
            "http_request_seconds", "From a request read to its answer given away.", ("route", "method")
        )

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        began = time.perf_counter()
        method = environ["REQUEST_METHOD"] if environ["REQUEST_METHOD"] in _METHODS else "OTHER"
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
                self._requests.labels(route, method, code).inc()
                self._seconds.labels(route, method).observe(time.perf_counter() - began, exemplar=mark)

            answered = False
            try:
                body = self._app(environ, begin_answer)
                answered = True
            finally:
                if not answered:
                    count()
            if span.traceparent:
                span.rename(f"{method} {route}")
                span.set(semconv.HTTP_METHOD, method)
                span.set(semconv.HTTP_ROUTE, route)
                span.set(semconv.HTTP_STATUS_CODE, int(code))
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
