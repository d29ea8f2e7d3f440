"""Channels to other services: the token, the trace and a deadline go with every call.

A refusal is raised as the error of chassis.errors that the service raised. What no caller can act on (INTERNAL,
UNIMPLEMENTED, …) stays a grpc.RpcError.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any, cast

import grpc

from chassis import telemetry
from chassis.rpc.call import call_or_none
from chassis.rpc.server import MAX_MESSAGE
from chassis.rpc.status import error_of
from chassis.telemetry import SpanKind, semconv

Metadata = Sequence[tuple[str, str | bytes]]

DEADLINE = timedelta(seconds=5)


def channel(
    address: str,
    token: str,
    *,
    retried: Iterable[str] = (),
    deadline: timedelta = DEADLINE,
) -> grpc.Channel:
    """A channel over all replicas behind `address` (`host:port`; a headless service's name gives them all).

    `retried` names what may be sent again when a replica was away: services ("pkg.Service") or methods
    ("pkg.Service/Method") that are queries or carry an idempotency key. A call waits for `deadline` unless it says
    otherwise, and never longer than the call that it is made for; a stream has none. A call may bring a token of its
    own in its `metadata`.
    """
    return _Channel(
        grpc.insecure_channel(_target(address), options=_options(retried)),
        _Outgoing(address, token, deadline),
    )


def aio_channel(
    address: str,
    token: str,
    *,
    retried: Iterable[str] = (),
    deadline: timedelta = DEADLINE,
) -> grpc.aio.Channel:
    """The same for an event loop, to be made on it. Streams are iterated, not read with `read()`."""
    return cast(
        "grpc.aio.Channel",
        _AioChannel(
            grpc.aio.insecure_channel(_target(address), options=_options(retried)),
            _Outgoing(address, token, deadline),
        ),
    )


def _target(address: str) -> str:
    return (
        address
        if "://" in address or address.startswith(("unix:", "ipv4:", "ipv6:"))
        else f"dns:///{address}"
    )


def _options(retried: Iterable[str]) -> list[tuple[str, Any]]:
    names = [
        {"service": service, "method": method} if method else {"service": service}
        for service, _, method in (one.partition("/") for one in retried)
    ]
    config: dict[str, object] = {
        "loadBalancingConfig": [{"round_robin": {}}],
        # A replica that says NOT_SERVING is left out before it closes.
        "healthCheckConfig": {"serviceName": ""},
    }
    if names:
        config["methodConfig"] = [
            {
                "name": names,
                "retryPolicy": {
                    "maxAttempts": 4,
                    "initialBackoff": "0.1s",
                    "maxBackoff": "1s",
                    "backoffMultiplier": 2,
                    "retryableStatusCodes": ["UNAVAILABLE"],
                },
            }
        ]
    return [
        ("grpc.service_config", json.dumps(config)),
        ("grpc.enable_retries", 1),
        ("grpc.max_receive_message_length", MAX_MESSAGE),
        ("grpc.max_send_message_length", MAX_MESSAGE),
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.http2.max_pings_without_data", 0),
        # A replica that comes back is found within a second, a new one within five.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.min_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 1_000),
        ("grpc.dns_min_time_between_resolutions_ms", 5_000),
    ]


class _Outgoing:
    """What goes with every call of a channel, and what comes back from it."""

    def __init__(self, address: str, token: str, deadline: timedelta) -> None:
        self._what = address
        self._authorization = (("authorization", f"Bearer {token}"),) if token else ()
        self._deadline = deadline.total_seconds()

    def metadata(self, given: Metadata | None, traceparent: str) -> Metadata:
        sent: Metadata = self._authorization
        if given:
            own = any(name == "authorization" for name, _ in given)
            sent = (*given, *(() if own else sent))
        return (*sent, (telemetry.tracing.TRACEPARENT, traceparent)) if traceparent else sent

    def timeout(self, given: float | None) -> float:
        wanted = self._deadline if given is None else given
        answering = call_or_none()
        left = answering.time_left() if answering is not None else None
        return wanted if left is None else min(wanted, left.total_seconds())

    def failed(self, failure: grpc.RpcError) -> Exception:
        return error_of(failure, self._what) or failure


def _span(path: str) -> telemetry.Span:
    """A client's span, where the road is sampled."""
    if not telemetry.current_traceparent():
        return telemetry.tracing.UNSAMPLED
    service, _, method = path.lstrip("/").partition("/")
    attributes = {semconv.RPC_SYSTEM: semconv.GRPC, semconv.RPC_SERVICE: service, semconv.RPC_METHOD: method}
    return telemetry.span(path.lstrip("/"), SpanKind.CLIENT, attributes=attributes)


class _Channel(grpc.Channel):
    """Makes multi-callables that know what goes along. An interceptor would build a chain anew for each call."""

    def __init__(self, wrapped: grpc.Channel, outgoing: _Outgoing) -> None:
        self._wrapped = wrapped
        self._outgoing = outgoing

    def unary_unary(self, method: str, *args: Any, **kwargs: Any) -> Any:
        return _UnaryUnary(method, self._wrapped.unary_unary(method, *args, **kwargs), self._outgoing)

    def unary_stream(self, method: str, *args: Any, **kwargs: Any) -> Any:
        return _UnaryStream(method, self._wrapped.unary_stream(method, *args, **kwargs), self._outgoing)

    def stream_unary(self, method: str, *args: Any, **kwargs: Any) -> Any:
        return _UnaryUnary(method, self._wrapped.stream_unary(method, *args, **kwargs), self._outgoing)

    def stream_stream(self, method: str, *args: Any, **kwargs: Any) -> Any:
        return _UnaryStream(method, self._wrapped.stream_stream(method, *args, **kwargs), self._outgoing)

    def subscribe(
        self, callback: Callable[[grpc.ChannelConnectivity], None], try_to_connect: bool | None = None
    ) -> None:
        self._wrapped.subscribe(callback, try_to_connect or False)

    def unsubscribe(self, callback: Callable[[grpc.ChannelConnectivity], None]) -> None:
        self._wrapped.unsubscribe(callback)

    def close(self) -> None:
        self._wrapped.close()

    def __enter__(self) -> "_Channel":
        return self

    def __exit__(self, *_: object) -> bool | None:
        self.close()
        return None


class _UnaryUnary:
    def __init__(self, path: str, wrapped: Any, outgoing: _Outgoing) -> None:
        self._path = path
        self._wrapped = wrapped
        self._outgoing = outgoing

    def __call__(
        self, request: Any, timeout: float | None = None, metadata: Metadata | None = None, **more: Any
    ) -> Any:
        outgoing = self._outgoing
        with _span(self._path) as span:
            try:
                return self._wrapped(
                    request, outgoing.timeout(timeout), outgoing.metadata(metadata, span.traceparent), **more
                )
            except grpc.RpcError as failure:
                raise outgoing.failed(failure) from failure

    def future(
        self, request: Any, timeout: float | None = None, metadata: Metadata | None = None, **more: Any
    ) -> Any:
        """gRPC's own future: its `result()` raises grpc.RpcError."""
        outgoing = self._outgoing
        road = telemetry.current_traceparent()
        return self._wrapped.future(
            request, outgoing.timeout(timeout), outgoing.metadata(metadata, road), **more
        )


class _UnaryStream:
    def __init__(self, path: str, wrapped: Any, outgoing: _Outgoing) -> None:
        self._path = path
        self._wrapped = wrapped
        self._outgoing = outgoing

    def __call__(
        self, request: Any, timeout: float | None = None, metadata: Metadata | None = None, **more: Any
    ) -> "_Stream":
        road = telemetry.current_traceparent()
        return _Stream(
            self._wrapped(request, timeout, self._outgoing.metadata(metadata, road), **more), self._outgoing
        )


class _Stream:
    """The messages of a stream; `cancel()` ends it from any thread, and the iteration with it."""

    def __init__(self, wrapped: Any, outgoing: _Outgoing) -> None:
        self._wrapped = wrapped
        self._outgoing = outgoing
        self._cancelled = False

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            return next(self._wrapped)
        except grpc.RpcError as failure:
            if self._cancelled:
                raise StopIteration from None
            raise self._outgoing.failed(failure) from failure

    def cancel(self) -> None:
        self._cancelled = True
        self._wrapped.cancel()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wrapped, name)


