"""Saying yes: every socket that takes messages goes through here."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import timedelta

from chassis.batches import GroupCommitter, Outcome, Task
from chassis.clock import Clock, monotonic
from chassis.errors import TooBusy
from chassis.ids import new_id
from chassis.telemetry.metrics import Metrics
from services.ingest.adapters.intake_queues import IntakePublisher
from services.ingest.adapters.mongo.channels import ChannelDirectory
from services.ingest.adapters.mongo.intake import INLINE, MongoIntake
from services.ingest.application.accept_message import Arrival, KeepRows, accept_message
from services.ingest.application.ports import Kept, Unpublished

_RETRY_AFTER = timedelta(seconds=5)
_COUNT_EVERY = 1.0
# How long an insert waits for others while several senders are at the door.
_COMPANY = timedelta(milliseconds=2)
# Longer than the database's own timeout, so that the answer is known before anybody gives up.
WAIT = timedelta(seconds=8)


class Backlog:
    """How much of each lane is in flight, counted at most once a second, against what we are willing to owe."""

    def __init__(
        self, intake: MongoIntake, directory: ChannelDirectory, limit: int, metrics: Metrics
    ) -> None:
        self._intake = intake
        self._directory = directory
        self._limit = limit
        self._lock = threading.Lock()
        self._counted: dict[str, tuple[float, bool]] = {}
        self._refused = metrics.counter(
            "ingest_backlog_refusals_total",
            "Messages refused because their lane's backlog was full.",
            ["lane"],
        )

    def check(self, lane: str) -> None:
        """Raises TooBusy where the lane owes too much."""
        at, is_full = self._counted.get(lane, (-1e9, False))
        if monotonic() - at > _COUNT_EVERY and self._lock.acquire(blocking=False):
            try:
                channels = [one.channel_id for one in self._directory.all() if one.lane == lane]
                is_full = self._intake.in_flight(channels, self._limit) >= self._limit
                self._counted[lane] = (monotonic(), is_full)
            finally:
                self._lock.release()
        if is_full:
            self._refused.labels(lane).inc()
            raise TooBusy(_RETRY_AFTER, f"too many messages of the lane {lane} wait")


@dataclass(slots=True)
class Pending:
    """Rows on their way into the ledger."""

    command: KeepRows
    outcome: "Future[Outcome]"


class Edge:
    """Keeps arrivals in groups and sends their ids on their way."""

    def __init__(
        self,
        intake: MongoIntake,
        publisher: IntakePublisher,
        directory: ChannelDirectory,
        backlog: Backlog,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._intake = intake
        self._publisher = publisher
        self._backlog = backlog
        self._clock = clock
        self.directory = directory
        # What came while one insert ran shares the next.
        self.committer = GroupCommitter(self._write, batch_max=200, limit=5000, linger=_COMPANY)
        self._messages = metrics.counter(
            "ingest_messages_total", "Messages at the edge, by what they were told.", ["channel", "outcome"]
        )

    def begin(self, arrivals: Sequence[Arrival]) -> Pending:
        """Hand arrivals over, all or none; blocks only to write raw bytes that are too large for a row.

        Raises TooBusy and Unavailable: the answer is no.
        """
        for lane in {arrival.channel.lane for arrival in arrivals}:
            self._backlog.check(lane)
        command = accept_message(arrivals, self._clock, new_id)
        for row in command.rows:
            if len(row.raw) > INLINE:
                self._intake.stash(row.intake_id, row.raw)
        return Pending(command, self.committer.submit(Task(key="", command=command)))

    def finish(self, pending: Pending, outcome: Outcome) -> list[Kept]:
        """What was kept; from here on the answer is yes. Raises what the ledger raised."""
        if outcome.error is not None:
            raise outcome.error
        kept: list[Kept] = outcome.answer  # type: ignore[assignment]
        fresh = [
            Unpublished(row.intake_id, row.channel_id, row.received_at, row.traceparent)
            for row, one in zip(pending.command.rows, kept, strict=True)
            if not one.is_duplicate
        ]
        for row, one in zip(pending.command.rows, kept, strict=True):
            self._messages.labels(row.channel_id, "duplicate" if one.is_duplicate else "accepted").inc()
        if fresh:
            self._publisher.offer(fresh)
        return kept

    def accept(self, arrivals: Sequence[Arrival]) -> list[Kept]:
        """Keep arrivals and wait for it. Raises TooBusy, Unavailable, TimeoutError: the answer is no."""
        pending = self.begin(arrivals)
        return self.finish(pending, pending.outcome.result(WAIT.total_seconds()))

    def refused(self, channel_id: str, outcome: str = "rejected") -> None:
        """Count a message that was told no; `outcome` is rejected (its own fault) or error (ours)."""
        self._messages.labels(channel_id, outcome).inc()

    def _write(self, tasks: Sequence[Task]) -> list[Outcome]:
        kept = self._intake.keep([task.command.rows for task in tasks])
        return [Outcome(task, one) for task, one in zip(tasks, kept, strict=True)]
