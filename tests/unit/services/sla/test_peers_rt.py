"""RT's examples, by their numbers: where ours come to something else, docs/sla.md says why.

bestpractical/rt, docs/customizing/sla.pod, t/sla/business_hours.t, t/sla/due.t and t/sla/ignore-on-statuses.t.
"""

from datetime import timedelta

from tests.peer_books import always, at, book, line, open_on
from tests.ticket_story import Story, berlin


def test_rt_an_hour_of_sundays_or_of_mondays() -> None:
    # Monday 2007-01-01, 00:00 UTC.
    story = Story("2007-01-01T01:00")
    for day, due in ((7, "2007-01-07T10:00"), (1, "2007-01-01T10:00")):
        hours = open_on(range(day, day + 1), "09:00", "17:00")
        assert story.at("2007-01-01T02:00", book(hours, line("resolution", 60)))["resolution"].due_at == at(
            due
        )


def test_rt_another_level_moves_due_by_the_difference() -> None:
    lines = (always("resolution", 120), always("resolution", 240, priority="low"))
    story = Story("03-02 08:00")
    before = story.at("03-02 08:30", book(None, *lines))["resolution"].due_at
    after = (
        story.change("03-02 08:30", priority="low").at("03-02 08:31", book(None, *lines))["resolution"].due_at
    )
    assert before is not None
    assert after == before + timedelta(hours=2)


def test_rt_response_is_unset_by_an_answer_set_by_the_requestor_and_left_by_the_next_mail() -> None:
    response = book(None, always("first_reply", 120), always("next_reply", 120))
    story = Story("03-02 08:00").agent("03-02 09:00").agent("03-02 09:30")
    assert all(not state.is_open for state in story.at("03-02 09:40", response).values())
    story.requester("03-02 10:00").requester("03-02 10:30")
    assert story.at("03-02 10:40", response)["next_reply"].due_at == berlin("03-02 12:00")
    assert Story("03-02 08:00", by="agent").at("03-02 09:00", response) == {}


def test_rt_keep_in_loop_follows_the_last_answer_and_goes_on_here_when_the_requestor_writes() -> None:
    loop = book(None, always("next_reply", 120), always("periodic_update", 240))
    story = Story("03-02 08:00").agent("03-02 09:00").agent("03-02 09:10")
    assert story.at("03-02 09:20", loop)["periodic_update"].due_at == berlin("03-02 13:10")
    states = story.requester("03-02 10:00").at("03-02 10:10", loop)
    # RT has one due date: two hours for the response, as here; the update is no more due there, and still is here.
    assert states["next_reply"].due_at == berlin("03-02 12:00")
    assert states["periodic_update"].due_at == berlin("03-02 13:10")


def test_rt_time_in_ignored_statuses_is_excluded_as_with_its_option() -> None:
    stalled = book(None, always("first_reply", 120, pause_statuses=("on_hold",)))
    story = Story("03-02 08:00").change("03-02 08:30", status="on_hold")
    assert story.at("03-02 08:40", stalled)["first_reply"].due_at is None
    # Without ExcludeTimeOnIgnoredStatuses RT sets the old moment again, 10:00.
    assert story.change("03-02 08:45", status="open").at("03-02 09:00", stalled)[
        "first_reply"
    ].due_at == berlin("03-02 10:15")
