"""A part of a page that may fail alone."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from chassis.errors import PermissionDenied, Refused, TooBusy, Unauthenticated, Unavailable
from chassis.ids import new_id

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a part cannot be shown: away, denied, busy or refused. The trace id stands in the log line too."""

    reason: str
    what: str
    trace_id: str


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """What a part shows, or why it cannot."""

    value: T | None = None
    failure: Failure | None = None


def part(ask: Callable[[], T]) -> Part[T]:
    """The answer as a part; a refusal or an absence becomes its failure."""
    try:
        return Part(value=ask())
    except Unavailable as error:
        failure = Failure("away", error.what, new_id()[-8:])
    except TooBusy as error:
        failure = Failure("busy", error.what, new_id()[-8:])
    except (PermissionDenied, Unauthenticated) as error:
        failure = Failure("denied", str(error), new_id()[-8:])
    except Refused as error:
        failure = Failure("refused", str(error), new_id()[-8:])
    structlog.get_logger(__name__).warning(
        "part_failed", reason=failure.reason, what=failure.what, shown_as=failure.trace_id
    )
    return Part(failure=failure)
