"""What happened to the mail of a channel between two moments."""

from datetime import timedelta

import pytest

from chassis.errors import Unavailable
from services.console.domain import ingest
from tests.console_over_fakes import Visitor
from tests.fakes import console_samples as samples
from tests.fakes.console import MemoryDesk


def _asked(fakes: MemoryDesk) -> list[ingest.Span]:
    """The spans that the ledger is asked about from now on."""
    spans: list[ingest.Span] = []
    real = fakes.ingest.get_ledger

    def heard(span: ingest.Span, channel_id: str = "") -> ingest.Ledger:
        spans.append(span)
        return real(span, channel_id)

    fakes.ingest.get_ledger = heard  # type: ignore[method-assign]
    return spans


def test_the_last_day_is_shown_and_not_all_that_ever_came(kate: Visitor, fakes: MemoryDesk) -> None:
    spans = _asked(fakes)
    kate.get("/ledger")
    assert spans == [ingest.Span(samples.NOW - timedelta(days=1), samples.NOW)]


def test_a_channel_shows_its_own_figures_and_its_messages(kate: Visitor) -> None:
    shown = kate.get("/ledger?channel=support").text
    assert "1,210" in shown
    assert "2,540" not in shown
    assert "rafael.t@correio.example" in shown
    assert "maria@claims.example" not in shown


def test_the_messages_of_one_outcome_can_be_asked_for(kate: Visitor) -> None:
    shown = kate.get("/ledger?channel=support&outcome=ignored").text
    assert "blocked by domain: casino.example" in shown
    assert "rafael.t@correio.example" not in shown


def test_moments_are_those_of_the_persons_own_clock(kate: Visitor, fakes: MemoryDesk) -> None:
    spans = _asked(fakes)
    kate.client.set_cookie("prefs", "zone=Europe/Moscow")
    shown = kate.get("/ledger?channel=support&begins=2026-11-24T13:30&ends=2026-11-24T13:40").text
    begins_at = samples.NOW.replace(hour=10, minute=30)
    assert spans == [ingest.Span(begins_at, begins_at + timedelta(minutes=10))]
    assert "rafael.t@correio.example" in shown
    assert "scanner@press.example" not in shown
    assert "Europe/Moscow" in shown


@pytest.mark.parametrize("typed", ["yesterday", "0001-01-01T00:00", "9999-12-31T23:59", "2026-11-24T25:00"])
def test_what_is_no_moment_bounds_nothing(kate: Visitor, typed: str) -> None:
    kate.client.set_cookie("prefs", "zone=Asia/Tokyo")
    assert kate.get(f"/ledger?channel=support&begins={typed}&ends={typed}").status_code == 200


def test_a_figure_leads_to_its_messages_and_a_message_to_its_ticket(kate: Visitor) -> None:
    shown = kate.get("/ledger?span=1h").text
    assert 'href="/ledger?span=1h&amp;channel=claims-mail&amp;outcome=appended"' in shown
    shown = kate.get("/ledger?span=1h&channel=claims-mail&outcome=appended").text
    assert 'href="/ledger/tickets/id48198"' in shown
    assert kate.get("/ledger/tickets/id48198").headers["Location"] == "/tickets/48198"
    assert kate.get("/ledger/tickets/gone").status_code == 404


def test_figures_stay_where_the_messages_cannot_be_read(kate: Visitor, fakes: MemoryDesk) -> None:
    def away(*_: object, **__: object) -> ingest.LedgerRowPage:
        raise Unavailable("ingest")

    fakes.ingest.list_ledger_rows = away  # type: ignore[method-assign]
    shown = kate.get("/ledger?channel=support")
    assert shown.status_code == 200
    assert "1,210" in shown.text
    assert "The list is not available" in shown.text
