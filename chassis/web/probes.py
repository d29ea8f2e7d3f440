"""What Kubernetes and Prometheus ask of every role: /livez, /readyz, /metrics, on a port of their own."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from chassis.errors import Unavailable
from chassis.telemetry import Metrics, logger
from chassis.web.listening import listen


class Heartbeat:
    """Beaten by a loop at each turn; silent for longer than `limit` means that the loop hangs.

    Liveness rests on these alone. A loop that waits for a database or a broker beats while it waits: what is away must
    not restart whoever needs it.
    """

    def __init__(self, name: str, limit: timedelta = timedelta(seconds=60)) -> None:
        self.name = name
        self.limit = limit
        self._last = time.monotonic()

    def beat(self) -> None:
        self._last = time.monotonic()

    @property
    def silent_for(self) -> timedelta:
        return timedelta(seconds=time.monotonic() - self._last)

    def is_alive(self) -> bool:
        return self.silent_for <= self.limit


class ProbeServer:
    """Answers in threads of its own, so that a busy role still answers.

    `heartbeats` and `ready` are read at each request: what is added to them later counts. A check of `ready` must
    answer soon; False or Unavailable means not ready, and Unavailable says what is missing.
    """

    name = "probes"

    def __init__(
        self,
        port: int,
        metrics: Metrics,
        *,
        heartbeats: Sequence[Heartbeat] = (),
        ready: Mapping[str, Callable[[], bool]] | None = None,
        host: str = "0.0.0.0",
    ) -> None:
        self.port = port
        self._host = host
        self._metrics = metrics
        self._heartbeats = heartbeats
        self._ready = ready if ready is not None else {}
        self._server: _Server | None = None

    def start(self) -> None:
        """Raises OSError where the port is taken. Port 0 takes a free one, shown by `port` afterwards."""
        self._server = _Server(self._host, self.port, self.answer)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.2,), name="probes", daemon=True).start()

    def stop(self, grace: timedelta) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def answer(self, path: str, accept: str) -> tuple[int, bytes, str]:
        """Status, body and content type for a GET."""
        if path == "/metrics":
            return 200, *self._metrics.exposition(accept)
        if path == "/livez":
            return _verdict(
                f"{one.name}: silent for {one.silent_for.total_seconds():.0f} s"
                for one in list(self._heartbeats)
                if not one.is_alive()
            )
        if path == "/readyz":
            asked = (_what_is_missing(name, check) for name, check in list(self._ready.items()))
            return _verdict(missing for missing in asked if missing)
        return 404, b"/livez /readyz /metrics\n", "text/plain; charset=utf-8"


def _what_is_missing(name: str, check: Callable[[], bool]) -> str:
    """The name of a check that does not pass, and what is away where it says so; empty where it passes."""
    try:
        return "" if check() else name
    except Unavailable as away:
        return f"{name}: {away}"


def _verdict(problems: Iterable[str]) -> tuple[int, bytes, str]:
    found = list(problems)
    body = "\n".join(found or ["ok"]) + "\n"
    return (503 if found else 200), body.encode(), "text/plain; charset=utf-8"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, host: str, port: int, answer: Callable[[str, str], tuple[int, bytes, str]]) -> None:
        self.answer = answer
        listening = listen(host, port)
        super().__init__(listening.getsockname()[:2], _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening

    def handle_error(self, request: object, client_address: object) -> None:
        logger(__name__).exception("probe_failed")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # A prober that opens a connection and says nothing does not keep a thread.
    timeout = 10
    server: _Server

    def do_GET(self) -> None:
        status, body, content_type = self.server.answer(
            urlsplit(self.path).path, self.headers.get("Accept", "")
        )
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """A probe every few seconds is no event."""
