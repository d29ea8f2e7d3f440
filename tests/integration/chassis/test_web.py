import asyncio
import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import flask
import httpx
import pytest

from chassis.errors import Unavailable
from chassis.telemetry import Metrics
from chassis.web import AsgiServer, Heartbeat, MeasuredApp, ProbeServer, WsgiServer, serve_asgi, serve_wsgi
from tests.waiting import wait_until

SECOND = timedelta(seconds=1)


@contextmanager
def running(component: Any) -> Iterator[Any]:
    component.start()
    try:
        yield component
    finally:
        component.stop(SECOND)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("shop")


def test_a_role_is_alive_while_its_loops_beat(metrics: Metrics) -> None:
    loop = Heartbeat("listener")
    with running(ProbeServer(0, metrics, heartbeats=[loop], host="127.0.0.1")) as probes:
        live = f"http://127.0.0.1:{probes.port}/livez"
        assert httpx.get(live).status_code == 200
        loop.limit = timedelta(0)
        answer = httpx.get(live)
        assert answer.status_code == 503
        assert "listener: silent for" in answer.text
        loop.limit = timedelta(minutes=1)
        loop.beat()
        assert httpx.get(live).status_code == 200


def test_a_role_is_ready_when_every_check_passes_and_says_which_does_not(metrics: Metrics) -> None:
    def database() -> bool:
        raise Unavailable("the database")

    ready: dict[str, Callable[[], bool]] = {"broker": lambda: True}
    with running(ProbeServer(0, metrics, ready=ready, host="127.0.0.1")) as probes:
        url = f"http://127.0.0.1:{probes.port}/readyz"
        assert httpx.get(url).status_code == 200
        ready["listener"] = lambda: False
        ready["database"] = database
        answer = httpx.get(url)
        assert answer.status_code == 503
        assert answer.text == "listener\ndatabase: the database is away\n"
        assert httpx.get(url.replace("readyz", "livez")).status_code == 200


def test_metrics_come_as_the_scraper_asks(metrics: Metrics) -> None:
    metrics.counter("sales_total", "Sales.").inc(exemplar={"trace_id": "abc"})
    with running(ProbeServer(0, metrics, host="127.0.0.1")) as probes:
        url = f"http://127.0.0.1:{probes.port}/metrics"
        plain = httpx.get(url)
        assert "shop_sales_total 1.0\n" in plain.text
        assert plain.headers["content-type"].startswith("text/plain")
        rich = httpx.get(url, headers={"Accept": "application/openmetrics-text;version=1.0.0"})
        assert '# {trace_id="abc"} 1.0' in rich.text
        assert rich.headers["content-type"].startswith("application/openmetrics-text")


def test_other_paths_of_the_probe_port_are_not_found(metrics: Metrics) -> None:
    with running(ProbeServer(0, metrics, host="127.0.0.1")) as probes:
        assert httpx.get(f"http://127.0.0.1:{probes.port}/").status_code == 404


def test_a_probe_port_in_use_is_told_with_its_address(metrics: Metrics) -> None:
    with running(ProbeServer(0, metrics, host="127.0.0.1")) as first:
        second = ProbeServer(first.port, metrics, host="127.0.0.1")
        with pytest.raises(OSError, match=f"127.0.0.1:{first.port}"):
            second.start()


def wsgi(app: Any, *, threads: int = 4, max_body: int = 1_000_000) -> WsgiServer:
    return serve_wsgi(app, "127.0.0.1", 0, threads=threads, max_body=max_body)


def url_of(server: WsgiServer | AsgiServer, path: str = "/") -> str:
    return f"http://127.0.0.1:{server.port}{path}"


def greeting() -> flask.Flask:
    app = flask.Flask("greeting")

    @app.get("/hello/<name>")
    def hello(name: str) -> str:
        return f"hello {name}"

    @app.post("/upload")
    def upload() -> str:
        return str(len(flask.request.data))

    @app.get("/broken")
    def broken() -> str:
        raise ValueError("secret")

    return app


def test_flask_is_served() -> None:
    with running(wsgi(greeting())) as server:
        assert server.is_ready()
        answer = httpx.get(url_of(server, "/hello/ann"))
        assert answer.text == "hello ann"
        assert "server" not in answer.headers
        assert httpx.post(url_of(server, "/upload"), content=b"x" * 900_000).text == "900000"


def test_a_body_over_the_limit_is_refused() -> None:
    with running(wsgi(greeting(), max_body=1000)) as server:
        assert httpx.post(url_of(server, "/upload"), content=b"x" * 1001).status_code == 413


def test_the_loop_of_the_sockets_beats() -> None:
    server = wsgi(greeting())
    beats: list[int] = []
    server.heartbeat = lambda: beats.append(1)
    with running(server):
        wait_until(lambda: len(beats) >= 2)


