"""A write by gRPC: one command through group commit, and the same answer to whoever asks again with the same key."""

import hashlib
from datetime import timedelta
from typing import Any, TypeVar

from google.protobuf import message as protobuf

from chassis import rpc
from chassis.batches import Task
from chassis.errors import InvalidField, Unavailable
from chassis.group_commit import GroupCommitter
from chassis.telemetry import current_traceparent
from chassis.units import Cause

R = TypeVar("R", bound=protobuf.Message)

# How long a write may take where the caller does not say.
_PATIENCE = timedelta(seconds=10)
_LONGEST_KEY = 200


def write(committer: GroupCommitter, request: Any, command: object, response: type[R]) -> R:
    """Do what the request, which has an idempotency key, asks for. Raises Refused, Unavailable."""
    key = digest = ""
    if request.idempotency_key:
        key = f"{rpc.call().principal.token_id}:{request.idempotency_key}"
        asked = type(request).__name__.encode() + request.SerializeToString(deterministic=True)
        digest = hashlib.sha256(asked).hexdigest()[:32]
    cause = Cause(traceparent=current_traceparent())
    try:
        outcome = committer.call(Task(key, command, cause, digest), time_left())
    except TimeoutError:
        raise Unavailable("the store") from None
    assert isinstance(outcome.answer, bytes)
    return response.FromString(outcome.answer)


def check_key(key: str) -> None:
    """Raises InvalidField where the key is longer than any honest one."""
    if len(key) > _LONGEST_KEY:
        raise InvalidField("idempotency_key", f"at most {_LONGEST_KEY} characters", str(len(key)))


def time_left() -> timedelta:
    """How long the caller waits."""
    left = rpc.call().time_left()
    return _PATIENCE if left is None else min(left, _PATIENCE)
