"""What happens around every handler: who asks, may they, for how long, what became of it, how long it took.

Handlers are wrapped once, when they are registered. An interceptor of grpc.aio would be one more coroutine per call.
"""

import asyncio
import inspect
import secrets
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from time import perf_counter
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from prometheus_client import Counter, Histogram

from chassis import telemetry
from chassis.errors import InvalidField, TooBusy, Unavailable
from chassis.rpc.call import Access, Call, admit, answering
from chassis.rpc.status import Answer, Refusals, answer_to
from chassis.rpc.workers import Workers
from chassis.telemetry import Metrics, Span, SpanKind, semconv
from chassis.telemetry.tracing import UNSAMPLED
from chassis.tokens import SYSTEM, Authenticate

_LOG = telemetry.logger(__name__)
_RETRY_AFTER = timedelta(seconds=1)
_OK = grpc.StatusCode.OK.name
_CANCELLED = grpc.StatusCode.CANCELLED.name


@dataclass(frozen=True, slots=True)
class Limits:
    calls: int
    streams: int


class Method:
    """One method, with what is counted about it."""

    def __init__(
        self, service: str, name: str, roles: frozenset[str], handled: Counter, seconds: Histogram
    ) -> None:
        self.full = f"{service}/{name}"
        self.roles = roles
        self.attributes = {
            semconv.RPC_SYSTEM: semconv.GRPC,
            semconv.RPC_SERVICE: service,
            semconv.RPC_METHOD: name,
        }
        self._handled = {_OK: handled.labels(service, name, _OK)}
        self._count = partial(handled.labels, service, name)
        self._seconds = seconds.labels(service, name)

    def done(self, code: str, seconds: float) -> None:
        counted = self._handled.get(code)
        if counted is None:
            counted = self._handled[code] = self._count(code)
        counted.inc()
        self._seconds.observe(seconds)


