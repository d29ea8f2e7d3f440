"""Jobs: a service's own work for later, by Celery. They may run twice and may be late; no promise rests on one.

Queues are quorum queues, remote control (a transient queue) is off, results are not kept. A job that fails is tried again
after 1, 2, 4 … at most 60 seconds; what must wait longer is a due time in a store, not a job.
"""

from chassis.jobs.table import Job, Jobs, celery_app, time_left
from chassis.jobs.worker import JobWorker

__all__ = ["Job", "JobWorker", "Jobs", "celery_app", "time_left"]
