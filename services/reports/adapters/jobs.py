"""reports.export: a report as a file. The promise is the export's row; the job may run twice."""

from chassis import telemetry
from chassis.clock import Clock
from chassis.jobs import Job, Jobs
from chassis.leases import Lease
from chassis.telemetry import Metrics
from services.reports.application.ports import Buckets, Exports
from services.reports.application.write_export import write_export

_LOG = telemetry.logger(__name__)


def export_jobs(broker_url: str, metrics: Metrics, clock: Clock, buckets: Buckets, exports: Exports) -> Jobs:
    """The table of the service's jobs."""

    def export(*, export_id: str) -> None:
        wrote = write_export(export_id, clock, buckets, exports)
        _LOG.info("export_written" if wrote else "export_not_due", export_id=export_id)

    # A row that failed half-way is taken again once its claim has run out, by the loop below.
    return Jobs("reports", broker_url, {"export": Job(export, attempts=1)}, metrics)


class ExportKeeper:
    """The leased loop that enqueues what is wanted and forgets what is old."""

    def __init__(self, exports: Exports, jobs: Jobs) -> None:
        self._exports = exports
        self._jobs = jobs

    def keep(self, lease: Lease) -> bool:
        """Raises Unavailable; what was not enqueued is due again in a minute."""
        for export_id in self._exports.take_due():
            self._jobs.send("export", export_id=export_id)
        return self._exports.forget_old() > 0
