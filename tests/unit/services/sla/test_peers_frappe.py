"""Frappe's examples, by their numbers: where ours come to something else, docs/sla.md says why.

frappe/erpnext, support/doctype/issue/test_issue.py, from which the agreements of Helpdesk come.
"""

from datetime import date, timedelta

import pytest

from tests.peer_books import always, at, book, line, open_on, winter
from tests.ticket_story import Story

_DAILY = open_on(range(1, 8), "10:00", "18:00", "UTC", date(2019, 3, 5))
AGREEMENT = book(_DAILY, line("first_reply", 240), line("resolution", 360))


@pytest.mark.parametrize(
    ("created", "response_by", "resolution_by"),
    [
        ("2019-03-04T12:00", "2019-03-04T16:00", "2019-03-04T18:00"),
        ("2019-03-04T07:00", "2019-03-04T14:00", "2019-03-04T16:00"),
        ("2019-03-04T20:00", "2019-03-06T14:00", "2019-03-06T16:00"),
        ("2019-03-04T14:00", "2019-03-04T18:00", "2019-03-06T12:00"),
    ],
)
def test_frappe_response_and_resolution_by(created: str, response_by: str, resolution_by: str) -> None:
    states = Story(winter(created)).at(winter(created), AGREEMENT)
    assert (states["first_reply"].due_at, states["resolution"].due_at) == (at(response_by), at(resolution_by))


# Created, first answered, seconds between in hours from 10 to 18, Monday to Friday.
FIRST_RESPONSES = [
    ("28 11:00", "28 12:00", 3_600),
    ("28 12:00", "28 20:00", 21_600),
    ("28 06:00", "28 12:00", 7_200),
    ("28 19:00", "28 20:00", 0),
    ("27 10:00", "27 11:00", 0),
    ("28 06:00", "29 06:00", 28_800),
    ("28 06:00", "29 11:00", 32_400),
    ("28 06:00", "29 20:00", 57_600),
    ("25 06:00", "26 11:00", 28_800),
    ("28 12:00", "29 06:00", 21_600),
    ("28 12:00", "29 11:00", 25_200),
    ("28 12:00", "29 20:00", 50_400),
    ("25 12:00", "26 11:00", 21_600),
    ("28 20:00", "29 06:00", 0),
    ("28 20:00", "29 11:00", 3_600),
    ("28 20:00", "29 20:00", 28_800),
    ("25 20:00", "26 11:00", 0),
    ("28 06:00", "31 06:00", 86_400),
    ("28 06:00", "31 11:00", 90_000),
    ("28 06:00", "31 20:00", 115_200),
    ("25 06:00", "27 11:00", 28_800),
    ("28 12:00", "31 06:00", 79_200),
    ("28 12:00", "31 11:00", 82_800),
    ("28 12:00", "31 20:00", 108_000),
    ("25 12:00", "27 11:00", 21_600),
    ("28 20:00", "31 06:00", 57_600),
    ("28 20:00", "31 11:00", 61_200),
    ("28 20:00", "31 20:00", 86_400),
    ("25 20:00", "27 11:00", 0),
]


@pytest.mark.parametrize(("created", "answered", "seconds"), FIRST_RESPONSES)
def test_frappe_first_response_time(created: str, answered: str, seconds: int) -> None:
    """Frappe has a second where here is none: an answer out of hours took no time at all."""
    week = open_on(range(1, 6), "10:00", "18:00")
    story = Story(june(created)).agent(june(answered))
    first = story.at(june(answered), book(week, line("first_reply", 10_000)))["first_reply"]
    assert first.elapsed == timedelta(seconds=seconds)


def test_frappe_resolution_time_with_and_without_what_the_user_took() -> None:
    lines = (
        always("first_reply", 600),
        always("next_reply", 600),
        always("resolution", 600, pause_statuses=()),
        always("requester_wait", 600),
    )
    story = Story(winter("2020-03-04T04:00")).agent(winter("2020-03-04T04:15"), status="pending")
    story.requester(winter("2020-03-04T05:00"), status="open").agent(
        winter("2020-03-04T05:05"), status="closed"
    )
    states = story.at(winter("2020-03-04T05:05"), book(None, *lines))
    found = {name: state.elapsed.total_seconds() for name, state in states.items()}
    # 600 on average, 3900 in all, 1200 of them the user waited.
    assert found == {"first_reply": 900, "next_reply": 300, "resolution": 3_900, "requester_wait": 1_200}


def test_frappe_adds_a_pause_out_of_hours_to_the_resolution_and_here_it_costs_nothing() -> None:
    story = Story(winter("2020-03-04T04:00")).agent(winter("2020-03-04T04:15"), status="pending")
    story.requester(winter("2020-03-04T05:00"), status="open")
    resolution = story.at(winter("2020-03-04T05:00"), AGREEMENT)["resolution"]
    # Frappe has 16:45: 45 minutes before the day began are added to its end.
    assert resolution.due_at == at("2020-03-04T16:00")


def june(text: str) -> str:
    day, clock = text.split()
    # The 31st of June is the first of July.
    moment = date(2021, 6, 1) + timedelta(days=int(day) - 1)
    return f"{moment.isoformat()}T{int(clock[:2]) + 2:02}:00"
