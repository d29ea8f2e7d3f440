"""A report as a table for other programs: RFC 4180, UTF-8, one line a row, no limit."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from services.reports.domain.figures import COUNTS, DURATIONS, Figures
from services.reports.domain.query import Query, ReportRow
from services.reports.domain.tally import moment_of

QUEUED = "queued"
RUNNING = "running"
DONE = "done"
FAILED = "failed"

_SHARES = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
HEADER = (
    "bucket_at",
    "key",
    *COUNTS,
    *(
        f"{name}_{what}"
        for name in DURATIONS
        for what in ("count", "sum_seconds", *(f"{share}_seconds" for share, _ in _SHARES))
    ),
)
# What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Export:
    """One export and how far it is. `fence` grows with each attempt, so that a late one writes nothing."""

    export_id: str
    query: Query
    state: str
    requested_at: datetime
    requested_by: str = ""
    fence: int = 0
    rows: int = 0
    size: int = 0
    reason: str = ""
    finished_at: datetime | None = None


class RowCount:
    """Counts rows as they pass."""

    def __init__(self) -> None:
        self.rows = 0

    def through(self, rows: Iterable[ReportRow]) -> Iterator[ReportRow]:
        for row in rows:
            self.rows += 1
            yield row


def csv_lines(rows: Iterable[ReportRow]) -> Iterator[bytes]:
    """The header, then a line for each row."""
    text = io.StringIO()
    line = csv.writer(text)
    line.writerow(HEADER)
    yield _taken(text)
    for row in rows:
        line.writerow(_cells(row))
        yield _taken(text)


def _cells(row: ReportRow) -> list[str]:
    figures = row.figures
    value = f"'{row.value}" if row.value.startswith(_FORMULA) else row.value
    cells = [moment_of(row.minute).strftime("%Y-%m-%dT%H:%M:%SZ"), value]
    cells += [str(figures[name]) for name in COUNTS]
    for name in DURATIONS:
        cells += _duration_cells(figures, name)
    return cells


def _duration_cells(figures: Figures, name: str) -> list[str]:
    durations = figures.duration(name)
    return [
        str(durations.count),
        f"{durations.sum_milliseconds / 1000:.3f}",
        *(f"{durations.quantile(share) / 1000:.3f}" for _, share in _SHARES),
    ]


def _taken(text: io.StringIO) -> bytes:
    line = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return line
