"""The call that is being answered, for a handler to ask about: `rpc.call().principal`, `rpc.call().time_left()`."""

from collections.abc import Mapping
from contextvars import ContextVar
from datetime import timedelta
from typing import Any

from chassis import telemetry
from chassis.errors import PermissionDenied, Unauthenticated
from chassis.tokens import Authenticate, Principal

# Which roles and rights may call a method: `{"pkg.v1.Service/Get": {"admin", "agent"}}`. A method that is not named is
# nobody's.
Access = Mapping[str, frozenset[str]]


class Call:
    """One call: who asks, by which method, and for how long they will wait."""

    __slots__ = ("_context", "method", "principal", "traceparent")

    def __init__(self, method: str, principal: Principal, traceparent: str, context: Any) -> None:
        self.method = method
        self.principal = principal
        self.traceparent = traceparent
        self._context = context

    def time_left(self) -> timedelta | None:
        """Until the caller gives up, zero where it has; None where it waits for ever."""
        seconds = self._context.time_remaining()
        return None if seconds is None else timedelta(seconds=max(0.0, seconds))

    def metadata(self, name: str) -> str:
        """What the caller sent beside the request under this name; empty where nothing."""
        for key, value in self._context.invocation_metadata():
            if key == name:
                return value if isinstance(value, str) else ""
        return ""


_now: ContextVar[Call] = ContextVar("rpc_call")


def call() -> Call:
    """The call that this thread or task answers. Raises LookupError outside of one."""
    return _now.get()


def call_or_none() -> Call | None:
    return _now.get(None)


def answering(one: Call) -> None:
    """Make `one` the call of this thread or task, until the next."""
    _now.set(one)


def admit(method: str, roles: frozenset[str], authenticate: Authenticate, context: Any) -> Call:
    """The call, once its token is known and its role may. Raises Unauthenticated, PermissionDenied, Unavailable."""
    authorization = traceparent = ""
    for name, value in context.invocation_metadata():
        if name == "authorization":
            authorization = value
        elif name == telemetry.tracing.TRACEPARENT:
            traceparent = telemetry.sampled(value)
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("send a token in the metadata, as `authorization: Bearer <token>`")
    principal = authenticate(token.strip())
    if principal is None:
        raise Unauthenticated("this token is not known, or no longer")
    if principal.role not in roles and not principal.rights & roles:
        raise PermissionDenied(f"{method} is not open to the role {principal.role!r}")
    return Call(method, principal, traceparent, context)
