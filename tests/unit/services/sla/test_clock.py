"""The worked examples of docs/sla.md, a test each, in the order of the page. Office hours are Berlin's, 9 to 18."""

from dataclasses import replace
from datetime import date, timedelta

from chassis.businesstime import Hours, Window
from services.sla.domain.policy import NamedCalendar
from tests.ticket_story import OFFICE, STANDARD, Story, a_book, a_line, a_policy, berlin

BOOK = a_book(STANDARD)


def hours(amount: float) -> timedelta:
    return timedelta(hours=amount)


# ---------------------------------------------------------------------------------------------------- the first reply


def test_the_first_reply_is_due_so_many_office_hours_after_the_ticket_came() -> None:
    # Friday 16:00, four hours: two on Friday, two on Monday.
    first = Story("03-06 16:00").at("03-06 17:00", BOOK)["first_reply"]
    assert (first.state, first.due_at, first.elapsed) == ("running", berlin("03-09 11:00"), hours(1))


def test_a_ticket_that_came_at_night_is_counted_from_the_morning() -> None:
    first = Story("03-02 23:10").at("03-03 08:00", BOOK)["first_reply"]
    assert (first.due_at, first.elapsed) == (berlin("03-03 13:00"), hours(0))


def test_an_answer_at_the_due_moment_is_in_time_and_one_second_later_is_late() -> None:
    story = Story("03-02 09:00").agent("03-02 13:00")
    assert story.at("03-02 13:00", BOOK)["first_reply"].state == "met"
    late = Story("03-02 09:00").agent("2026-03-02T13:00:01").at("03-02 14:00", BOOK)["first_reply"]
    assert (late.state, late.late, late.ended_at) == (
        "breached",
        timedelta(seconds=1),
        berlin("2026-03-02T13:00:01"),
    )


def test_pending_does_not_stop_the_first_reply() -> None:
    first = (
        Story("03-02 09:00").change("03-02 10:00", status="pending").at("03-02 13:00", BOOK)["first_reply"]
    )
    assert (first.state, first.due_at) == ("breached", berlin("03-02 13:00"))


def test_an_automatic_answer_is_no_answer() -> None:
    first = Story("03-02 09:00").nothing("03-02 09:00").at("03-02 12:00", BOOK)["first_reply"]
    assert first.state == "running"


def test_automatic_mail_waits_for_no_answer() -> None:
    story = Story("03-02 09:00", by="")
    assert set(story.at("03-02 10:00", BOOK)) == {"resolution"}
    first = story.requester("03-02 11:00").at("03-02 12:00", BOOK)["first_reply"]
    assert first.started_at == berlin("03-02 11:00")


def test_what_an_agent_opened_needs_no_first_reply() -> None:
    story = Story("03-02 09:00", by="agent").requester("03-02 12:00")
    assert story.at("03-02 13:00", BOOK)["next_reply"].due_at == berlin("03-02 14:00")
    assert "first_reply" not in story.at("03-02 13:00", BOOK)


def test_a_ticket_solved_without_an_answer_waits_for_none() -> None:
    story = Story("03-02 09:00").change("03-02 10:00", status="solved")
    assert story.at("03-05 09:00", BOOK)["first_reply"].state == "cancelled"


def test_a_ticket_opened_again_waits_on_where_it_was() -> None:
    story = Story("03-02 09:00").change("03-02 10:00", status="solved").change("03-03 09:00", status="open")
    first = story.at("03-03 09:30", BOOK)["first_reply"]
    assert (first.state, first.due_at, first.paused) == ("running", berlin("03-03 12:00"), hours(8))


# ----------------------------------------------------------------------------------------------------- the next reply


def test_the_next_reply_counts_from_the_oldest_message_without_an_answer() -> None:
    story = Story("03-02 09:00").agent("03-02 10:00").requester("03-02 11:00").requester("03-02 12:30")
    following = story.at("03-02 12:30", BOOK)["next_reply"]
    assert (following.started_at, following.due_at) == (berlin("03-02 11:00"), berlin("03-02 13:00"))


def test_each_wait_is_a_target_of_its_own() -> None:
    story = Story("03-02 09:00").agent("03-02 10:00").requester("03-02 11:00").agent("03-02 12:00")
    story.requester("03-02 15:00")
    following = story.at("03-02 16:00", BOOK)["next_reply"]
    assert (following.started_at, following.elapsed) == (berlin("03-02 15:00"), hours(1))


