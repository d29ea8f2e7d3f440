"""An ASGI application served by uvicorn inside the process, on an event loop in a thread of its own.

Requests are read by httptools and waited for by uvloop: a posted message of 600 bytes costs 25 µs there, and cost 130 to
200 µs on a server with a thread for each request (waitress).
"""

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import httptools
import uvicorn
from uvicorn._types import ASGIApplication
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from chassis.web.listening import listen

_START_WITHIN = 30.0
_HEAD_BYTES = 65_536
# A request that stops coming for so long holds up no stop.
_LAST_SILENCE = 2.0
# What in a head offers another protocol. Java's client offers HTTP/2 with whatever it asks first.
_OFFERS = frozenset({b"upgrade", b"http2-settings"})
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
        """Refuse new connections, answer what was asked, cancel after `grace` what still runs. A request that has
        stopped coming is not waited for."""
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
    """Cannot be kept busy for nothing: a request's head has a bound in bytes and in time, silence in the middle of a request
    ends it, and more connections than `most` are sent away with a time to come back. Who offers another protocol is
    answered in this one."""

    def __init__(self, most: int, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._most = most
        self._heard = self.loop.time()
        # Bytes of which no whole head and no piece of a body has come yet, and since when there are any.
        self._unread = 0
        self._unread_since = 0.0
        # What is being read, and what is to be read after it.
        self._data = self._left = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self._most:
            transport.write(_FULL)
            transport.close()

    def data_received(self, data: bytes) -> None:
        self._heard = self.loop.time()
        if not self._unread:
            self._unread_since = self._heard
        self._unread += len(data)
        self._left = data
        while self._left:
            self._data, self._left = self._left, b""
            super().data_received(self._data)
        self._data = b""
        if self._unread > _HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of the request is too large.")

    def _should_upgrade(self) -> bool:
        # To be asked below for every offer: uvicorn would answer it without the body that came with it.
        return True

    def handle_websocket_upgrade(self) -> None:
        """Read the request again as one that offers nothing."""
        offered = sys.exc_info()[1]
        if self.scope["method"] == "CONNECT" or offered is None:
            self.send_400_response("This is no proxy.")
            return
        head = [
            b"%s %s HTTP/%s" % (self.scope["method"].encode(), self.url, self.scope["http_version"].encode())
        ]
        for name, value in self.scope["headers"]:
            if name == b"connection":
                words = [word.strip() for word in value.split(b",")]
                value = b", ".join(word for word in words if word.lower() not in _OFFERS)
            if name not in _OFFERS:
                head.append(b"%s: %s" % (name, value))
        # The one that read the offer takes nothing more where the connection is to be closed.
        self.parser = httptools.HttpRequestParser(self)
        self._left = b"\r\n".join([*head, b"", self._data[offered.args[0] :]])

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
        since = min(self._heard, self._unread_since) if self._unread else self._heard
        if is_waiting and self.loop.time() - since > seconds:
            self.transport.close()

    def shutdown(self) -> None:
        super().shutdown()
        self._end_where_silent()

    def _end_where_silent(self) -> None:
        if not self.transport.is_closing():
            self.close_where_silent(_LAST_SILENCE)
            self.loop.call_later(_LAST_SILENCE / 4, self._end_where_silent)


def serve_asgi(
    app: ASGIApplication,
    host: str,
    port: int,
    *,
    on_stop: Callable[[], None] | None = None,
    connections: int = 10_000,
    # Longer than proxies keep a connection that nobody uses (60 s): they must be the ones to close it.
    silence: timedelta = timedelta(seconds=75),
    name: str = "http",
) -> AsgiServer:
    """A component that serves `app` to at most so many connections, each as long as it is not silent for so long."""
    return AsgiServer(app, host, port, on_stop=on_stop, connections=connections, silence=silence, name=name)
