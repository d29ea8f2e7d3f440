"""What tickets says reaches the ledgers: rows are closed in bulk, answers are queued in a transaction."""

from collections.abc import Mapping, Sequence
from typing import Any

from chassis.batches import BatchRunner, Handler, Outcome, Task
from chassis.clock import Clock
from chassis.units import Unit
from services.ingest.adapters.mongo.channels import ChannelDirectory
from services.ingest.adapters.mongo.intake import MongoIntake
from services.ingest.adapters.mongo.sends import MongoSends
from services.ingest.application.close_rows import CloseRow, Counts, close_rows
from services.ingest.application.queue_sends import QueueReply, queue_sends
from services.ingest.domain.sending import Reply, SendRow

HANDLERS: Mapping[type, Handler] = {QueueReply: queue_sends}


class SendPorts:
    """The ports of one batch of answers."""

    def __init__(self, unit: Unit, directory: ChannelDirectory) -> None:
        self._unit = unit
        self.directory = directory

    def load(self, commands: Sequence[Any]) -> None:
        """Nothing is read but the directory."""

    def flush(self) -> None:
        """Everything is staged already."""

    def stage(self, reply: Reply, rows: Sequence[SendRow]) -> None:
        MongoSends.stage(self._unit, reply, rows)


class LedgerRunner(BatchRunner):
    """Closes rows without inbox and transaction, which they do not need, and runs the rest as every listener does."""

    def use(self, intake: MongoIntake, clock: Clock, counts: Counts) -> "LedgerRunner":
        """Give it the ledger."""
        self._intake, self._now, self._counts = intake, clock, counts
        return self

    def run(self, tasks: Sequence[Task]) -> list[Outcome]:
        """Close what is to be closed, then run the rest. Raises Unavailable."""
        closings = [task.command for task in tasks if isinstance(task.command, CloseRow)]
        if closings:
            close_rows(closings, self._intake, self._now, self._counts)
        rest = [task for task in tasks if not isinstance(task.command, CloseRow)]
        outcomes = {id(outcome.task): outcome for outcome in (super().run(rest) if rest else [])}
        return [outcomes.get(id(task)) or Outcome(task) for task in tasks]
