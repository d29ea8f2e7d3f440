"""The last fifteen minutes on one screen."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, Response, request

from services.console.domain.ingest import Ledger, Span
from services.console.domain.reports import Board, QueueLoad
from services.console.domain.sla import AtRiskList
from services.console.pages.frame import Console, frame, page
from services.console.pages.part import Part, part
from services.console.pages.query import parse

SPANS = {
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
}
# A queue of ours that listens for events is told from the intake of a channel by its name.
INTAKE = "intake."
# Where messages wait for their time: the broker's own business while they are empty.
WAITING = ("delay.", "celery_delayed_")


@dataclass(frozen=True, slots=True)
class BoardQuery:
    """`end` is set while frozen, so that a frozen board can be shown to somebody else."""

    span: str = "15m"
    end: str = ""

    @property
    def length(self) -> timedelta:
        return SPANS.get(self.span, SPANS["15m"])

    @property
    def ends_at(self) -> datetime | None:
        try:
            end = datetime.fromisoformat(self.end)
        except ValueError:
            return None
        return end if end.tzinfo else None


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue's newest minute, and how deep it was over the span."""

    last: QueueLoad
    depths: tuple[int, ...]


def blueprint(console: Console) -> Blueprint:
    pages = Blueprint("board", __name__)

    @pages.get("/board")
    def show() -> Response:
        query = parse(BoardQuery, request.args)
        end = query.ends_at or frame().words.now
        begin = end - query.length
        found: Part[Board] = part(lambda: console.desk.reports.get_board(query.length, query.ends_at))
        ledger: Part[Ledger] = part(lambda: console.desk.ingest.get_ledger(Span(begin, end)))
        at_risk: Part[AtRiskList] = part(lambda: console.desk.sla.list_at_risk(timedelta(minutes=15), 1))
        queues = part(lambda: queue_rows(console.desk.reports.list_queue_load(begin, end)))
        return page(
            "board.html",
            current="board",
            query=query,
            board=found,
            ledger=ledger,
            at_risk=at_risk,
            queues=queues,
            spans=tuple(SPANS),
            series=series(found.value) if found.value else "",
            begins_at=begin,
            ends_at=end,
        )

    return pages


def series(board: Board) -> str:
    """The charts' numbers as JSON; board.js draws them."""
    points = board.points
    return json.dumps(
        {
            "at": [int(point.at.timestamp()) for point in points],
            "arrived": [point.arrived for point in points],
            "completed": [point.completed for point in points],
            "p50": [round(point.p50, 3) for point in points],
            "p95": [round(point.p95, 3) for point in points],
            "p99": [round(point.p99, 3) for point in points],
        }
    )


def queue_rows(load: tuple[QueueLoad, ...]) -> list[Queue]:
    """A row a queue, the deepest first; the intake queues stand with their channels."""
    by_name: dict[str, list[QueueLoad]] = {}
    for row in sorted(load, key=lambda row: row.at):
        if not row.queue.startswith(INTAKE):
            by_name.setdefault(row.queue, []).append(row)
    rows = [
        Queue(found[-1], depths)
        for name, found in by_name.items()
        if any(depths := tuple(row.ready + row.unacked for row in found)) or not name.startswith(WAITING)
    ]
    return sorted(rows, key=lambda row: (-row.last.ready, row.last.queue))
