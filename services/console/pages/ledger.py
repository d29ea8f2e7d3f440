"""Where everything that was accepted has gone, and what became of the messages of one channel."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as WerkzeugResponse

from services.console.domain.ingest import OUTCOMES, LedgerRowPage, Span
from services.console.pages.frame import Console, frame, page
from services.console.pages.part import Part, part
from services.console.pages.query import parse

SPANS = {
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "all": None,
}


@dataclass(frozen=True, slots=True)
class LedgerQuery:
    """`begins` and `ends` are wall clock times of whoever asks, and count instead of `span` where either is there."""

    span: str = "24h"
    begins: str = ""
    ends: str = ""
    channel: str = ""
    outcome: str = ""
    after: str = ""

    def during(self, name: str) -> "LedgerQuery":
        """The same question about another span."""
        return replace(self, span=name, begins="", ends="", after="")

    def about(self, channel_id: str, outcome: str = "") -> "LedgerQuery":
        """The messages behind a figure."""
        return replace(self, channel=channel_id, outcome=outcome, after="")

    def behind(self, token: str) -> "LedgerQuery":
        """The next page."""
        return replace(self, after=token)

    @property
    def has_own_span(self) -> bool:
        return bool(self.begins or self.ends)


def blueprint(console: Console) -> Blueprint:
    pages = Blueprint("ledger", __name__)
    ingest = console.desk.ingest

    @pages.get("/ledger")
    def show() -> Response:
        query = parse(LedgerQuery, request.args)
        span = span_of(query)
        rows: Part[LedgerRowPage] = Part()
        if query.channel:
            outcomes = (query.outcome,) if query.outcome in OUTCOMES else ()
            rows = part(
                lambda: ingest.list_ledger_rows(
                    query.channel, span, outcomes=outcomes, page_token=query.after
                )
            )
        return page(
            "ledger.html",
            current="ledger",
            query=query,
            ledger=part(lambda: ingest.get_ledger(span, query.channel)),
            rows=rows,
            spans=tuple(SPANS),
            outcomes=OUTCOMES,
        )

    @pages.get("/ledger/tickets/<ticket_id>")
    def ticket(ticket_id: str) -> WerkzeugResponse:
        """To the ticket of a row, whose number the ledger does not know."""
        return redirect(f"/tickets/{console.desk.tickets.get_ticket_by_id(ticket_id).number}", 303)

    return pages


def span_of(query: LedgerQuery) -> Span:
    """The moments that are asked about."""
    if query.has_own_span:
        return Span(_moment(query.begins), _moment(query.ends))
    length, now = SPANS.get(query.span), frame().words.now
    return Span() if length is None else Span(now - length, now)


def _moment(wall_clock: str) -> datetime | None:
    """What a field of the page holds, in the zone of whoever asks; what is no moment is no bound."""
    try:
        at = datetime.fromisoformat(wall_clock)
    except ValueError:
        return None
    try:
        return (at if at.tzinfo else at.replace(tzinfo=frame().words.zone)).astimezone(UTC)
    except OverflowError:
        return None
