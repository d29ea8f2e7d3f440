"""Other promises for a past period: asked for, watched, cancelled, and read down to the ticket."""

from datetime import timedelta
from typing import Any

import pytest

from tests.console_over_fakes import Visitor
from tests.fakes.console import MemoryDesk
from tests.fakes.console_samples import NOW, POLICIES

POLICY = POLICIES[0]


def filled(**more: Any) -> dict[str, object]:
    day = NOW.date()
    form: dict[str, object] = {"from": (day - timedelta(days=7)).isoformat(), "to": day.isoformat()}
    return {**form, **more}


def test_the_form_begins_with_the_present_policy_and_calendar(kate: Visitor) -> None:
    shown = kate.get(f"/sla/what-if?policy={POLICY.policy_id}&calendar=lisbon").text
    assert shown.count('name="within"') == len(POLICY.targets)
    assert f'value="{POLICY.targets[0].within.total_seconds() / 3_600:g}"' in shown
    assert shown.count('value="09:00-18:00"') == 5
    assert "/sla/what-if/counted" in shown
    bare = kate.get("/sla/what-if?policy=nobodys&calendar=none").text
    assert 'name="within"' not in bare
    assert 'name="day1"' not in bare


def test_what_was_typed_is_asked_in_the_persons_days(kate: Visitor, fakes: MemoryDesk) -> None:
    kate.client.set_cookie("prefs", "lang=en&zone=Europe/Moscow")
    form = filled(
        policy="standard", within=["4", "1,5"], counted_in="lisbon", to="2026-10-31", day6="10:00-14:00"
    )
    answer = kate.post("/sla/what-if", {**form, "from": "2026-10-01", "calendar": "lisbon"}, part=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sla/what-if/counted")
    (draft,) = fakes.what_ifs.drafts
    assert (draft.begin.isoformat(), draft.end.isoformat()) == (
        "2026-10-01T00:00:00+03:00",
        "2026-11-01T00:00:00+03:00",
    )
    assert (draft.policy_id, draft.within, draft.counted_in) == ("standard", ("4", "1,5"), "lisbon")
    assert (draft.calendar_id, draft.weekdays[5]) == ("lisbon", "10:00-14:00")


def test_today_is_asked_about_up_to_now(kate: Visitor, fakes: MemoryDesk) -> None:
    kate.post("/sla/what-if", filled(), part=False)
    assert fakes.what_ifs.drafts[0].end == NOW


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"from": "yesterday"}, "from"),
        ({"to": ""}, "to"),
        ({"policy": "standard", "within": ["soon"]}, "policies[0].targets[0]"),
        ({"calendar": "lisbon"}, "calendars[0].windows"),
    ],
)
def test_what_cannot_be_taken_is_named_and_what_was_typed_stays(
    kate: Visitor, fakes: MemoryDesk, wrong: dict[str, Any], field: str
) -> None:
    answer = kate.post(
        "/sla/what-if", filled(**{"policy": POLICY.policy_id, "within": ["7.25"], **wrong}), part=False
    )
    assert answer.status_code == 422
    assert f"{field}:" in answer.text
    assert "within" in wrong or 'value="7.25"' in answer.text
    assert fakes.what_ifs.drafts == []


def test_what_it_came_to_is_shown_before_and_after_down_to_the_ticket(kate: Visitor) -> None:
    shown = kate.get("/sla/what-if/counted").text
    for text in (
        "81.2 %",
        "93.4 %",
        "all others",
        "payment/refund",
        "26 min late",
        "34 min to spare",
        "not promised",
    ):
        assert text in shown, text
    assert 'href="/tickets/48163"' in shown
    assert "page=counted:00000001.7" in shown
    assert "hx-trigger" not in shown.partition('id="what-if"')[2].partition(">")[0]
    assert 'href="/tickets/48163"' not in kate.get("/sla/what-if/counted?turn=newly_breached").text
    assert "page=" not in kate.get("/sla/what-if/counted?page=counted:00000001.7").text


def test_while_it_is_counted_the_part_asks_for_itself_and_can_be_cancelled(kate: Visitor) -> None:
    shown = kate.get("/sla/what-if/running", part=True).text
    assert 'hx-trigger="every 1s"' in shown
    assert "2,000 of 5,120 tickets" in shown
    answer = kate.post("/sla/what-if/running/cancel", {}, part=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sla/what-if/running")
    assert "every 1s" not in kate.get("/sla/what-if/running", part=True).text


def test_one_that_is_not_kept_any_more_is_no_page(kate: Visitor) -> None:
    assert kate.get("/sla/what-if/nobody").status_code == 404
    assert kate.post("/sla/what-if/nobody/cancel", {}, part=False).status_code == 404


def test_only_administrators_ask(yulia: Visitor, fakes: MemoryDesk) -> None:
    assert "/sla/what-if" not in yulia.get("/sla").text
    for answer in (
        yulia.get("/sla/what-if"),
        yulia.get("/sla/what-if/counted"),
        yulia.post("/sla/what-if", filled(), part=False),
        yulia.post("/sla/what-if/running/cancel", {}, part=False),
    ):
        assert answer.status_code == 403
    assert fakes.what_ifs.drafts == []
    assert fakes.what_ifs.kept["running"].state == "running"
