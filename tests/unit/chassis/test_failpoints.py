"""A failpoint does nothing until a test arms it, and then exactly once."""

from collections.abc import Iterator

import pytest

from chassis.failpoints import FailpointReached, arm, failpoint


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    arm({})


def test_an_unarmed_point_is_passed() -> None:
    arm({})
    failpoint("after-commit-before-ack")


def test_an_armed_point_fails_at_the_passage_it_was_armed_for() -> None:
    arm({"FAILPOINTS": "here=error@2"})
    failpoint("here")
    with pytest.raises(FailpointReached, match="here"):
        failpoint("here")
    failpoint("here")


def test_an_unknown_action_is_refused() -> None:
    with pytest.raises(ValueError, match="expected kill or error"):
        arm({"FAILPOINTS": "here=explode"})
