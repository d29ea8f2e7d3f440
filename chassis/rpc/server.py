"""A gRPC server as a component: plain handlers in threads, streams on the event loop, one wrapper around them.

A handler is a function of the request. It answers, or raises one of chassis.errors (or an error of its service that
`refusals` translates); who asks and for how long they wait it learns from `rpc.call()`. What nobody foresaw becomes
INTERNAL without its text, and a line in the log.
"""

import asyncio
import errno
import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from typing import Any, TypeVar, cast

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from chassis.errors import Unavailable
from chassis.rpc.answering import Answering, Limits
from chassis.rpc.call import Access
from chassis.rpc.status import Refusals
from chassis.rpc.workers import Workers
from chassis.telemetry import Metrics
from chassis.tokens import Authenticate

Servicer = TypeVar("Servicer")
Handlers = dict[str, Any]

MAX_MESSAGE = 16 * 1024 * 1024
_START_WITHIN = 30.0
# For Kubernetes' liveness probe: answers while the loop runs, whatever is drained.
LIVENESS = "liveness"

_OPTIONS: list[tuple[str, int]] = [
    # A second server on the same port would take half of the calls in silence.
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", MAX_MESSAGE),
    ("grpc.max_send_message_length", MAX_MESSAGE),
    # A connection sticks to one replica: without an end of its own, new replicas would get nothing.
    ("grpc.max_connection_age_ms", 120_000),
    ("grpc.max_connection_age_grace_ms", 60_000),
    # Find out that the peer is gone, and let clients find out about us.
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
]


class RpcServer:
    """Serves what was added to it. Plain `def` handlers answer one message each and run in `threads`; `async def` ones,
    and all streams, run on the event loop and must not block it (16 watchers in a pool of 16 threads stop the API).

    `access` names the roles of each method ("pkg.Service/Method"); a method without roles is nobody's. Calls over
    `max_calls` (running and waiting) or streams over `max_streams` are refused with RESOURCE_EXHAUSTED at once.
    """

    name = "rpc"

    def __init__(
        self,
        port: int,
        metrics: Metrics,
        authenticate: Authenticate,
        access: Access,
        *,
        refusals: Refusals | None = None,
        host: str = "0.0.0.0",
        threads: int = 32,
        max_calls: int = 500,
        max_streams: int = 2_000,
    ) -> None:
        self.port = port
        self.heartbeat: Callable[[], None] = lambda: None
        self._host = host
        self._threads = threads
        self._answering = Answering(
            metrics, authenticate, access, refusals or {}, Limits(calls=max_calls, streams=max_streams)
        )
        self._services: dict[str, Handlers] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._told: asyncio.Event | None = None
        self._grace = 0.0

    def add(self, register: Callable[[Servicer, grpc.aio.Server], None], servicer: Servicer) -> None:
        """Serve `servicer`: `add(add_TicketsServiceServicer_to_server, TicketsRpc(…))`. Before `start`.

        Raises TypeError for a plain `def` that streams.
        """
        register(servicer, cast("grpc.aio.Server", _Registrar(self._services, self._answering)))

    def start(self) -> None:
        """Raises OSError where the port is taken, ValueError where `access` names a method that is not served. Port 0
        takes a free one, shown by `port` afterwards."""
        self._answering.check_access()
        started: Future[int] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(started)), name=self.name, daemon=True
        )
        self._thread.start()
        self.port = started.result(_START_WITHIN)

    def stop(self, grace: timedelta) -> None:
        """Say NOT_SERVING, end the streams (their callers resume elsewhere), let running calls finish, close."""
        if self._loop is None or self._told is None or self._thread is None:
            return
        self._grace = grace.total_seconds()
        self._loop.call_soon_threadsafe(self._told.set)
        self._thread.join(self._grace + 5)
        self._loop = self._told = self._thread = None

    def is_ready(self) -> bool:
        """Accepting calls."""
        return self._told is not None and not self._told.is_set()

    async def _serve(self, started: "Future[int]") -> None:
        loop = asyncio.get_running_loop()
        told = asyncio.Event()
        server = grpc.aio.server(options=_OPTIONS)
        try:
            port = server.add_insecure_port(f"{self._host}:{self.port}")
        except RuntimeError as error:
            started.set_exception(OSError(errno.EADDRINUSE, f"{self._host}:{self.port}: {error}"))
            return
        for service, handlers in self._services.items():
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
        health_of = await self._add_health(server)
        reflection.enable_server_reflection(
            [*self._services, health.SERVICE_NAME, reflection.SERVICE_NAME], server
        )
        workers: Workers[Any] = Workers(self._threads, loop, self.name)
        self._answering.begin(workers)
        await server.start()
        self._loop, self._told = loop, told
        started.set_result(port)
        while not told.is_set():
            self.heartbeat()
            try:
                await asyncio.wait_for(told.wait(), 1.0)
            except TimeoutError:
                continue
        for service in ("", *self._services):
            await health_of.set(service, health_pb2.HealthCheckResponse.NOT_SERVING)
        self._answering.end_streams(Unavailable("this server (it is stopping)"))
        stopping = asyncio.create_task(server.stop(self._grace))
        await self._answering.idle(self._grace)
        # Watches of health and reflection would last for the whole grace.
        await server.stop(0)
        await stopping
        workers.stop()

    async def _add_health(self, server: grpc.aio.Server) -> Any:
        servicer = health.aio.HealthServicer()
        for service in ("", LIVENESS, *self._services):
            await servicer.set(service, health_pb2.HealthCheckResponse.SERVING)
        health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
        return servicer


class _Registrar:
    """Stands in for the server while generated code registers a servicer, and wraps each handler."""

    def __init__(self, services: dict[str, Handlers], answering: Answering) -> None:
        self._services = services
        self._answering = answering

    def add_generic_rpc_handlers(self, handlers: object) -> None:
        """The same handlers, without their names; see below."""

    def add_registered_method_handlers(self, service: str, handlers: Handlers) -> None:
        self._services[service] = {
            method: self._answering.wrapped(service, method, handler) for method, handler in handlers.items()
        }
