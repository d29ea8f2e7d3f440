"""An export, from being asked for to being a file."""

from dataclasses import replace
from datetime import datetime

from chassis.errors import Refused
from services.reports.application.ports import Buckets, Clock, Exports
from services.reports.application.query_report import read_report
from services.reports.domain.export import DONE, FAILED, QUEUED, Export, RowCount, csv_lines
from services.reports.domain.query import Query


def start_export(export_id: str, query: Query, asked_by: str, now: datetime, exports: Exports) -> Export:
    """Keep the wish; a repeat with the same id gets the first one."""
    export = Export(export_id, query, QUEUED, now, asked_by)
    if exports.add(export):
        return export
    return exports.get(export_id) or export


def write_export(export_id: str, clock: Clock, buckets: Buckets, exports: Exports) -> bool:
    """Write the file; False where there is nothing to do, for a job may come twice.

    A worker that dies leaves its claim to run out; the next attempt writes the file anew.
    """
    export = exports.claim(export_id)
    if export is None:
        return False
    counted = RowCount()
    try:
        size = exports.write(export, csv_lines(counted.through(read_report(export.query, buckets))))
    except Refused as refusal:
        exports.finish(replace(export, state=FAILED, reason=str(refusal), finished_at=clock.now()))
        return True
    exports.finish(replace(export, state=DONE, rows=counted.rows, size=size, finished_at=clock.now()))
    return True