def test_messages_before_the_first_answer_belong_to_the_first_reply() -> None:
    story = Story("03-02 09:00").requester("03-02 10:00")
    assert set(story.at("03-02 11:00", BOOK)) == {"resolution", "first_reply"}


def test_an_answer_that_nobody_waited_for_starts_nothing() -> None:
    story = Story("03-02 09:00").agent("03-02 10:00").agent("03-02 11:00")
    assert set(story.at("03-02 12:00", BOOK)) == {"resolution", "first_reply"}


# ------------------------------------------------------------------------------------------------------ the resolution


def test_the_resolution_stands_still_while_pending() -> None:
    story = Story("03-02 09:00").agent("03-02 10:00", status="pending")
    paused = story.at("03-04 12:00", BOOK)["resolution"]
    assert (paused.state, paused.due_at, paused.elapsed) == ("paused", None, hours(1))
    assert [(p.since, p.to, p.reason) for p in paused.pauses] == [(berlin("03-02 10:00"), None, "pending")]
    running = story.requester("03-04 12:00", status="open").at("03-04 13:00", BOOK)["resolution"]
    # One hour was used on Monday; 17 are left from Wednesday noon.
    assert (running.due_at, running.elapsed, running.paused) == (berlin("03-06 11:00"), hours(2), hours(20))


def test_on_hold_stands_still_only_where_the_policy_says_so() -> None:
    story = Story("03-02 09:00").change("03-02 10:00", status="on_hold")
    assert story.at("03-02 12:00", BOOK)["resolution"].state == "running"
    patient = a_book(replace(STANDARD, pause_statuses=("pending", "on_hold")))
    assert story.at("03-02 12:00", patient)["resolution"].state == "paused"


def test_neighbouring_pauses_tell_their_own_reasons() -> None:
    patient = a_book(replace(STANDARD, pause_statuses=("pending", "on_hold")))
    story = (
        Story("03-02 09:00").change("03-02 10:00", status="pending").change("03-02 11:00", status="on_hold")
    )
    pauses = story.change("03-02 12:00", status="open").at("03-02 13:00", patient)["resolution"].pauses
    assert [(pause.reason, pause.to) for pause in pauses] == [
        ("pending", berlin("03-02 11:00")),
        ("on_hold", berlin("03-02 12:00")),
    ]


def test_solving_meets_the_resolution_and_closing_changes_nothing_more() -> None:
    story = Story("03-02 09:00").agent("03-02 10:00", status="solved").change("03-06 10:00", status="closed")
    resolution = story.at("03-07 10:00", BOOK)["resolution"]
    assert (resolution.state, resolution.ended_at, resolution.elapsed) == (
        "met",
        berlin("03-02 10:00"),
        hours(1),
    )


def test_a_reopened_ticket_goes_on_without_the_time_it_was_solved() -> None:
    story = Story("03-02 09:00").agent("03-02 10:00", status="solved").requester("03-05 09:00", status="open")
    resolution = story.at("03-05 10:00", BOOK)["resolution"]
    assert (resolution.state, resolution.elapsed) == ("running", hours(2))
    # 17 hours were left on Thursday at 9.
    assert resolution.due_at == berlin("03-06 17:00")


def test_what_came_closed_is_no_promise_that_was_kept_until_somebody_opens_it() -> None:
    notice = Story("03-02 09:00", by="system", status="closed")
    assert notice.at("03-02 09:00", BOOK) == notice.at("03-05 09:00", BOOK) == {}
    opened = notice.change("03-03 09:00", status="open").at("03-03 10:00", BOOK)
    assert opened["resolution"].state == "running"


def test_spam_waits_for_nothing_and_is_no_solution() -> None:
    story = Story("03-02 09:00").change("03-02 10:00", status="spam")
    at_rest = story.at("03-09 09:00", BOOK)
    assert {at_rest["first_reply"].state, at_rest["resolution"].state} == {"cancelled"}
    goes_on = story.change("03-03 09:00", status="open").at("03-03 09:30", BOOK)
    assert (goes_on["first_reply"].state, goes_on["first_reply"].due_at) == ("running", berlin("03-03 12:00"))
    assert goes_on["resolution"].state == "running"


