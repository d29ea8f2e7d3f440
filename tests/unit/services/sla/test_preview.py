"""What a change would turn, before it is saved."""

from dataclasses import replace
from typing import Any

from services.sla.domain.policy import Policy
from services.sla.domain.preview import turns
from tests.ticket_story import STANDARD, Story, a_book, a_line, berlin

NOW = "03-02 12:00"


def turned(story: Story, **more: Any) -> dict[str, str]:
    version: Policy = replace(STANDARD, version=2, saved_at=berlin(NOW), **more)
    found = turns(story.history(), a_book(STANDARD), a_book(STANDARD, version), berlin(NOW))
    return {turn.target: turn.kind for turn in found}


def test_what_would_be_missed_and_what_no_more_is_told_apart_from_what_moves() -> None:
    story = Story("03-02 09:00")
    assert turned(story, targets=(a_line("first_reply", 2), a_line("resolution", 9))) == {
        "first_reply": "newly_breached",
        "resolution": "due_moved",
    }
    missed = Story("02-27 09:00")
    assert turned(missed, targets=(a_line("first_reply", 20), a_line("resolution", 18))) == {
        "first_reply": "no_longer_breached"
    }


def test_a_target_that_comes_or_goes_is_told() -> None:
    assert turned(Story("03-02 09:00"), targets=(a_line("first_reply", 4), a_line("agent_work", 9))) == {
        "agent_work": "newly_promised",
        "resolution": "no_longer_promised",
    }


def test_what_is_done_turns_by_nothing() -> None:
    story = Story("03-02 09:00").agent("03-02 10:00", status="solved")
    assert turned(story, targets=(a_line("first_reply", 1), a_line("resolution", 1))) == {}


def test_a_version_for_what_is_new_turns_nothing_that_runs() -> None:
    assert turned(Story("03-02 09:00"), targets=(a_line("first_reply", 1),), applies_to="new") == {}


def test_saving_the_same_turns_nothing() -> None:
    assert turned(Story("03-02 09:00").requester("03-02 10:00")) == {}
