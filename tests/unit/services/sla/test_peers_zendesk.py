"""Zendesk's examples, by their numbers: where ours come to something else, docs/sla.md says why.

support.zendesk.com, articles 4408829459866 (defining SLA policies), 4408834848154 (duration metrics) and 4408821871642 (first
reply time); developer.zendesk.com, ticket metric event types.
"""

from services.sla.domain.counting import BOT
from services.sla.domain.target import TargetState
from tests.peer_books import always, book, minutes
from tests.ticket_story import Story, berlin

ZENDESK = book(
    None,
    always("first_reply", 10, priority="urgent"),
    always("requester_wait", 120, priority="urgent"),
    always("agent_work", 120, priority="urgent"),
    always("resolution", 120, priority="urgent", pause_statuses=()),
    always("periodic_update", 60, priority="urgent"),
    always("next_reply", 60, priority="urgent"),
)


def zendesk(story: Story, when: str) -> dict[str, TargetState]:
    return story.at(when, ZENDESK)


def test_zendesk_urgent_is_answered_in_ten_minutes_and_resolved_in_two_hours() -> None:
    states = zendesk(Story("03-02 08:00", priority="urgent"), "03-02 08:05")
    assert states["first_reply"].due_at == berlin("03-02 08:10")
    assert states["resolution"].due_at == berlin("03-02 10:00")


def test_zendesk_wait_work_and_resolution_count_their_own_statuses() -> None:
    # New 10, open 20, pending 30, open 15, on hold 25 minutes, then solved.
    story = Story("03-02 08:00", priority="urgent").agent("03-02 08:10", status="open")
    story.change("03-02 08:30", status="pending").requester("03-02 09:00", status="open")
    story.change("03-02 09:15", status="on_hold").change("03-02 09:40", status="solved")
    states = zendesk(story, "03-02 12:00")
    found = {name: minutes(states[name].elapsed) for name in ("requester_wait", "agent_work", "resolution")}
    assert found == {"requester_wait": 10 + 20 + 15 + 25, "agent_work": 10 + 20 + 15, "resolution": 100}


def test_zendesk_next_reply_is_from_the_oldest_comment_without_an_answer() -> None:
    story = Story("03-02 08:00", priority="urgent").agent("03-02 08:05")
    story.requester("03-02 09:00").requester("03-02 09:30")
    assert zendesk(story, "03-02 09:40")["next_reply"].due_at == berlin("03-02 10:00")


def test_zendesk_updates_are_between_public_comments_of_agents() -> None:
    story = (
        Story("03-02 08:00", priority="urgent").agent("03-02 08:05", status="pending").agent("03-02 08:50")
    )
    update = zendesk(story, "03-02 09:00")["periodic_update"]
    assert (update.started_at, update.due_at) == (berlin("03-02 08:50"), berlin("03-02 09:50"))


def test_zendesk_bots_are_no_first_reply() -> None:
    story = Story("03-02 08:00", priority="urgent").writes("03-02 08:01", BOT)
    assert zendesk(story, "03-02 08:05")["first_reply"].state == "running"


def test_zendesk_counts_an_answer_to_what_an_agent_opened_as_the_first_and_here_it_is_the_next() -> None:
    story = Story("03-02 08:00", by="agent", priority="urgent", status="solved")
    story.requester("03-03 08:00", status="open").agent("03-03 08:20")
    states = zendesk(story, "03-03 09:00")
    assert "first_reply" not in states
    assert (states["next_reply"].state, minutes(states["next_reply"].elapsed)) == ("met", 20)