def test_a_stop_lets_running_requests_finish_and_refuses_new_ones() -> None:
    entered, leave = threading.Event(), threading.Event()

    def slow(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        entered.set()
        leave.wait(10)
        start_response("200 OK", [("Content-Length", "4")])
        return [b"done"]

    server = wsgi(slow)
    server.start()
    answers: list[str] = []
    asking = threading.Thread(target=lambda: answers.append(httpx.get(url_of(server)).text))
    asking.start()
    assert entered.wait(5)
    stopping = threading.Thread(target=server.stop, args=(timedelta(seconds=10),))
    stopping.start()
    wait_until(lambda: not can_connect(server.port))
    assert answers == []
    leave.set()
    asking.join(5)
    stopping.join(5)
    assert answers == ["done"]
    assert not stopping.is_alive()


def test_a_stop_does_not_wait_for_idle_connections() -> None:
    server = wsgi(greeting())
    server.start()
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", "/hello/ann")
    connection.getresponse().read()
    began = time.monotonic()
    server.stop(timedelta(seconds=10))
    assert time.monotonic() - began < 3
    connection.close()


def test_a_stop_does_not_wait_longer_than_its_grace() -> None:
    leave = threading.Event()
    entered = threading.Event()

    def stuck(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        entered.set()
        leave.wait(20)
        start_response("200 OK", [])
        return [b""]

    server = wsgi(stuck)
    server.start()

    def ask() -> None:
        with pytest.raises(httpx.HTTPError):
            httpx.get(url_of(server))

    asking = threading.Thread(target=ask)
    asking.start()
    assert entered.wait(5)
    began = time.monotonic()
    server.stop(timedelta(milliseconds=300))
    assert time.monotonic() - began < 3
    leave.set()
    asking.join(5)


def test_a_port_in_use_is_told_with_its_address() -> None:
    with running(wsgi(greeting())) as first:
        second = serve_wsgi(greeting(), "127.0.0.1", first.port, threads=1, max_body=10)
        with pytest.raises(OSError, match=f"127.0.0.1:{first.port}"):
            second.start()


def test_requests_are_counted_by_rule_and_not_by_path(metrics: Metrics) -> None:
    with running(wsgi(MeasuredApp(greeting(), metrics))) as server:
        for path in ("/hello/ann", "/hello/bob", "/no/such", "/broken"):
            httpx.get(url_of(server, path))

        def count(route: str, code: str) -> float | None:
            return metrics.registry.get_sample_value(
                "shop_http_requests_total", {"route": route, "method": "GET", "code": code}
            )

        wait_until(lambda: count("/broken", "500"))
        assert count("/hello/<name>", "200") == 2
        assert count("unmatched", "404") == 1
        seconds = metrics.registry.get_sample_value(
            "shop_http_request_seconds_count", {"route": "/hello/<name>", "method": "GET"}
        )
        assert seconds == 2


def test_an_application_that_fails_is_counted_too(metrics: Metrics) -> None:
    def failing(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        raise ValueError("secret")

    with running(wsgi(MeasuredApp(failing, metrics))) as server:
        answer = httpx.request("BREW", url_of(server))
        assert answer.status_code == 500
        assert "secret" not in answer.text
    labels = {"route": "unmatched", "method": "OTHER", "code": "500"}
    assert metrics.registry.get_sample_value("shop_http_requests_total", labels) == 1


async def hello_asgi(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        raise RuntimeError("no lifespan here")
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"hello", "more_body": scope["path"] == "/live"})
    if scope["path"] == "/live":
        await asyncio.sleep(60)


def test_an_asgi_application_is_served() -> None:
    server = serve_asgi(hello_asgi, "127.0.0.1", 0)
    beats: list[int] = []
    server.heartbeat = lambda: beats.append(1)
    with running(server):
        assert httpx.get(url_of(server)).text == "hello"
        wait_until(lambda: len(beats) >= 1)
    assert not can_connect(server.port)


def test_open_streams_are_cut_at_the_end_of_the_grace() -> None:
    stopped: list[str] = []
    server = serve_asgi(hello_asgi, "127.0.0.1", 0, on_stop=lambda: stopped.append("told"))
    server.start()
    with httpx.stream("GET", url_of(server, "/live"), timeout=10) as stream:
        assert next(stream.iter_raw()) == b"hello"
        began = time.monotonic()
        server.stop(SECOND)
        assert time.monotonic() - began < 4
    assert stopped == ["told"]


def test_an_asgi_port_in_use_is_told_with_its_address() -> None:
    with running(serve_asgi(hello_asgi, "127.0.0.1", 0)) as first:
        second = serve_asgi(hello_asgi, "127.0.0.1", first.port)
        with pytest.raises(OSError, match=f"127.0.0.1:{first.port}"):
            second.start()


def can_connect(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
