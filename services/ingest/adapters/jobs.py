"""Own work for later: the send ledger's rows that are due become jobs, and each job is one attempt.

The promise is the row, never the job: a job that is lost is asked for again, a job that runs twice finds the row taken.
"""

from collections.abc import Callable
from datetime import timedelta

from chassis.chunks import Chunks
from chassis.clock import Clock
from chassis.jobs import Job, Jobs
from chassis.leases import Lease
from chassis.telemetry.metrics import Metrics
from services.ingest.adapters.intake_queues import IntakePublisher
from services.ingest.adapters.mongo.files import MongoFiles
from services.ingest.adapters.mongo.intake import MongoIntake
from services.ingest.adapters.mongo.paces import MongoPaces
from services.ingest.adapters.mongo.sends import MongoSends
from services.ingest.application.send_reply import SendPorts, give_up_abandoned, send_reply
from services.ingest.domain.pace import Pause, resting

SEND_REPLY = "send_reply"
_DUE = 200
_SWEEP = 1000


def make_jobs(broker_url: str, ports: Callable[[], SendPorts], metrics: Metrics) -> Jobs:
    """The service's jobs."""

    def send(send_id: str) -> None:
        send_reply(send_id, ports())

    # One attempt: when to try again stands in the ledger.
    return Jobs(
        "ingest", broker_url, {SEND_REPLY: Job(send, within=timedelta(minutes=2), attempts=1)}, metrics
    )


class SendLoop:
    """Asks for a job for every row that is due, and settles rows whose process died."""

    def __init__(
        self, sends: MongoSends, paces: MongoPaces, clock: Clock, jobs: Jobs, ports: Callable[[], SendPorts]
    ) -> None:
        self._sends = sends
        self._paces = paces
        self._clock = clock
        self._jobs = jobs
        self._ports = ports

    def turn(self, lease: Lease) -> bool:
        """One look; True where there may be more."""
        for row, may_have_left in self._sends.abandoned(_DUE):
            give_up_abandoned(row, may_have_left, self._ports())
        now = self._clock.now()
        for pause in self._paces.pauses(now):
            self._sends.hold(pause, now)
        # A backlog that waits for the end of a pause costs one command, not a job for each message.
        for channel in self._ports().directory.all():
            if channel.is_paused:
                turn = resting(now)
                self._sends.hold(Pause(channel.channel_id, turn.at, turn.reason), now)
        due = self._sends.due(_DUE)
        asked: list[str] = []
        try:
            for send_id in due:
                self._jobs.send(SEND_REPLY, send_id=send_id)
                asked.append(send_id)
        finally:
            # Not before: what a death or the broker's absence kept from being asked for would lie for a minute.
            if asked:
                self._sends.note_asked(asked)
        return len(due) == _DUE


class IntakeSweep:
    """Brings rows into their queues whose process died between keeping and publishing them."""

    def __init__(self, intake: MongoIntake, publisher: IntakePublisher, older_than: timedelta) -> None:
        self._intake = intake
        self._publisher = publisher
        self._older_than = older_than

    def turn(self, lease: Lease) -> bool:
        """One look; True where there may be more."""
        rows = self._intake.unpublished(self._older_than, _SWEEP)
        if rows:
            self._publisher.publish(rows)
        return len(rows) == _SWEEP


class ChunkSweep:
    """Forgets pieces of files that no row came to name."""

    def __init__(self, chunks: Chunks, intake: MongoIntake, files: MongoFiles) -> None:
        self._chunks = chunks
        self._intake = intake
        self._files = files

    def turn(self, lease: Lease) -> bool:
        """One look; True where there may be more."""
        return self._chunks.sweep(lambda names: self._intake.named(names) | self._files.named(names)) > 0