class _AioChannel:
    def __init__(self, wrapped: grpc.aio.Channel, outgoing: _Outgoing) -> None:
        self._wrapped = wrapped
        self._outgoing = outgoing

    def unary_unary(self, method: str, *args: Any, **kwargs: Any) -> Any:
        wrapped = self._wrapped.unary_unary(method, *args, **kwargs)
        outgoing = self._outgoing

        async def ask(
            request: Any, *, timeout: float | None = None, metadata: Metadata | None = None, **more: Any
        ) -> Any:
            with _span(method) as span:
                sent = outgoing.metadata(metadata, span.traceparent)
                try:
                    return await wrapped(request, timeout=outgoing.timeout(timeout), metadata=sent, **more)
                except grpc.RpcError as failure:
                    raise outgoing.failed(failure) from failure

        return ask

    def unary_stream(self, method: str, *args: Any, **kwargs: Any) -> Any:
        wrapped = self._wrapped.unary_stream(method, *args, **kwargs)
        outgoing = self._outgoing

        def listen(
            request: Any, *, timeout: float | None = None, metadata: Metadata | None = None, **more: Any
        ) -> "_AioStream":
            sent = outgoing.metadata(metadata, telemetry.current_traceparent())
            return _AioStream(wrapped(request, timeout=timeout, metadata=sent, **more), outgoing)

        return listen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wrapped, name)

    async def __aenter__(self) -> "_AioChannel":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._wrapped.close()


class _AioStream:
    def __init__(self, wrapped: Any, outgoing: _Outgoing) -> None:
        self._wrapped = wrapped
        self._outgoing = outgoing

    async def __aiter__(self) -> AsyncIterator[Any]:
        try:
            async for message in self._wrapped:
                yield message
        except grpc.RpcError as failure:
            raise self._outgoing.failed(failure) from failure

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wrapped, name)
