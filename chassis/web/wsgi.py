"""A WSGI application served by waitress inside the process: one thread for sockets, some for the application."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from waitress import wasyncore
from waitress.server import create_server

from chassis.web.listening import listen

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_TURN = 1.0
# Open sockets, most of them idle; waitress's own 100 is reached by a few proxies.
_CONNECTIONS = 1_000


class WsgiServer:
    """Accepts while it runs; `stop` lets what was asked finish. `heartbeat` is called by the loop of the sockets."""

    def __init__(
        self, app: "WSGIApplication", host: str, port: int, *, threads: int, max_body: int, name: str
    ) -> None:
        self.name = name
        self.port = port
        self.heartbeat: Callable[[], None] = lambda: None
        self._app = app
        self._host = host
        self._threads = threads
        self._max_body = max_body
        self._sockets: dict[int, Any] = {}
        self._server: Any = None
        self._loop: threading.Thread | None = None
        # Moment of time.monotonic() at which patience ends; None while serving.
        self._ends: float | None = None

    def start(self) -> None:
        """Raises OSError where the port is taken. Port 0 takes a free one, shown by `port` afterwards."""
        listening = listen(self._host, self.port)
        self.port = listening.getsockname()[1]
        self._server = create_server(
            self._app,
            map=self._sockets,
            sockets=[listening],
            threads=self._threads,
            max_request_body_size=self._max_body,
            connection_limit=_CONNECTIONS,
            asyncore_use_poll=True,
            channel_timeout=60,
            cleanup_interval=10,
            ident=None,
            clear_untrusted_proxy_headers=True,
        )
        # The queue's depth is a metric's matter; it would warn for every request of a burst.
        self._server.task_dispatcher.queue_logger.disabled = True
        self._loop = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._loop.start()

    def stop(self, grace: timedelta) -> None:
        """Refuse new connections, answer what was asked, close; after `grace` cut off what still runs."""
        if self._loop is None:
            return
        self._ends = time.monotonic() + grace.total_seconds()
        self._server.pull_trigger()
        self._loop.join(grace.total_seconds() + 2 * _TURN)
        self._loop = None

    def is_ready(self) -> bool:
        """Accepting connections."""
        return self._loop is not None and self._loop.is_alive() and self._ends is None

    def _run(self) -> None:
        while self._ends is None:
            self.heartbeat()
            wasyncore.loop(timeout=_TURN, use_poll=True, map=self._sockets, count=1)
        # Only the listening socket: the trigger by which the application's threads wake this one stays.
        wasyncore.dispatcher.close(self._server)
        while self._is_busy() and time.monotonic() < self._ends:
            wasyncore.loop(timeout=0.05, use_poll=True, map=self._sockets, count=1)
        left = max(0.0, self._ends - time.monotonic())
        self._server.task_dispatcher.shutdown(timeout=min(left, _TURN))
        wasyncore.close_all(self._sockets)

    def _is_busy(self) -> bool:
        busy = False
        for channel in list(self._server.active_channels.values()):
            if channel.requests or channel.request is not None or channel.total_outbufs_len:
                busy = True
            else:
                # Kept alive by the client, nothing asked: it will connect elsewhere.
                channel.will_close = True
        return busy


def serve_wsgi(
    app: "WSGIApplication", host: str, port: int, *, threads: int, max_body: int, name: str = "http"
) -> WsgiServer:
    """A component that serves `app`; a body over `max_body` bytes gets 413 before the application sees it."""
    return WsgiServer(app, host, port, threads=threads, max_body=max_body, name=name)
