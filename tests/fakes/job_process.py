"""A process of its own that runs one kind of job: it notes that it began, and then takes its time.

python -m tests.fakes.job_process BROKER_URL NOTES
"""

import os
import sys
import threading
from pathlib import Path

from chassis.jobs import Job, Jobs, JobWorker
from chassis.telemetry import Metrics


def jobs(broker_url: str, notes: Path, takes: float) -> Jobs:
    def note(word: str) -> None:
        with notes.open("a") as file:
            file.write(f"{word} {os.getpid()}\n")
        threading.Event().wait(takes)

    return Jobs("test", broker_url, {"note": Job(note)}, Metrics("shop"))


if __name__ == "__main__":
    worker = JobWorker(jobs(sys.argv[1], Path(sys.argv[2]), takes=60.0))
    worker.start()
    threading.Event().wait()
