"""An ASGI application served by uvicorn inside the process, on an event loop in a thread of its own."""

import asyncio
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import uvicorn
from uvicorn._types import ASGIApplication

from chassis.web.listening import listen

_START_WITHIN = 30.0


class AsgiServer:
    """Accepts while it runs. `heartbeat` is called by the event loop; `on_stop` is called first at the stop, from
    outside the loop, to end the streams that would otherwise last for the whole grace."""

    def __init__(
        self, app: ASGIApplication, host: str, port: int, *, on_stop: Callable[[], None] | None, name: str
    ) -> None:
        self.name = name
        self.port = port
        self.heartbeat: Callable[[], None] = lambda: None
        self._app = app
        self._host = host
        self._on_stop = on_stop
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
        await asyncio.sleep(0)


def serve_asgi(
    app: ASGIApplication,
    host: str,
    port: int,
    *,
    on_stop: Callable[[], None] | None = None,
    name: str = "http",
) -> AsgiServer:
    """A component that serves `app`."""
    return AsgiServer(app, host, port, on_stop=on_stop, name=name)
