"""Calendars: the year at a glance, and an editor that tells before it saves."""

from typing import Any

import pytest

from chassis.errors import InvalidField
from services.console.adapters.calendars import draft_of, draft_to_wire
from services.console.domain.calendars import CalendarDraft, own_days
from tests.console_over_fakes import Visitor
from tests.fakes.console import MemoryDesk


def filled(**more: Any) -> dict[str, object]:
    form: dict[str, object] = {
        "id": "lisbon",
        "version": "5",
        "name": "Lisbon",
        "zone": "Europe/Lisbon",
        "do": "save",
    }
    return {**form, "day1": "09:00-12:00, 13:00-18:00", **more}


def test_a_year_is_shown_month_by_month_and_its_days_by_name(kate: Visitor) -> None:
    shown = kate.get("/sla/calendars/lisbon?year=2027").text
    assert shown.count('class="month"') == 12
    assert shown.count('class="closed"') == 1
    assert shown.count('class="special"') == 1
    assert "Christmas &lt;b&gt;" in shown
    assert "09:00–13:00" in shown
    assert "it answers 500" in shown


def test_a_calendar_that_is_not_there_is_no_page(kate: Visitor) -> None:
    assert kate.get("/sla/calendars/none").status_code == 404


def test_what_would_change_is_told_and_nothing_is_saved(kate: Visitor, fakes: MemoryDesk) -> None:
    answer = kate.post("/sla/calendars", filled(do="preview", name="Porto"), part=False)
    assert answer.status_code == 200
    assert "What would change in the next 60 days" in answer.text
    assert "Fair" in answer.text
    assert 'value="Porto"' in answer.text
    assert fakes.sla.drafts["lisbon"].name == "Lisbon"


def test_a_calendar_is_saved_as_it_was_typed(kate: Visitor, fakes: MemoryDesk) -> None:
    answer = kate.post(
        "/sla/calendars",
        filled(
            days="2026-12-24 09:00-13:00 Eve",
            groups="claims, export",
            is_company="1",
            valid_from="2026-12-01",
        ),
        part=False,
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sla/calendars/lisbon")
    draft = fakes.sla.drafts["lisbon"]
    assert (draft.version, draft.groups, draft.is_company) == (6, ("claims", "export"), True)
    assert (draft.valid_from, draft.weekdays[0], draft.weekdays[1]) == (
        "2026-12-01",
        "09:00-12:00, 13:00-18:00",
        "",
    )


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"zone": "Mars/Base"}, "calendar.zone"),
        ({"day2": "nine to five"}, "calendar.windows (2)"),
        ({"days": "Christmas"}, "calendar.days"),
        ({"days": "2026-12-24 09:00 Eve"}, "calendar.days"),
    ],
)
def test_what_cannot_be_is_said_and_what_was_typed_stays(
    kate: Visitor, fakes: MemoryDesk, wrong: dict[str, object], said: str
) -> None:
    answer = kate.post("/sla/calendars", filled(**wrong), part=False)
    assert answer.status_code == 422
    assert said in answer.text
    assert str(next(iter(wrong.values()))) in answer.text
    assert fakes.sla.drafts["lisbon"].version == 5


def test_only_administrators_change_calendars(yulia: Visitor, fakes: MemoryDesk) -> None:
    assert "/edit" not in yulia.get("/sla/calendars/lisbon").text
    for answer in (
        yulia.get("/sla/calendars/lisbon/edit"),
        yulia.get("/sla/calendars/new"),
        yulia.post("/sla/calendars", filled(), part=False),
    ):
        assert answer.status_code == 403
    assert fakes.sla.drafts["lisbon"].version == 5


def test_a_line_of_a_day_tells_hours_a_weekday_or_none() -> None:
    text = "2026-12-24 09:00-12:00, 13:00-15:00 Eve of it\n\n2026-12-26 as 5 For the 25th\n2026-12-25 closed"
    assert [(one.hours, one.like_weekday, one.name) for one in own_days(text)] == [
        ((("09:00", "12:00"), ("13:00", "15:00")), 0, "Eve of it"),
        ((), 5, "For the 25th"),
        ((), 0, ""),
    ]


def test_a_draft_comes_back_from_the_contract_as_it_went() -> None:
    draft = CalendarDraft(
        "c", 0, "C", "UTC", ("09:00-12:00, 13:00-18:00", *("",) * 5, "22:00-06:00"),
        days="2026-12-24 09:00-13:00 Eve\n2026-12-25 closed\n2026-12-26 as 5 For the 25th",
        country="PT", feeds="https://a.example/x.ics\nhttps://b.example/y.ics", valid_from="2026-12-01",
        domains="a.example, b.example", groups=("g",), channels=("c",), is_company=True,
    )  # fmt: skip
    assert draft_of(draft_to_wire(draft)) == draft


def test_hours_that_are_none_are_refused() -> None:
    with pytest.raises(InvalidField):
        draft_to_wire(CalendarDraft(weekdays=("9-5", *("",) * 6)))
