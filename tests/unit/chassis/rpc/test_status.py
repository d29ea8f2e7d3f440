from base64 import b64encode
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import grpc
import pytest

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
from chassis.rpc.status import Answer, answer_to, error_of


class Failure(grpc.RpcError):
    """An answer as it arrives."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def code(self) -> grpc.StatusCode:
        return self._answer.code

    def details(self) -> str:
        return self._answer.text

    def trailing_metadata(self) -> Any:
        return self._answer.trailing


def there_and_back(error: Exception) -> Exception | None:
    answer = answer_to(error)
    assert answer is not None
    return error_of(Failure(answer), "tickets:50051")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotFound("no ticket 4"), grpc.StatusCode.NOT_FOUND),
        (Conflict("moved on"), grpc.StatusCode.ABORTED),
        (AlreadyExists("taken"), grpc.StatusCode.ALREADY_EXISTS),
        (FailedPrecondition("closed"), grpc.StatusCode.FAILED_PRECONDITION),
        (Unauthenticated("who?"), grpc.StatusCode.UNAUTHENTICATED),
        (PermissionDenied("no"), grpc.StatusCode.PERMISSION_DENIED),
    ],
)
def test_a_refusal_arrives_as_what_it_was(error: Refused, code: grpc.StatusCode) -> None:
    answer = answer_to(error)
    assert answer is not None
    assert answer.code is code
    received = error_of(Failure(answer), "tickets")
    assert type(received) is type(error)
    assert str(received) == str(error)


def test_wrong_fields_arrive_by_name() -> None:
    sent = InvalidFields(
        [InvalidField("priority", "one of low, high", "huge"), InvalidField("tags[2]", "a word")]
    )
    received = there_and_back(sent)
    assert isinstance(received, InvalidFields)
    assert [one.field for one in received.fields] == ["priority", "tags[2]"]
    assert str(received) == str(sent)


def test_one_wrong_field_is_a_list_of_one() -> None:
    received = there_and_back(InvalidField("priority", "one of low, high"))
    assert isinstance(received, InvalidFields)
    assert str(received) == "priority: expected one of low, high"


def test_too_busy_arrives_with_its_pause() -> None:
    received = there_and_back(TooBusy(timedelta(seconds=2.5)))
    assert isinstance(received, TooBusy)
    assert received.retry_after == timedelta(seconds=2.5)


def test_what_was_away_for_the_service_is_the_service_away_for_us() -> None:
    received = there_and_back(Unavailable("the database"))
    assert isinstance(received, Unavailable)
    assert received.what == "tickets:50051"


def test_a_deadline_says_that_the_service_is_away() -> None:
    assert isinstance(
        error_of(Failure(Answer(grpc.StatusCode.DEADLINE_EXCEEDED, "")), "tickets"), Unavailable
    )


def test_what_nobody_foresaw_has_no_answer() -> None:
    assert answer_to(ValueError("secret")) is None
    assert error_of(Failure(Answer(grpc.StatusCode.INTERNAL, "")), "tickets") is None


class Closed(Exception):
    """A service's own refusal."""


class ClosedForGood(Closed):
    pass


def test_a_services_own_refusals_are_translated_by_its_table() -> None:
    answer = answer_to(ClosedForGood("this ticket is closed"), {Closed: FailedPrecondition})
    assert answer == Answer(grpc.StatusCode.FAILED_PRECONDITION, "this ticket is closed")
    answer = answer_to(Closed("x"), {Closed: lambda error: InvalidField("status", "an open ticket")})
    assert answer is not None
    assert answer.code is grpc.StatusCode.INVALID_ARGUMENT


def test_an_answer_stays_within_what_metadata_can_hold() -> None:
    answer = answer_to(InvalidFields([InvalidField("ы" * 5_000, "ы" * 5_000, "ы" * 5_000)] * 500))
    assert answer is not None
    assert len(quote(answer.text)) + len(b64encode(answer.trailing[0][1])) < 8_000


def test_details_that_cannot_be_read_are_as_none() -> None:
    broken = Answer(grpc.StatusCode.INVALID_ARGUMENT, "bad", (("grpc-status-details-bin", b"\xff\xff"),))
    received = error_of(Failure(broken), "tickets")
    assert type(received) is Refused
    assert str(received) == "bad"
