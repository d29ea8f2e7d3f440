import copy
import pickle
from datetime import timedelta

import pytest

from chassis.errors import InvalidField, InvalidFields, NotFound, Refused, TooBusy, Unavailable


def test_a_refusal_says_what_it_was_given() -> None:
    assert str(NotFound("there is no ticket 4")) == "there is no ticket 4"


def test_an_invalid_field_says_what_is_expected_and_what_came() -> None:
    assert (
        str(InvalidField("priority", "one of low, high", "huge"))
        == "priority: expected one of low, high, got 'huge'"
    )
    assert str(InvalidField("subject", "some text")) == "subject: expected some text"


def test_a_long_value_is_cut_in_the_text_and_kept_in_the_field() -> None:
    refused = InvalidField("subject", "at most 10 characters", "x" * 5000)
    assert len(str(refused)) < 150
    assert len(refused.got) == 5000


def test_all_invalid_fields_are_told_at_once() -> None:
    both = InvalidFields([InvalidField("a", "a number"), InvalidField("b", "text", "1")])
    assert str(both) == "a: expected a number; b: expected text, got '1'"


def test_too_busy_says_when_to_come_back() -> None:
    assert str(TooBusy(timedelta(seconds=1.5))) == "too busy; try again in 1.5 s"


def test_what_is_away_is_no_refusal() -> None:
    assert str(Unavailable("the database")) == "the database is away"
    assert not issubclass(Unavailable, Refused)


@pytest.mark.parametrize(
    "error",
    [
        InvalidField("a", "b", "c"),
        InvalidFields([InvalidField("a", "b")]),
        TooBusy(timedelta(seconds=1)),
        Unavailable("x"),
    ],
)
def test_every_refusal_survives_a_copy(error: Exception) -> None:
    assert str(copy.copy(error)) == str(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301
