import asyncio
import contextlib
import http.client
import select
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any

import flask
import httpx
import pytest
from a2wsgi import WSGIMiddleware

from chassis.errors import Unavailable
from chassis.telemetry import Metrics
from chassis.web import (
    Answer,
    AsgiServer,
    BodyTooLarge,
    Heartbeat,
    MeasuredApp,
    MeasuredRoute,
    ProbeServer,
    Receive,
    Send,
    read_body,
    serve_asgi,
)
from tests.waiting import wait_until

SECOND = timedelta(seconds=1)
POST = b"POST / HTTP/1.1\r\nHost: x\r\n"


@contextlib.contextmanager
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


def served(app: Any, **how: Any) -> AsgiServer:
    return serve_asgi(app, "127.0.0.1", 0, **how)


def wsgi(app: Any) -> AsgiServer:
    return served(WSGIMiddleware(app))


def url_of(server: AsgiServer, path: str = "/") -> str:
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
        leave.wait(60)
        start_response("200 OK", [("Content-Length", "4")])
        return [b"done"]

    server = wsgi(slow)
    server.start()
    answers: list[str] = []
    asking = threading.Thread(target=lambda: answers.append(httpx.get(url_of(server)).text))
    asking.start()
    assert entered.wait(60)
    stopping = threading.Thread(target=server.stop, args=(timedelta(seconds=10),))
    stopping.start()
    wait_until(lambda: not can_connect(server.port))
    assert answers == []
    leave.set()
    asking.join(60)
    stopping.join(60)
    assert answers == ["done"]
    assert not stopping.is_alive()


def test_a_stop_does_not_wait_for_idle_connections() -> None:
    server = wsgi(greeting())
    server.start()
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", "/hello/ann")
    connection.getresponse().read()
    # Longer than a test may take.
    server.stop(timedelta(hours=1))
    connection.close()


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
        answer = httpx.request("PURGE", url_of(server))
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
        await asyncio.sleep(3600)


def test_an_asgi_application_is_served() -> None:
    with running(served(hello_asgi)) as server:
        assert httpx.get(url_of(server)).text == "hello"
    assert not can_connect(server.port)


def test_open_streams_are_cut_at_the_end_of_the_grace() -> None:
    stopped: list[str] = []
    server = served(hello_asgi, on_stop=lambda: stopped.append("told"))
    server.start()
    with httpx.stream("GET", url_of(server, "/live"), timeout=60) as stream:
        assert next(stream.iter_raw()) == b"hello"
        server.stop(SECOND)
    assert stopped == ["told"]


def test_a_port_in_use_is_told_with_its_address() -> None:
    with running(served(hello_asgi)) as first:
        second = serve_asgi(hello_asgi, "127.0.0.1", first.port)
        with pytest.raises(OSError, match=f"127.0.0.1:{first.port}"):
            second.start()


@pytest.mark.parametrize(
    "begun", [b"", b"POST / HTTP/1.1\r\nHost: x\r\n", POST + b"Content-Length: 9\r\n\r\nhalf"]
)
def test_a_connection_that_falls_silent_is_closed(begun: bytes) -> None:
    with running(served(reading, silence=SECOND)) as server, talk(server) as wire:
        wire.sendall(begun)
        assert wire.recv(1000) == b""


def test_a_request_that_is_worked_on_may_be_silent() -> None:
    leave = threading.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await asyncio.to_thread(leave.wait, 10)
        await hello_asgi(scope, receive, send)

    server = served(slow, silence=timedelta(milliseconds=1))
    beats: list[int] = []
    server.heartbeat = lambda: beats.append(1)
    with running(server), talk(server) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        beaten = len(beats)
        wait_until(lambda: len(beats) > beaten + 1)
        leave.set()
        assert wire.recv(1000).startswith(b"HTTP/1.1 200")


def test_a_head_without_an_end_is_refused() -> None:
    with running(served(reading)) as server, talk(server) as wire:
        wire.sendall(POST + b"X-Long: " + b"x" * 70_000)
        assert wire.recv(1000).startswith(b"HTTP/1.1 400")
        assert wire.recv(1000) == b""


def test_a_head_that_trickles_is_not_waited_for() -> None:
    with running(served(reading, silence=SECOND)) as server, talk(server) as wire:

        def is_over() -> bool:
            if select.select([wire], [], [], 0)[0]:
                return True
            wire.sendall(b"X")
            return False

        wire.sendall(POST)
        wait_until(is_over)
        # What was sent after the end comes back as a reset.
        with contextlib.suppress(ConnectionResetError):
            assert wire.recv(1000) == b""


