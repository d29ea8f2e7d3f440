"""The worked examples of docs/sla.md about update, wait and work, what stands still, and what counts as an answer."""

from dataclasses import replace
from datetime import timedelta

from services.sla.domain.book import Book
from services.sla.domain.counting import AGENT, AUTO_REPLY, AUTOMATIC, BOT, MERGED, NOTE, REQUESTER
from tests.ticket_story import Story, a_book, a_line, a_policy, berlin


def hours(amount: float) -> timedelta:
    return timedelta(hours=amount)


LIVE = a_book(
    a_policy(
        a_line("periodic_update", 9),
        a_line("requester_wait", 18),
        a_line("agent_work", 9),
    )
)


def counting(*counted: str) -> Book:
    """First reply 4 h, next reply 2 h, update 9 h, where these count."""
    lines = (a_line("first_reply", 4), a_line("next_reply", 2), a_line("periodic_update", 9))
    return a_book(a_policy(*lines, counts=counted))


# ------------------------------------------------------------------------------------------------------------- updates


def test_an_update_is_due_so_long_after_the_last_answer_whether_or_not_anybody_asked() -> None:
    story = Story("03-02 09:00").agent("03-02 10:00")
    assert story.at("03-02 11:00", LIVE)["periodic_update"].due_at == berlin("03-03 10:00")
    story.agent("03-02 16:00")
    assert story.at("03-02 17:00", LIVE)["periodic_update"].due_at == berlin("03-03 16:00")


def test_before_the_first_answer_no_update_is_due() -> None:
    assert "periodic_update" not in Story("03-02 09:00").at("03-02 12:00", LIVE)


def test_an_update_does_not_stop_for_pending_unless_its_line_says_so() -> None:
    story = (
        Story("03-02 09:00").agent("03-02 10:00", status="pending").requester("03-03 10:00", status="open")
    )
    missed = story.at("2026-03-03T10:00:01", LIVE)["periodic_update"]
    assert (missed.state, missed.due_at) == ("breached", berlin("03-03 10:00"))
    pausable = a_book(a_policy(a_line("periodic_update", 9, pause_statuses=("pending",))))
    assert story.at("03-03 10:00", pausable)["periodic_update"].due_at == berlin("03-04 10:00")


def test_an_update_is_cancelled_by_solving_and_goes_on_when_it_is_opened_again() -> None:
    story = Story("03-02 09:00").agent("03-02 10:00").change("03-02 12:00", status="solved")
    assert story.at("03-04 12:00", LIVE)["periodic_update"].state == "cancelled"
    story.requester("03-04 12:00", status="open")
    # Two hours were used on Monday.
    assert story.at("03-04 12:30", LIVE)["periodic_update"].due_at == berlin("03-05 10:00")


def test_two_answers_of_one_moment_are_one_update() -> None:
    story = Story("03-02 09:00").agent("03-02 10:00").agent("03-02 10:00")
    assert story.at("03-02 10:30", LIVE)["periodic_update"].due_at == berlin("03-03 10:00")


# ------------------------------------------------------------------------------------------------------- wait and work


def test_the_requester_waits_while_it_is_new_open_or_on_hold() -> None:
    story = (
        Story("03-02 09:00").agent("03-02 10:00", status="pending").requester("03-02 12:00", status="open")
    )
    story.change("03-02 13:00", status="on_hold").change("03-02 17:00", status="solved")
    wait = story.at("03-02 17:00", LIVE)["requester_wait"]
    assert (wait.state, wait.elapsed, wait.paused) == ("met", hours(6), hours(2))


def test_agents_work_while_it_is_new_or_open() -> None:
    story = (
        Story("03-02 09:00").agent("03-02 10:00", status="pending").requester("03-02 12:00", status="open")
    )
    story.change("03-02 13:00", status="on_hold").change("03-02 17:00", status="solved")
    work = story.at("03-02 17:00", LIVE)["agent_work"]
    assert (work.state, work.elapsed, work.paused) == ("met", hours(2), hours(6))


def test_each_target_stands_still_in_its_own_statuses() -> None:
    lines = (
        a_line("first_reply", 4, pause_statuses=("on_hold",)),
        a_line("resolution", 18, pause_statuses=()),
        a_line("requester_wait", 18, priority="medium", pause_statuses=("new",)),
    )
    story = Story("03-02 09:00").change("03-02 10:00", status="on_hold")
    states = story.at("03-02 12:00", a_book(a_policy(*lines)))
    assert {name: (state.state, state.elapsed) for name, state in states.items()} == {
        "first_reply": ("paused", hours(1)),
        "resolution": ("running", hours(3)),
        "requester_wait": ("running", hours(2)),
    }


# ---------------------------------------------------------------------------------------------------------- what counts


def test_a_note_is_an_answer_only_where_notes_count() -> None:
    story = Story("03-02 09:00").writes("03-02 10:00", NOTE)
    assert story.at("03-02 11:00", counting())["first_reply"].state == "running"
    assert story.at("03-02 11:00", counting("notes"))["first_reply"].state == "met"


def test_an_automatic_reply_is_an_answer_only_where_automatic_replies_count() -> None:
    story = Story("03-02 09:00").writes("03-02 09:00", AUTO_REPLY)
    assert story.at("03-02 11:00", counting("bot_answers"))["first_reply"].state == "running"
    assert story.at("03-02 11:00", counting("auto_replies"))["first_reply"].state == "met"


def test_the_answer_of_a_bot_is_one_only_where_bots_count() -> None:
    story = Story("03-02 09:00").writes("03-02 09:05", BOT)
    assert story.at("03-02 11:00", counting("auto_replies"))["first_reply"].state == "running"
    assert story.at("03-02 11:00", counting("bot_answers"))["first_reply"].state == "met"


def test_automatic_mail_waits_only_where_automatic_mail_counts() -> None:
    story = Story("03-02 09:00", by=AUTOMATIC)
    assert story.at("03-02 11:00", counting()) == {}
    assert story.at("03-02 11:00", counting("automatic_mail"))["first_reply"].due_at == berlin("03-02 13:00")


def test_merged_messages_count_from_the_merge_on_where_they_count_at_all() -> None:
    story = Story("03-02 09:00").agent("03-02 10:00").writes("03-02 12:00", MERGED + REQUESTER)
    assert "next_reply" not in story.at("03-02 13:00", counting())
    merged = counting("merged_messages")
    assert story.at("03-02 13:00", merged)["next_reply"].due_at == berlin("03-02 14:00")
    story.writes("03-02 12:00", MERGED + AGENT)
    assert story.at("03-02 13:00", merged)["next_reply"].state == "met"
    # A merged note is a note as well.
    noted = Story("03-02 09:00").writes("03-02 10:00", MERGED + NOTE)
    assert noted.at("03-02 11:00", merged)["first_reply"].state == "running"
    assert noted.at("03-02 11:00", counting("merged_messages", "notes"))["first_reply"].state == "met"


def test_whether_it_counted_is_said_by_the_policy_of_when_it_came() -> None:
    strict = a_policy(a_line("first_reply", 4))
    later = replace(strict, version=2, saved_at=berlin("03-02 12:00"), counts=("notes",))
    story = Story("03-02 09:00").writes("03-02 10:00", NOTE)
    assert story.at("03-02 12:30", a_book(strict, later))["first_reply"].state == "running"
    story.writes("03-02 12:45", NOTE)
    assert story.at("03-02 12:50", a_book(strict, later))["first_reply"].elapsed == hours(3.75)
