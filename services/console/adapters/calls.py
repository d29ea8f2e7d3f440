"""Calls by gRPC with a deadline, the internal token and the acting agent; statuses become the refusals they mean."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import NoReturn, Protocol, TypeVar

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from chassis.errors import (
    AlreadyExists,
    Conflict,
    FailedPrecondition,
    InvalidField,
    NotFound,
    PermissionDenied,
    TooBusy,
    Unauthenticated,
    Unavailable,
)

Q = TypeVar("Q")
A = TypeVar("A")
Q_contra = TypeVar("Q_contra", contravariant=True)
A_co = TypeVar("A_co", covariant=True)
Metadata = tuple[tuple[str, str], ...]

_REFUSALS: dict[grpc.StatusCode, Callable[[str], Exception]] = {
    grpc.StatusCode.NOT_FOUND: NotFound,
    grpc.StatusCode.ABORTED: Conflict,
    grpc.StatusCode.ALREADY_EXISTS: AlreadyExists,
    grpc.StatusCode.FAILED_PRECONDITION: FailedPrecondition,
    grpc.StatusCode.UNAUTHENTICATED: Unauthenticated,
    grpc.StatusCode.PERMISSION_DENIED: PermissionDenied,
}


class Unary(Protocol[Q_contra, A_co]):
    """A unary method of a stub."""

    def __call__(self, request: Q_contra, *, timeout: float, metadata: Metadata) -> A_co: ...


class Streaming(Protocol[Q_contra, A_co]):
    """A method of a stub that answers with a stream."""

    def __call__(self, request: Q_contra, *, timeout: float, metadata: Metadata) -> Iterator[A_co]: ...


class Caller:
    """Calls one service. A person waits for every call here, so deadlines are short."""

    def __init__(self, service: str, token: str, deadline: timedelta = timedelta(seconds=5)) -> None:
        self._service = service
        self._token = token
        self._deadline = deadline.total_seconds()

    def metadata(self, agent_id: str = "") -> Metadata:
        """What every call carries; `x-acting-agent` names the person a write is for."""
        who = (("x-acting-agent", agent_id),) if agent_id else ()
        return (("authorization", f"Bearer {self._token}"), *who)

    def ask(self, method: Unary[Q, A], request: Q, *, agent_id: str = "") -> A:
        """The answer; raises a refusal of chassis.errors, or Unavailable."""
        try:
            return method(request, timeout=self._deadline, metadata=self.metadata(agent_id))
        except grpc.RpcError as error:
            self.refuse(error)

    def stream(self, method: Streaming[Q, A], request: Q, *, deadline: timedelta) -> Iterator[A]:
        """The answers one by one. The first is fetched here, so that a refusal comes before anything is promised."""
        try:
            answers = method(request, timeout=deadline.total_seconds(), metadata=self.metadata())
            first = next(answers, None)
        except grpc.RpcError as error:
            self.refuse(error)
        return self._rest(first, answers)

    def _rest(self, first: A | None, answers: Iterator[A]) -> Iterator[A]:
        if first is None:
            return
        yield first
        try:
            yield from answers
        except grpc.RpcError as error:
            self.refuse(error)

    def refuse(self, error: grpc.RpcError) -> NoReturn:
        """Raise what the status means."""
        # Every error of a call is a grpc.Call too, which the stubs' types do not say.
        if not isinstance(error, grpc.Call):
            raise Unavailable(self._service) from error
        code, details = error.code(), error.details() or ""
        if code is grpc.StatusCode.INVALID_ARGUMENT:
            raise _invalid_field(error, details) from error
        if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
            raise TooBusy(timedelta(seconds=5), details or self._service) from error
        if code in _REFUSALS:
            raise _REFUSALS[code](details) from error
        raise Unavailable(self._service) from error


def _invalid_field(error: grpc.Call, details: str) -> InvalidField:
    status = rpc_status.from_call(error)
    for detail in status.details if status else ():
        bad = error_details_pb2.BadRequest()
        if detail.Unpack(bad) and bad.field_violations:
            return InvalidField(bad.field_violations[0].field, bad.field_violations[0].description)
    return InvalidField("", details)


def moment(stamp: Timestamp) -> datetime:
    """The aware moment of a timestamp that is always set."""
    return stamp.ToDatetime(tzinfo=UTC)


def moment_or_none(stamp: Timestamp, *, is_set: bool) -> datetime | None:
    """The aware moment, or None where the field was left out."""
    return stamp.ToDatetime(tzinfo=UTC) if is_set else None


def stamp_of(at: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(at)
    return stamp
