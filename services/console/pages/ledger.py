"""Where everything that was accepted has gone."""

from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, Response, request

from services.console.pages.frame import Console, frame, page
from services.console.pages.part import part
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
    span: str = "all"


def blueprint(console: Console) -> Blueprint:
    pages = Blueprint("ledger", __name__)

    @pages.get("/ledger")
    def show() -> Response:
        query = parse(LedgerQuery, request.args)
        length = SPANS.get(query.span)
        now = frame().words.now
        begins_at, ends_at = (None, None) if length is None else (now - length, now)
        ledger = part(lambda: console.desk.ingest.get_ledger(begins_at, ends_at))
        return page("ledger.html", current="ledger", query=query, ledger=ledger, spans=tuple(SPANS))

    return pages