@pytest.mark.parametrize("offer", [b"Upgrade, HTTP2-Settings", b"Upgrade", b"close, Upgrade"])
@pytest.mark.parametrize("pieces", [1, 2])
def test_who_offers_another_protocol_is_answered_in_this_one(
    offer: bytes, pieces: int, metrics: Metrics
) -> None:
    request = POST + b"Connection: " + offer + b"\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    request += b"Content-Length: 5\r\n\r\nhello"
    with running(served(Echo(metrics))) as server, talk(server) as wire:
        place = len(request) // pieces - 2 * (pieces == 2)
        wire.sendall(request[:place])
        wire.sendall(request[place:])
        answer = wire.recv(1000)
        assert answer.startswith(b"HTTP/1.1 200")
        assert answer.endswith(b"\r\n\r\n5")


def test_a_stop_does_not_wait_for_a_request_that_stopped_coming() -> None:
    server = served(reading)
    server.start()
    with talk(server) as wire:
        wire.sendall(POST + b"Content-Length: 9\r\n\r\nhalf")
        # Longer than a test may take.
        server.stop(timedelta(hours=1))
        assert wire.recv(1000) == b""


def test_who_connects_beyond_the_limit_is_told_to_come_back() -> None:
    with running(served(hello_asgi, connections=1)) as server, talk(server) as first:
        first.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert first.recv(1000).startswith(b"HTTP/1.1 200")
        with talk(server) as second:
            answer = second.recv(1000)
        assert answer.startswith(b"HTTP/1.1 503")
        assert b"Retry-After: 5" in answer


async def echo(scope: Any, receive: Receive) -> Answer:
    if scope["path"] == "/broken":
        raise ValueError("secret")
    try:
        body = await read_body(receive, 500_000)
    except BodyTooLarge:
        return Answer(413, b"")
    if isinstance(body, bytes):
        return Answer(200, b"%d" % len(body))
    with body:
        return Answer(200, b"%d in a file" % len(body.read()), ((b"x-kept", b"apart"),))


class Echo:
    """An application of one route."""

    def __init__(self, metrics: Metrics) -> None:
        self._route = MeasuredRoute("/echo/<word>", echo, metrics)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        await self._route(scope, receive, send)


@pytest.mark.parametrize(
    ("size", "status", "text"),
    [
        (0, 200, "0"),
        (60_000, 200, "60000"),
        (100_000, 200, "100000 in a file"),
        (500_000, 200, "500000 in a file"),
        (500_001, 413, ""),
    ],
)
def test_a_body_is_read_up_to_its_limit_however_it_comes(
    metrics: Metrics, size: int, status: int, text: str
) -> None:
    pieces = [b"x" * 7_001] * (size // 7_001) + [b"x" * (size % 7_001)]
    with running(served(Echo(metrics))) as server:
        for content in (b"x" * size, iter(pieces)):
            answer = httpx.post(url_of(server), content=content)
            assert (answer.status_code, answer.text) == (status, text)
            assert ("x-kept" in answer.headers) == ("file" in text)


def test_a_route_is_counted_under_its_own_name(metrics: Metrics) -> None:
    with running(served(Echo(metrics))) as server:
        for path in ("/echo/ann", "/echo/bob"):
            httpx.post(url_of(server, path), content=b"hello")
        httpx.request("PURGE", url_of(server, "/echo/ann"))
        broken = httpx.get(url_of(server, "/broken"))
        assert broken.status_code == 500
        assert "secret" not in broken.text
        with talk(server) as wire:
            wire.sendall(POST + b"Content-Length: 9\r\n\r\nhalf")
        wait_until(lambda: counted(metrics, "POST", "499"))
    assert counted(metrics, "POST", "200") == 2
    assert counted(metrics, "OTHER", "200") == 1
    assert counted(metrics, "GET", "500") == 1
    seconds = {"route": "/echo/<word>", "method": "POST"}
    assert metrics.registry.get_sample_value("shop_http_request_seconds_count", seconds) == 3


async def reading(scope: Any, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        raise RuntimeError("no lifespan here")
    while (message := await receive())["type"] == "http.request" and message["more_body"]:
        pass


def counted(metrics: Metrics, method: str, code: str) -> float | None:
    labels = {"route": "/echo/<word>", "method": method, "code": code}
    return metrics.registry.get_sample_value("shop_http_requests_total", labels)


def talk(server: AsgiServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=60)


def can_connect(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
