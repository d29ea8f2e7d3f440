"""The worked examples of docs/sla.md about other promises for a past period, a test each."""

from dataclasses import replace
from datetime import timedelta

from chassis.businesstime import Whom, Window
from services.sla.domain.book import Book
from services.sla.domain.imagined import imagined
from services.sla.domain.policy import NamedCalendar, Policy
from services.sla.domain.what_if import Period, compared, outcome_of, spare_of
from tests.ticket_story import OFFICE, STANDARD, Story, a_book, a_line, a_policy, berlin

ALL = Period(berlin("2020-01-02T00:00"), berlin("2026-12-01T00:00"), berlin("2026-12-01T00:00"))


def drafted(*drafts: Policy, calendars: tuple[NamedCalendar, ...] = ()) -> Book:
    return imagined([STANDARD], [OFFICE], drafts, calendars)


def staffed(*windows: Window) -> NamedCalendar:
    """The office, with these hours besides."""
    return replace(OFFICE, hours=replace(OFFICE.hours, windows=(*OFFICE.hours.windows, *windows)))


def told(story: Story, after: Book, period: Period = ALL) -> dict[str, tuple[str, str, str]]:
    """By target: what came of it, what would have, and how it turns."""
    pairs = compared(story.history(), a_book(STANDARD), after, period)
    return {
        pair.name: (
            outcome_of(pair.before) if pair.before else "-",
            outcome_of(pair.after) if pair.after else "-",
            pair.turn,
        )
        for pair in pairs
    }


# ------------------------------------------------------------------------------------------------- staffing of hours


def test_a_saturday_that_is_staffed_is_a_changed_calendar_and_takes_time_from_every_promise_over_it() -> None:
    # Friday 16:00, first reply in 4 h. It is answered on Monday at 10:30: two hours on Friday, an hour and a half more.
    story = Story("03-06 16:00").agent("03-09 10:30")
    open_on_saturday = drafted(calendars=(staffed(Window(6, "10:00", "14:00")),))
    assert told(story, open_on_saturday)["first_reply"] == ("met", "breached", "newly_breached")
    (pair,) = (
        one
        for one in compared(story.history(), a_book(STANDARD), open_on_saturday, ALL)
        if one.name == "first_reply"
    )
    assert pair.before is not None
    assert pair.after is not None
    assert (pair.before.due_at, pair.after.due_at) == (berlin("03-09 11:00"), berlin("03-07 12:00"))
    # Half an hour was left; with the Saturday it had been late by three and a half.
    assert (spare_of(pair.before), spare_of(pair.after)) == (timedelta(minutes=30), timedelta(hours=-3.5))


def test_an_earlier_evening_keeps_what_was_missed_by_minutes() -> None:
    # Until 20:00 it was due at 10:00, and answered at 10:20; until 18:00 it would have been due at noon.
    late = replace(
        OFFICE,
        hours=replace(OFFICE.hours, windows=tuple(Window(day, "09:00", "20:00") for day in range(1, 6))),
    )
    story = Story("03-03 17:00").agent("03-04 10:20")
    pairs = compared(
        story.history(),
        a_book(STANDARD, calendars=(late,)),
        imagined([STANDARD], [late], (), (OFFICE,)),
        ALL,
    )
    assert [(pair.name, pair.turn) for pair in pairs if pair.turn] == [("first_reply", "no_longer_breached")]


# ------------------------------------------------------------------------------------------------------ other promises


def test_a_shorter_promise_turns_what_was_kept_by_less() -> None:
    story = Story("03-02 09:00").agent("03-02 11:00", status="solved")
    after = drafted(a_policy(a_line("first_reply", 1), a_line("resolution", 18)))
    assert told(story, after) == {
        "first_reply": ("met", "breached", "newly_breached"),
        "resolution": ("met", "met", ""),
    }


def test_a_draft_counts_as_though_it_had_been_in_force_all_along() -> None:
    saved_late = a_policy(a_line("first_reply", 1), version=2, saved_at=berlin("03-05 09:00"))
    story = Story("03-02 09:00").agent("03-02 11:00")
    record = a_book(STANDARD, saved_late)
    after = imagined([STANDARD, saved_late], [OFFICE], (saved_late,), ())
    turned = {pair.name: pair.turn for pair in compared(story.history(), record, after, ALL)}
    assert turned["first_reply"] == "newly_breached"


def test_a_target_that_only_one_of_them_promises_is_told_on_its_side() -> None:
    story = Story("03-02 09:00").agent("03-02 10:00", status="solved")
    after = drafted(a_policy(a_line("first_reply", 4), a_line("agent_work", 0.5)))
    assert told(story, after) == {
        "first_reply": ("met", "met", ""),
        "resolution": ("met", "-", ""),
        "agent_work": ("-", "breached", "newly_breached"),
    }


def test_of_a_period_the_targets_that_began_in_it_are_told() -> None:
    story = Story("03-02 09:00").agent("03-02 10:00").requester("03-03 09:00").agent("03-03 12:00")
    day = Period(berlin("03-03 00:00"), berlin("03-04 00:00"), ALL.as_of)
    assert told(story, drafted(), day) == {"next_reply": ("breached", "breached", "")}


def test_what_is_open_still_is_neither_kept_nor_missed() -> None:
    period = Period(ALL.begin, berlin("03-02 11:00"), berlin("03-02 11:00"))
    assert told(Story("03-02 09:00"), drafted(), period)["first_reply"] == ("open", "open", "")


def test_a_calendar_that_is_valid_from_a_day_leaves_the_time_before_it() -> None:
    wider = replace(staffed(Window(6, "10:00", "14:00")), valid_from=berlin("03-12 00:00").date())
    assert (
        told(Story("03-06 16:00").agent("03-09 10:30"), drafted(calendars=(wider,)))["first_reply"][2] == ""
    )
    turned = told(Story("03-13 16:00").agent("03-16 10:30"), drafted(calendars=(wider,)))
    assert turned["first_reply"][2] == "newly_breached"


def test_a_draft_of_the_companys_calendar_takes_its_place() -> None:
    company = replace(OFFICE, whom=Whom(is_company=True))
    policy = replace(STANDARD, calendar_id="")
    draft = replace(staffed(Window(6, "10:00", "14:00")), calendar_id="wide", whom=Whom(is_company=True))
    after = imagined([policy], [company], (), (draft,))
    story = Story("03-06 16:00").agent("03-09 10:30")
    pairs = compared(story.history(), a_book(policy, calendars=(company,)), after, ALL)
    assert [pair.name for pair in pairs if pair.turn] == ["first_reply"]
