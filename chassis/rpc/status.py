"""The table between the ways to say no and gRPC's status codes, read both ways.

What was wrong with which field travels as google.rpc.BadRequest, when to come back as google.rpc.RetryInfo, both in
`grpc-status-details-bin`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError, Message
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from google.rpc.status_pb2 import Status

from chassis.errors import (
    AlreadyExists,
    Conflict,
    FailedPrecondition,
    InvalidField,
    InvalidFields,
    NotFound,
    PermissionDenied,
    Refused,
    TooBusy,
    Unauthenticated,
    Unavailable,
)

Code = grpc.StatusCode
# What a service's own errors become: `{TicketClosed: FailedPrecondition}`, or a function for those with a field.
Refusals = Mapping[type[Exception], Callable[[Any], Refused]]

DETAILS = "grpc-status-details-bin"
# A client takes 8 KB of metadata by default, in which a Cyrillic letter of the text takes six bytes.
_TEXT = 300
_DETAILS_BYTES = 3_000

CODES: Mapping[type[Exception], grpc.StatusCode] = {
    NotFound: Code.NOT_FOUND,
    Conflict: Code.ABORTED,
    AlreadyExists: Code.ALREADY_EXISTS,
    FailedPrecondition: Code.FAILED_PRECONDITION,
    Unauthenticated: Code.UNAUTHENTICATED,
    PermissionDenied: Code.PERMISSION_DENIED,
    InvalidField: Code.INVALID_ARGUMENT,
    InvalidFields: Code.INVALID_ARGUMENT,
    TooBusy: Code.RESOURCE_EXHAUSTED,
    Unavailable: Code.UNAVAILABLE,
    Refused: Code.FAILED_PRECONDITION,
}
_REFUSALS: Mapping[grpc.StatusCode, Callable[[str], Exception]] = {
    Code.NOT_FOUND: NotFound,
    Code.ABORTED: Conflict,
    Code.ALREADY_EXISTS: AlreadyExists,
    Code.FAILED_PRECONDITION: FailedPrecondition,
    Code.UNAUTHENTICATED: Unauthenticated,
    Code.PERMISSION_DENIED: PermissionDenied,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is no: what goes on the wire."""

    code: grpc.StatusCode
    text: str
    trailing: tuple[tuple[str, bytes], ...] = ()


def answer_to(error: Exception, refusals: Refusals | None = None) -> Answer | None:
    """The answer that `error` stands for; None where nobody foresaw it."""
    for kind in type(error).__mro__:
        if refusals and kind in refusals:
            error = refusals[kind](error)
            break
    for kind in type(error).__mro__:
        code = CODES.get(kind)
        if code is not None:
            return _answer(code, str(error), _details(error))
    return None


def error_of(failure: grpc.RpcError, what: str) -> Exception | None:
    """The error that the service `what` meant by this status; None for those that no caller can act on."""
    code = failure.code()
    text = failure.details() or code.name
    if code in (Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED):
        return Unavailable(what)
    if code is Code.INVALID_ARGUMENT:
        fields = [
            InvalidField(violation.field, violation.description.removeprefix("expected "))
            for bad in _received(failure, BadRequest)
            for violation in bad.field_violations
        ]
        return InvalidFields(fields) if fields else Refused(text)
    if code is Code.RESOURCE_EXHAUSTED:
        for info in _received(failure, RetryInfo):
            return TooBusy(info.retry_delay.ToTimedelta(), f"{what} is too busy")
        return TooBusy(timedelta(seconds=1), f"{what} is too busy")
    refusal = _REFUSALS.get(code)
    return refusal(text) if refusal is not None else None


def _answer(code: grpc.StatusCode, text: str, details: Sequence[Message]) -> Answer:
    text = text if len(text) <= _TEXT else text[: _TEXT - 1] + "…"
    if not details:
        return Answer(code, text)
    status = Status(code=code.value[0], message=text)
    for detail in details:
        packed = AnyMessage()
        packed.Pack(detail)
        status.details.append(packed)
    return Answer(code, text, ((DETAILS, status.SerializeToString()),))


def _details(error: Exception) -> Sequence[Message]:
    if isinstance(error, InvalidField):
        return [_bad_request([error])]
    if isinstance(error, InvalidFields):
        return [_bad_request(error.fields)]
    if isinstance(error, TooBusy):
        info = RetryInfo()
        info.retry_delay.FromTimedelta(error.retry_after)
        return [info]
    return []


def _bad_request(fields: Sequence[InvalidField]) -> BadRequest:
    bad = BadRequest()
    for one in fields:
        violation = BadRequest.FieldViolation(field=one.field[:100], description=one.description[:_TEXT])
        if bad.ByteSize() + violation.ByteSize() > _DETAILS_BYTES:
            break
        bad.field_violations.append(violation)
    return bad


def _received(failure: grpc.RpcError, kind: type[Message]) -> Iterable[Any]:
    # The stubs for types have it wrong: these are pairs.
    trailing: Iterable[tuple[str, Any]] = cast("Any", failure.trailing_metadata()) or ()
    for name, value in trailing:
        if name == DETAILS:
            try:
                status = Status.FromString(value)
            except DecodeError:
                return
            for packed in status.details:
                detail = kind()
                if packed.Is(detail.DESCRIPTOR) and packed.Unpack(detail):
                    yield detail