def test_a_merged_ticket_waits_for_nothing_and_is_no_solution() -> None:
    story = Story("03-02 09:00").change("03-02 10:00", status="merged")
    at_rest = story.at("03-09 09:00", BOOK)
    assert {at_rest["first_reply"].state, at_rest["resolution"].state} == {"cancelled"}


def test_a_merge_undone_lets_every_target_go_on_where_it_was() -> None:
    story = Story("03-02 09:00").change("03-02 10:00", status="merged").change("03-03 09:00", status="new")
    goes_on = story.at("03-03 09:30", BOOK)
    assert (goes_on["first_reply"].state, goes_on["first_reply"].due_at) == ("running", berlin("03-03 12:00"))
    assert goes_on["resolution"].state == "running"


def test_pending_at_night_costs_and_saves_nothing() -> None:
    story = Story("03-02 17:00").change("03-02 19:00", status="pending").change("03-03 08:00", status="open")
    assert story.at("03-03 09:00", BOOK)["resolution"].due_at == berlin("03-04 17:00")


def test_what_was_missed_before_the_pause_stays_missed() -> None:
    story = Story("03-02 09:00").change("03-05 09:00", status="pending")
    assert story.at("03-05 10:00", BOOK)["resolution"].state == "breached"


# ---------------------------------------------------------------------------------------------- calendars and seconds


def test_holidays_are_left_out() -> None:
    # Thursday before Good Friday; Easter Monday is a holiday too.
    first = Story("04-02 16:00").at("04-02 17:00", BOOK)["first_reply"]
    assert first.due_at == berlin("04-07 11:00")


def test_the_change_of_the_clocks_moves_no_office_hour() -> None:
    first = Story("03-27 16:00").at("03-27 17:00", BOOK)["first_reply"]
    assert first.due_at == berlin("03-30 11:00")


def test_calendar_time_counts_nights_too() -> None:
    always = a_book(a_policy(a_line("first_reply", 10, time="calendar"), calendar_id=""))
    # The night in which an hour is left out.
    assert Story("03-28 20:00").at("03-28 21:00", always)["first_reply"].due_at == berlin("03-29 07:00")


def test_a_night_shift_with_a_break_is_counted_to_the_second() -> None:
    windows = tuple(
        w
        for day in range(1, 8)
        for w in (Window(day, "20:00", "00:30"), Window(day % 7 + 1, "01:00", "06:00"))
    )
    night = NamedCalendar("office", "Night", Hours("Europe/Berlin", windows), 1, OFFICE.saved_at)
    book = a_book(STANDARD, calendars=(night,))
    first = Story("2026-03-02T23:59:59").at("03-03 00:10", book)["first_reply"]
    assert first.due_at == berlin("2026-03-03T04:29:59")


# ------------------------------------------------------------------------------------------- what may change meanwhile

BY_PRIORITY = a_book(a_policy(a_line("first_reply", 8), a_line("first_reply", 1, priority="urgent")))


def test_another_priority_holds_from_the_beginning_of_what_is_open() -> None:
    story = Story("03-02 09:00").change("03-02 09:30", priority="urgent")
    assert story.at("03-02 09:40", BY_PRIORITY)["first_reply"].due_at == berlin("03-02 10:00")
    story.change("03-02 09:50", priority="low")
    assert story.at("03-02 09:55", BY_PRIORITY)["first_reply"].due_at == berlin("03-02 17:00")


def test_what_is_done_keeps_the_priority_it_was_done_with() -> None:
    story = Story("03-02 09:00").agent("03-02 12:00").change("03-02 13:00", priority="urgent")
    assert story.at("03-02 14:00", BY_PRIORITY)["first_reply"].state == "met"


def test_another_group_may_have_another_policy_and_a_target_less() -> None:
    claims = a_policy(a_line("resolution", 90), policy_id="claims", position=0, groups=("claims",))
    book = a_book(STANDARD, claims)
    story = Story("03-02 09:00")
    assert set(story.at("03-02 10:00", book)) == {"resolution", "first_reply"}
    story.change("03-02 10:00", group="claims")
    assert set(story.at("03-02 11:00", book)) == {"resolution"}


