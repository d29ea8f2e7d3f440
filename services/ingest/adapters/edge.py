"""Saying yes: every socket that takes messages goes through here."""

import asyncio
import threading
from collections.abc import Sequence
from datetime import timedelta

import structlog
from pymongo.errors import InvalidOperation

from chassis.batches import Outcome, Task
from chassis.clock import Clock, monotonic
from chassis.errors import TooBusy, Unavailable
from chassis.group_commit import GroupCommitter
from chassis.ids import new_id
from chassis.telemetry.metrics import Metrics, Tally
from services.ingest.adapters.directory import ChannelDirectory
from services.ingest.adapters.intake_queues import IntakePublisher
from services.ingest.adapters.mongo.intake import MongoIntake
from services.ingest.adapters.mongo.intake_documents import INLINE
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
        self._log = structlog.get_logger(__name__)

    def check(self, lane: str) -> None:
        """Raises TooBusy where the lane owes too much. Never blocks: what is counted now is known to the next."""
        at, is_full = self._counted.get(lane, (-1e9, False))
        age = monotonic() - at
        if age > _COUNT_EVERY and self._lock.acquire(blocking=False):
            # Released by the thread that counts.
            threading.Thread(target=self._count, args=(lane,), name="backlog", daemon=True).start()
        # What was full long before the last message came says nothing of now.
        if is_full and age < _COUNT_EVERY * 3:
            self._refused.labels(lane).inc()
            raise TooBusy(_RETRY_AFTER, f"too many messages of the lane {lane} wait")

    def check_now(self, lane: str) -> None:
        """The same for who can wait: counts where what is known is old. Raises TooBusy, Unavailable."""
        if monotonic() - self._counted.get(lane, (-1e9, False))[0] > _COUNT_EVERY:
            self._look(lane)
        self.check(lane)

    def _look(self, lane: str) -> None:
        channels = [one.channel_id for one in self._directory.all() if one.lane == lane]
        self._counted[lane] = (monotonic(), self._intake.in_flight(channels, self._limit) >= self._limit)

    def _count(self, lane: str) -> None:
        try:
            self._look(lane)
        except (Unavailable, InvalidOperation) as away:
            # Away, or let go by a role that ends. Whoever wants to keep something now is told so by the database itself.
            self._log.warning("backlog_not_counted", lane=lane, away=str(away))
        finally:
            self._lock.release()


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
        self._messages = Tally(
            metrics.counter(
                "ingest_messages_total",
                "Messages at the edge, by what they were told.",
                ["channel", "outcome"],
            )
        )

    def begin(self, arrivals: Sequence[Arrival]) -> KeepRows:
        """The rows that make the arrivals accepted; blocks only to write raw bytes that are too large for a row.

        Raises TooBusy and Unavailable: the answer is no.
        """
        for lane in {arrival.channel.lane for arrival in arrivals}:
            self._backlog.check(lane)
        command = accept_message(arrivals, self._clock, new_id)
        for row in command.rows:
            if len(row.raw) > INLINE:
                self._intake.stash(row.intake_id, row.raw)
        return command

    async def keep(self, command: KeepRows) -> list[Kept]:
        """Keep the rows, all or none; from here on the answer is yes.

        Raises TooBusy, Unavailable, TimeoutError: the answer is no.
        """
        async with asyncio.timeout(WAIT.total_seconds()):
            outcome = await self.committer.outcome(Task(key="", command=command))
        kept: list[Kept] = outcome.answer  # type: ignore[assignment]
        for row, one in zip(command.rows, kept, strict=True):
            self._messages.count(row.channel_id, "duplicate" if one.is_duplicate else "accepted")
        return kept

    def check(self, lane: str) -> None:
        """Raises TooBusy where the lane owes so much that nothing more shall be fetched, Unavailable."""
        self._backlog.check_now(lane)

    def keep_now(self, commands: Sequence[KeepRows]) -> list[list[Kept]]:
        """Keep rows of several arrivals, each wholly or not at all, from the thread that brings them.

        Raises Unavailable: some may be kept, and are duplicates next time.
        """
        tasks = [Task(key="", command=command) for command in commands]
        answers: list[list[Kept]] = [outcome.answer for outcome in self._write(tasks)]  # type: ignore[misc]
        for command, kept in zip(commands, answers, strict=True):
            for row, one in zip(command.rows, kept, strict=True):
                self._messages.count(row.channel_id, "duplicate" if one.is_duplicate else "accepted")
        return answers

    def refused(self, channel_id: str, outcome: str = "rejected") -> None:
        """Count a message that was told no; `outcome` is rejected (its own fault) or error (ours)."""
        self._messages.count(channel_id, outcome)

    def _write(self, tasks: Sequence[Task]) -> list[Outcome]:
        kept = self._intake.keep([task.command.rows for task in tasks])
        # Also for a sender that has gone meanwhile: what is kept is on its way.
        self._publisher.offer(
            Unpublished(row.intake_id, row.channel_id, row.received_at, row.traceparent)
            for task, group in zip(tasks, kept, strict=True)
            for row, one in zip(task.command.rows, group, strict=True)
            if not one.is_duplicate
        )
        return [Outcome(task, one) for task, one in zip(tasks, kept, strict=True)]
