"""A ticket's clock explained, in the person's words and zone."""

from dataclasses import replace

import pytest

from tests.console_over_fakes import Visitor
from tests.fakes import console_samples as samples
from tests.fakes.console import MemoryDesk


@pytest.mark.parametrize(
    ("language", "because"),
    [
        ("en", "paused because pending"),
        ("pt", "parado porque está pendente"),
        ("ru", "стоит, потому что статус «ожидает клиента»"),
    ],
)
def test_a_pause_is_told_on_the_ticket_with_its_reason(kate: Visitor, language: str, because: str) -> None:
    kate.client.set_cookie("prefs", f"lang={language}")
    assert because in kate.get("/tickets/48163").text


def test_every_span_has_its_reason_and_what_was_used_by_then(kate: Visitor) -> None:
    text = kate.get("/tickets/48163/clock/spans").text
    for words in (
        "running",
        "paused because pending",
        "closed hours",
        "closed, a holiday",
        "3 earlier spans",
    ):
        assert words in text
    assert "36 min" in text


def test_where_facts_are_missing_nothing_is_said_to_be_due(
    kate: Visitor, fakes: MemoryDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "TICKET_CLOCK", replace(samples.TICKET_CLOCK, missing=(3, 4)))
    text = kate.get("/tickets/48163/clock", part=True).text
    assert "version 3, 4" in text
    assert "late" not in text


def test_a_policy_says_for_whom_it_is_what_counts_and_when_each_promise_stands_still(kate: Visitor) -> None:
    text = " ".join(kate.get("/sla").text.split())
    for words in (
        "switched off",
        "messages of merged tickets",
        "never stands still",
        "stands still while",
        ">vip<",
    ):
        assert words in text