def test_a_policy_set_by_a_rule_comes_before_the_one_that_fits() -> None:
    gold = a_policy(a_line("first_reply", 1), policy_id="gold", position=9, channels=("elsewhere",))
    book = a_book(STANDARD, gold)
    story = Story("03-02 09:00").change("03-02 09:00", sla_policy="gold")
    assert story.at("03-02 09:10", book)["first_reply"].policy_id == "gold"
    unknown = Story("03-02 09:00", sla_policy="platinum")
    assert unknown.at("03-02 09:10", book)["first_reply"].policy_id == "standard"


SHORTER = replace(STANDARD, targets=(a_line("first_reply", 1),), version=2, saved_at=berlin("03-02 10:30"))


def test_a_new_version_reaches_what_runs_at_the_moment_it_is_saved() -> None:
    book = a_book(STANDARD, SHORTER)
    story = Story("03-02 09:00")
    assert story.at("2026-03-02T10:29:59", book)["first_reply"].due_at == berlin("03-02 13:00")
    saved = story.at("03-02 10:30", book)
    assert (saved["first_reply"].due_at, saved["first_reply"].state) == (berlin("03-02 10:00"), "breached")
    assert "resolution" not in saved


def test_a_version_for_what_is_new_leaves_what_began_before_it() -> None:
    book = a_book(STANDARD, replace(SHORTER, targets=(a_line("next_reply", 1),), applies_to="new"))
    story = Story("03-02 09:00").agent("03-02 10:00").requester("03-02 11:00")
    states = story.at("03-02 11:30", book)
    # The resolution began under the first version, the wait under the second.
    assert states["resolution"].due_at == berlin("03-03 18:00")
    assert states["next_reply"].due_at == berlin("03-02 12:00")
    assert set(Story("03-02 11:00").at("03-02 11:30", book)) == set()


def test_a_version_for_all_takes_the_place_of_one_for_what_is_new() -> None:
    third = replace(SHORTER, version=3, saved_at=berlin("03-02 12:00"), targets=(a_line("resolution", 9),))
    book = a_book(STANDARD, replace(SHORTER, applies_to="new"), third)
    story = Story("03-02 09:00")
    assert story.at("03-02 11:59", book)["resolution"].due_at == berlin("03-03 18:00")
    assert story.at("03-02 12:00", book)["resolution"].due_at == berlin("03-02 18:00")


def test_a_policy_that_was_switched_off_promises_nothing_any_more() -> None:
    book = a_book(STANDARD, replace(STANDARD, version=2, saved_at=berlin("03-02 12:00"), is_off=True))
    story = Story("03-02 09:00").agent("03-02 10:00")
    assert set(story.at("03-02 11:00", book)) == {"first_reply", "resolution"}
    # What was kept was kept.
    assert set(story.at("03-02 12:00", book)) == {"first_reply"}


def test_a_new_calendar_leaves_what_was_done_before_it() -> None:
    closed = replace(
        OFFICE,
        hours=replace(OFFICE.hours, holidays=frozenset({date(2026, 3, 2)})),
        version=2,
        saved_at=berlin("03-04 08:00"),
    )
    book = a_book(STANDARD, calendars=(OFFICE, closed))
    story = Story("03-02 09:00").agent("03-02 17:00").nothing("03-05 09:00")
    assert story.at("03-05 09:30", book)["first_reply"].late == hours(4)


def test_a_new_calendar_is_for_what_runs_too_or_only_for_what_is_new() -> None:
    closed = replace(
        OFFICE,
        hours=replace(OFFICE.hours, holidays=frozenset({date(2026, 3, 2)})),
        version=2,
        saved_at=berlin("03-02 10:00"),
    )
    story, later = Story("03-02 09:00"), Story("03-02 10:30")
    for applies_to, due in (("running", "03-03 13:00"), ("new", "03-02 13:00")):
        book = a_book(STANDARD, calendars=(OFFICE, replace(closed, applies_to=applies_to)))
        assert story.at("03-02 09:59", book)["first_reply"].due_at == berlin("03-02 13:00")
        assert story.at("03-02 11:00", book)["first_reply"].due_at == berlin(due)
        assert later.at("03-02 11:00", book)["first_reply"].due_at == berlin("03-03 13:00")


def test_without_a_policy_nothing_is_promised() -> None:
    assert Story("03-02 09:00").at("03-02 10:00", a_book()) == {}
