"""What tickets says reaches the ledgers: rows are closed in bulk, answers are queued in a transaction."""

from collections.abc import Sequence
from typing import Any

from chassis.failpoints import failpoint
from chassis.units import Unit
from services.ingest.adapters import wire
from services.ingest.adapters.directory import ChannelDirectory
from services.ingest.adapters.measures import ClosingCounts
from services.ingest.adapters.mongo.handed_back import MongoHandedBack
from services.ingest.adapters.mongo.intake import MongoIntake
from services.ingest.adapters.mongo.sends import MongoSends
from services.ingest.domain.intake import Closing, State
from services.ingest.domain.sending import Reply, SendRow


class LedgerPorts:
    """The ports of one batch."""

    def __init__(
        self,
        unit: Unit,
        intake: MongoIntake,
        handed_back: MongoHandedBack,
        directory: ChannelDirectory,
        counts: ClosingCounts,
    ) -> None:
        self._unit = unit
        self._intake = intake
        self._handed_back = handed_back
        self._counts = counts
        self._closings: list[Closing] = []
        self._for_a_person: list[Closing] = []
        self.directory = directory

    def load(self, commands: Sequence[Any]) -> None:
        """Nothing is read but the directory."""

    def close(self, closing: Closing) -> None:
        if closing.state is State.QUARANTINED:
            self._for_a_person.append(closing)
        else:
            self._closings.append(closing)

    def stage(self, reply: Reply, rows: Sequence[SendRow]) -> None:
        MongoSends.stage(self._unit, reply, rows)

    def flush(self) -> None:
        """Close all rows in one command, outside of the transaction: a repeat finds them closed by the same commit."""
        for outcome, rows in self._intake.close(self._closings, self._unit.now).items():
            if rows:
                self._counts.closed(outcome, rows)
        self._set_aside()
        failpoint("after-close-before-ack")

    def _set_aside(self) -> None:
        reasons = {one.intake_id: one.reason for one in self._for_a_person}
        for intake_id, channel_id in self._handed_back.set_aside(self._for_a_person, self._unit.now):
            found = self.directory.find(channel_id)
            self._unit.say(
                wire.message_quarantined(intake_id, channel_id, reasons[intake_id], self._unit.now),
                event_id=f"{intake_id}:handed_back",
                lane=found[0].lane if found else "api",
                subject=intake_id,
            )
