import pytest

from tests.waiting import wait_until


def test_the_first_truthy_answer_is_returned() -> None:
    answers = iter([0, "", 7])
    assert wait_until(lambda: next(answers), interval=0) == 7


def test_what_did_not_come_is_named_with_the_last_answer() -> None:
    with pytest.raises(AssertionError, match=r"not within 0.01 s: all queues empty \(last answer: 0\)"):
        wait_until(lambda: 0, timeout=0.01, describe="all queues empty")
