"""What cannot be tried on the past is refused by its field."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from chassis.businesstime import Whom, Window
from chassis.errors import InvalidFields
from services.sla.application.imagine import MOST_DRAFTS, Imagined, imagine
from services.sla.domain.policy import NamedCalendar
from services.sla.domain.special_day import SpecialDay
from tests.fakes.sla import MemoryPolicies
from tests.ticket_story import OFFICE, STANDARD, a_line, berlin

NOW = berlin("2026-11-23T12:00")
FIRST = berlin("03-02 09:00")
COMPANY = replace(OFFICE, calendar_id="company", name="Company", whom=Whom(is_company=True))
PLAIN = Imagined((), (), berlin("03-02 00:00"), berlin("04-01 00:00"))


def tried(
    *, saved: MemoryPolicies | None = None, first_at: datetime | None = FIRST, **wanted: Any
) -> Imagined:
    kept = saved or MemoryPolicies([STANDARD], [OFFICE])
    return imagine(replace(PLAIN, **wanted), kept, first_at, NOW)


def refused(
    *, saved: MemoryPolicies | None = None, first_at: datetime | None = FIRST, **wanted: Any
) -> dict[str, str]:
    with pytest.raises(InvalidFields) as refusal:
        tried(saved=saved, first_at=first_at, **wanted)
    return {one.field: one.expected for one in refusal.value.fields}


def hours(calendar: NamedCalendar, *windows: Window, **more: Any) -> NamedCalendar:
    return replace(calendar, hours=replace(calendar.hours, windows=windows, **more))


def test_a_period_has_been_and_its_tickets_are_kept() -> None:
    assert refused(end=NOW + timedelta(seconds=1)) == {
        "to": "a moment that has been, at most 2026-11-23T11:00:00Z"
    }
    assert refused(begin=berlin("04-01 00:00")) == {"from": "a moment before `to`"}
    assert set(refused(begin=NOW + timedelta(days=2), end=NOW + timedelta(days=3))) == {"from", "to"}
    assert refused(begin=berlin("02-20 00:00")) == {
        "from": "at most a day before 2026-03-02T08:00:00Z, when the first ticket came that is kept"
    }
    assert refused(first_at=None) == {"from": "a period of which a ticket is kept: none is"}
    assert tried() == PLAIN


def test_a_calendar_that_never_opens_is_refused_by_its_field() -> None:
    assert set(refused(calendars=(hours(OFFICE),))) == {"calendars[0].windows"}
    friday = hours(OFFICE, Window(5, "09:00", "17:00"))
    fridays = [date(2025, 1, 3) + timedelta(days=7 * week) for week in range(7_000)]
    closed = tuple(SpecialDay(day) for day in fridays[5_000:])
    never = hours(replace(OFFICE, days=closed), *friday.hours.windows, holidays=frozenset(fridays[:5_000]))
    assert set(refused(calendars=(COMPANY, never))) == {"calendars[1].holidays"}


def test_every_mistake_of_every_draft_is_named_at_once() -> None:
    unknown = replace(STANDARD, policy_id="nobodys", position=7, calendar_id="nowhere")
    free = replace(STANDARD, policy_id="", name="", position=9)
    overlapping = hours(OFFICE, Window(1, "09:00", "12:00"), Window(1, "11:00", "13:00"))
    assert set(refused(policies=(unknown, free), calendars=(overlapping,))) == {
        "policies[0].id",
        "policies[1].name",
        "calendars[0].windows[1]",
    }
    assert refused(policies=(replace(unknown, policy_id=""),)) == {
        "policies[0].calendar_id": "the id of a calendar, or empty where a calendar is the company's (is_company)"
    }
    assert set(refused(policies=(STANDARD, STANDARD))) == {"policies[0].id", "policies[1].id"}
    assert set(refused(calendars=(OFFICE, OFFICE))) == {"calendars[0].id", "calendars[1].id"}
    assert set(refused(policies=(STANDARD,) * (MOST_DRAFTS + 1))) == {"policies"}


def test_a_draft_has_a_position_of_its_own_beside_what_is_saved() -> None:
    other = replace(STANDARD, policy_id="gold", name="Gold", position=2)
    saved = MemoryPolicies([STANDARD, other], [OFFICE])
    assert set(refused(saved=saved, policies=(replace(STANDARD, position=2),))) == {"policies[0].position"}
    swapped = (replace(STANDARD, position=2), replace(other, position=1))
    assert [one.position for one in tried(saved=saved, policies=swapped).policies] == [2, 1]


def test_the_companys_calendar_is_not_taken_away_from_a_promise_that_counts_in_it() -> None:
    saved = MemoryPolicies([replace(STANDARD, calendar_id="")], [COMPANY])
    assert refused(saved=saved, calendars=(replace(COMPANY, whom=Whom()),)) == {
        "calendars[0].is_company": "true: Standard counts in the company's calendar"
    }


def test_a_policy_may_count_in_a_calendar_that_is_a_draft_too() -> None:
    wide = replace(hours(OFFICE, Window(6, "10:00", "14:00")), calendar_id="wide")
    policy = replace(
        STANDARD, policy_id="", position=5, calendar_id="wide", targets=(a_line("first_reply", 1),)
    )
    tried_on = tried(policies=(policy,), calendars=(wide,))
    assert tried_on.policies[0].policy_id
    written = tried_on.calendars[0].written
    assert written is not None
    # It is written out from before the period on, however long ago that was.
    old = tried(calendars=(wide,), begin=berlin("2021-06-01T00:00"), first_at=berlin("2021-05-01T00:00"))
    assert old.calendars[0].written is not None
    assert datetime.fromtimestamp(old.calendars[0].written.begin, NOW.tzinfo).year == 2020
