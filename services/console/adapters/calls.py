"""Calls to the other services for a person: who acts goes along, and every failure has a service's name."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.errors import TooBusy, Unavailable
from chassis.telemetry import logger

Q = TypeVar("Q")
A = TypeVar("A")
Q_contra = TypeVar("Q_contra", contravariant=True)
A_co = TypeVar("A_co", covariant=True)
Metadata = tuple[tuple[str, str], ...]

# Read by tickets and rules, from our own services only.
ACTING_AGENT = "x-acting-agent"


class Unary(Protocol[Q_contra, A_co]):
    """A unary method of a stub."""

    def __call__(self, request: Q_contra, *, metadata: Metadata) -> A_co: ...


class Streaming(Protocol[Q_contra, A_co]):
    """A method of a stub that answers with a stream."""

    def __call__(self, request: Q_contra, *, timeout: float) -> Iterator[A_co]: ...


class Caller:
    """Calls one service over a channel of the chassis, which knows token, deadline and the refusals."""

    def __init__(self, service: str) -> None:
        self._service = service

    def ask(self, method: Unary[Q, A], request: Q, *, agent_id: str = "") -> A:
        """The answer; `agent_id` is the person a write is for. Raises a refusal, or Unavailable."""
        with self.named():
            return method(request, metadata=((ACTING_AGENT, agent_id),) if agent_id else ())

    def stream(self, method: Streaming[Q, A], request: Q, *, deadline: timedelta) -> Iterator[A]:
        """The answers one by one. The first is fetched here, so that a refusal comes before anything is promised."""
        with self.named():
            answers = iter(method(request, timeout=deadline.total_seconds()))
            first = next(answers, None)
        return self._rest(first, answers)

    def _rest(self, first: A | None, answers: Iterator[A]) -> Iterator[A]:
        if first is None:
            return
        yield first
        with self.named():
            yield from answers

    @contextmanager
    def named(self) -> Iterator[None]:
        """Say which service was away: an address means nothing to whoever reads the page."""
        try:
            yield
        except Unavailable as error:
            raise Unavailable(self._service) from error
        except TooBusy as error:
            raise TooBusy(error.retry_after, self._service) from error
        except grpc.RpcError as error:
            # INTERNAL and the like: a part of the page fails, and the people in charge find why.
            logger(__name__).error("call_failed", service=self._service, error=str(error))
            raise Unavailable(self._service) from error


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