class Answering:
    """Wraps the handlers of one server. All of it but the plain handlers themselves runs on the server's loop."""

    def __init__(
        self, metrics: Metrics, authenticate: Authenticate, access: Access, refusals: Refusals, limits: Limits
    ) -> None:
        self._authenticate = authenticate
        self._access = access
        self._refusals = refusals
        self._limits = limits
        self._methods: dict[str, Method] = {}
        self._handled = metrics.counter(
            "grpc_server_handled_total",
            "Calls answered, by status code.",
            ("grpc_service", "grpc_method", "grpc_code"),
            prefix="",
        )
        self._seconds = metrics.histogram(
            "grpc_server_handling_seconds",
            "From the call to its answer; for a stream, how long it was open.",
            ("grpc_service", "grpc_method"),
            prefix="",
        )
        self._open = metrics.gauge("rpc_streams", "Streams that are open.")
        self._workers: Workers[Any]
        self._now = 0
        self._streams: set[asyncio.Task[Any]] = set()
        self._ended: Unavailable | None = None

    def check_access(self) -> None:
        """Raises ValueError where the table names a method that nobody serves: a typing mistake would close one."""
        unknown = sorted(set(self._access) - set(self._methods))
        if unknown:
            raise ValueError(f"access is given to methods that are not served: {', '.join(unknown)}")

    def wrapped(self, service: str, name: str, handler: Any) -> Any:
        """The handler to register in place of `handler`."""
        roles = frozenset(self._access.get(f"{service}/{name}", ()))
        method = Method(service, name, roles, self._handled, self._seconds)
        self._methods[method.full] = method
        read = handler.request_deserializer
        codec = (read if handler.request_streaming else _forgiving(read), handler.response_serializer)
        behaviour = (
            handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream
        )
        on_loop = inspect.iscoroutinefunction(behaviour) or inspect.isasyncgenfunction(behaviour)
        if not on_loop and (handler.request_streaming or handler.response_streaming):
            raise TypeError(
                f"{method.full} streams and must be async: a stream would keep a thread for itself"
            )
        if handler.response_streaming:
            make = (
                grpc.stream_stream_rpc_method_handler
                if handler.request_streaming
                else grpc.unary_stream_rpc_method_handler
            )
            return make(self._stream(method, behaviour), *codec)
        if handler.request_streaming:
            return grpc.stream_unary_rpc_method_handler(self._one(method, behaviour), *codec)
        answer = self._one(method, behaviour) if on_loop else self._plain(method, behaviour)
        return grpc.unary_unary_rpc_method_handler(answer, *codec)

    def begin(self, workers: Workers[Any]) -> None:
        self._workers = workers

    def end_streams(self, why: Unavailable) -> None:
        """Answer all streams, and those that come yet, with `why`."""
        self._ended = why
        for stream in list(self._streams):
            stream.cancel()

    async def idle(self, within: float) -> None:
        """Wait until nothing runs, at most `within` seconds."""
        ends = perf_counter() + within
        while self._now and perf_counter() < ends:
            await asyncio.sleep(0.02)

    def _plain(
        self, method: Method, handler: Callable[[Any, Any], Any]
    ) -> Callable[[Any, Any], Awaitable[Any]]:
        """Around a handler that blocks: all but the waiting is done by a worker's thread."""

        def work(request: Any, context: Any) -> Any:
            try:
                call = admit(method.full, method.roles, self._authenticate, context)
                answering(call)
                with _span(method, call):
                    return handler(_understood(request), call)
            except Exception as error:  # noqa: BLE001 - the edge: whatever it is, the caller gets an answer
                return self._refusal(method, error)

        async def answer(request: Any, context: Any) -> Any:
            began = perf_counter()
            code = _CANCELLED
            self._now += 1
            try:
                workers = self._workers
                if workers.pending < self._limits.calls:
                    answered = await workers.run(partial(work, request, context))
                else:
                    answered = answer_to(TooBusy(_RETRY_AFTER))
                if type(answered) is not Answer:
                    code = _OK
                    return answered
                code = answered.code.name
                await context.abort(answered.code, answered.text, answered.trailing)
            finally:
                self._now -= 1
                method.done(code, perf_counter() - began)

        return answer

    def _one(
        self, method: Method, handler: Callable[[Any, Any], Any]
    ) -> Callable[[Any, Any], Awaitable[Any]]:
        """Around a coroutine that answers one message, to one message or to a stream of them."""

        async def run(request: Any, context: Any) -> Any:
            call = await self._admitted(method, context)
            with _span(method, call):
                return await handler(_understood(request), context)

        return self._on_loop(method, run)

    def _stream(
        self, method: Method, handler: Callable[[Any, Any], Any]
    ) -> Callable[[Any, Any], Awaitable[Any]]:
        """Around an async generator. It has no span: it lasts longer than any trace is worth."""

        async def run(request: Any, context: Any) -> None:
            if len(self._streams) >= self._limits.streams:
                raise TooBusy(_RETRY_AFTER, "too many streams are open")
            if self._ended is not None:
                raise self._ended
            task = asyncio.current_task()
            assert task is not None
            self._streams.add(task)
            self._open.inc()
            try:
                await self._admitted(method, context)
                async with aclosing(handler(_understood(request), context)) as messages:
                    async for message in messages:
                        await context.write(message)
            except asyncio.CancelledError:
                if self._ended is None or context.cancelled():
                    raise
                raise self._ended from None
            finally:
                self._open.dec()
                self._streams.discard(task)

        return self._on_loop(method, run)

    def _on_loop(
        self, method: Method, run: Callable[[Any, Any], Awaitable[Any]]
    ) -> Callable[[Any, Any], Awaitable[Any]]:
        async def answer(request: Any, context: Any) -> Any:
            began = perf_counter()
            code = _CANCELLED
            self._now += 1
            try:
                answered = await run(request, context)
                code = _OK
                return answered
            except grpc.aio.AbortError:
                code = grpc.StatusCode(context.code()).name
                raise
            except Exception as error:  # noqa: BLE001 - the edge, as above
                refusal = self._refusal(method, error)
                code = refusal.code.name
                await context.abort(refusal.code, refusal.text, refusal.trailing)
            finally:
                self._now -= 1
                method.done(code, perf_counter() - began)

        return answer

    async def _admitted(self, method: Method, context: Any) -> Call:
        """Admit in a worker's thread, since a token that is not remembered is asked for somewhere else."""

        def work() -> Call | Exception:
            try:
                return admit(method.full, method.roles, self._authenticate, context)
            except Exception as error:  # noqa: BLE001 - carried over to the loop, where it is raised
                return error

        admitted: Call | Exception = await self._workers.run(work)
        if isinstance(admitted, Exception):
            raise admitted
        answering(admitted)
        return admitted

    def _refusal(self, method: Method, error: Exception) -> Answer:
        answer = answer_to(error, self._refusals)
        if answer is None:
            incident = secrets.token_hex(4)
            _LOG.error("rpc_failed", method=method.full, incident=incident, exc_info=error)
            answer = Answer(
                grpc.StatusCode.INTERNAL, f"internal error; the log has it as incident {incident}"
            )
        return answer


class _Torn:
    """Stands for a request whose bytes are no message of its type."""


_TORN = _Torn()


def _forgiving(read: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """grpc would answer UNKNOWN and log a failure of ours, even to a caller who is not admitted."""

    def tried(raw: bytes) -> Any:
        try:
            return read(raw)
        except DecodeError:
            return _TORN

    return tried


def _understood(request: Any) -> Any:
    if request is _TORN:
        raise InvalidField("request", "the bytes of a message of the method's request type")
    return request


def _span(method: Method, call: Call) -> Span:
    if call.traceparent:
        return telemetry.span(
            method.full, SpanKind.SERVER, parent=call.traceparent, attributes=method.attributes
        )
    # Our own services would have said so if their road were sampled.
    if call.principal.role == SYSTEM:
        return UNSAMPLED
    return telemetry.start_trace(method.full, SpanKind.SERVER, method.attributes)
