"""An ASGI application served by uvicorn inside the process, on an event loop in a thread of its own.

Requests are read by httptools and waited for by uvloop: a posted message of 600 bytes costs 25 µs there, and cost 130 to
200 µs on a server with a thread for each request (waitress).
"""

import asyncio
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import uvicorn
from uvicorn._types import ASGIApplication
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from chassis.web.listening import listen

_START_WITHIN = 30.0
_HEAD_BYTES = 65_536
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)


class AsgiServer:
    """Accepts while it runs. `heartbeat` is called by the event loop; `on_stop` is called first at the stop, from
    outside the loop, to end the streams that would otherwise last for the whole grace."""

    def __init__(
        self,
        app: ASGIApplication,
        host: str,
        port: int,
        *,
        on_stop: Callable[[], None] | None,
        connections: int,
        silence: timedelta,
        name: str,
    ) -> None:
        self.name = name
        self.port = port
        self.heartbeat: Callable[[], None] = lambda: None
        self._app = app
        self._host = host
        self._on_stop = on_stop
        self._connections = connections
        self._silence = silence.total_seconds()
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Raises OSError where the port is taken. Port 0 takes a free one, shown by `port` afterwards."""
        listening = listen(self._host, self.port)
        self.port = listening.getsockname()[1]
        server = uvicorn.Server(
            uvicorn.Config(
                self._app,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                ws="none",
                loop="uvloop",
                # Called with what uvicorn gives its own class.
                http=partial(_Connection, self._connections),  # type: ignore[arg-type]
                timeout_keep_alive=max(1, int(self._silence)),
                callback_notify=self._beat,
                timeout_notify=1,
            )
        )
        self._server = server
        self._thread = threading.Thread(target=server.run, args=([listening],), name=self.name, daemon=True)
        self._thread.start()
        patience = time.monotonic() + _START_WITHIN
        while not server.started:
            if not self._thread.is_alive() or time.monotonic() > patience:
                listening.close()
                raise RuntimeError(f"{self.name} did not start")
            self._thread.join(0.01)

    def stop(self, grace: timedelta) -> None:
        """Refuse new connections, answer what was asked, cancel after `grace` what still runs."""
        if self._server is None or self._thread is None:
            return
        if self._on_stop is not None:
            self._on_stop()
        # Read by uvicorn when it shuts down, not before; whole seconds are only its type's wish.
        self._server.config.timeout_graceful_shutdown = max(1, int(grace.total_seconds()))
        self._server.should_exit = True
        self._thread.join(grace.total_seconds() + 2)
        self._server = self._thread = None

    def is_ready(self) -> bool:
        """Accepting connections."""
        return self._thread is not None and self._thread.is_alive()

    async def _beat(self) -> None:
        self.heartbeat()
        if self._server is not None:
            for connection in list(self._server.server_state.connections):
                if isinstance(connection, _Connection):
                    connection.close_where_silent(self._silence)


class _Connection(HttpToolsProtocol):
    """Cannot be kept busy for nothing: a request's head has a bound, silence in the middle of a request ends it, and more
    connections than `most` are sent away with a time to come back."""

    def __init__(self, most: int, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._most = most
        self._heard = self.loop.time()
        # Bytes of which no whole head and no piece of a body has come yet.
        self._unread = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self._most:
            transport.write(_FULL)
            transport.close()

    def data_received(self, data: bytes) -> None:
        self._heard = self.loop.time()
        self._unread += len(data)
        super().data_received(data)
        if self._unread > _HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of the request is too large.")

    def on_headers_complete(self) -> None:
        self._unread = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unread = 0
        super().on_body(body)

    def close_where_silent(self, seconds: float) -> None:
        """Where so long nothing was asked, or nothing more came of what is being asked."""
        # None until something is asked.
        cycle: Any = self.cycle
        is_waiting = (
            cycle is None or cycle.response_complete or (cycle.more_body and not self.flow.read_paused)
        )
        if is_waiting and self.loop.time() - self._heard > seconds:
            self.transport.close()


def serve_asgi(
    app: ASGIApplication,
    host: str,
    port: int,
    *,
    on_stop: Callable[[], None] | None = None,
    connections: int = 10_000,
    silence: timedelta = timedelta(seconds=60),
    name: str = "http",
) -> AsgiServer:
    """A component that serves `app` to at most so many connections, each as long as it is not silent for so long."""
    return AsgiServer(app, host, port, on_stop=on_stop, connections=connections, silence=silence, name=name)
