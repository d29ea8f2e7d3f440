"""When something last came and left by each channel, and what waits."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from chassis.clock import Clock
from chassis.mongo import Documents, named_failures
from services.ingest.domain.intake import State
from services.ingest.domain.sending import SendState

# What failed earlier is history.
_RECENT = timedelta(days=1)
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Activity:
    """What can be told of a channel without looking at its messages."""

    channel_id: str
    last_received_at: datetime | None
    last_sent_at: datetime | None
    waiting_to_leave: int
    quarantined: int
    # Why the last one of the last day could not be sent; None where all could.
    failed_reason: str | None


class MongoActivity:
    """A few looks into indexes for each channel."""

    def __init__(self, database: Documents, clock: Clock) -> None:
        self._intake = database["intake"]
        self._sends = database["sends"]
        self._clock = clock

    def of(self, channel_ids: Iterable[str]) -> list[Activity]:
        """In the order that was asked for."""
        with named_failures():
            return [self._of(channel_id) for channel_id in channel_ids]

    def _of(self, channel_id: str) -> Activity:
        since = self._clock.now() - _RECENT
        failed = {
            "channel_id": channel_id,
            "state": SendState.FAILED.value,
            "updated_at": {"$gte": since},
        }
        last_failed = self._sends.find_one(failed, {"reason": 1}, sort=[("updated_at", -1)])
        waiting = {"$in": [SendState.QUEUED.value, SendState.SENDING.value]}
        last_sent = self._sends.find_one(
            {"channel_id": channel_id, "state": SendState.SENT.value},
            {"updated_at": 1},
            sort=[("updated_at", -1)],
        )
        return Activity(
            channel_id,
            self._last_received(channel_id),
            last_sent["updated_at"] if last_sent is not None else None,
            self._sends.count_documents({"channel_id": channel_id, "state": waiting}, limit=_MOST),
            self._intake.count_documents(
                {"state": State.QUARANTINED.value, "channel_id": channel_id}, limit=_MOST
            ),
            str(last_failed.get("reason", "")) if last_failed is not None else None,
        )

    def _last_received(self, channel_id: str) -> datetime | None:
        # The index has the state first; a look for each is a few microseconds, an index more is paid with each message.
        found = (
            self._intake.find_one(
                {"state": state.value, "channel_id": channel_id},
                {"_id": 0, "received_at": 1},
                sort=[("received_at", -1)],
            )
            for state in State
        )
        return max((row["received_at"] for row in found if row is not None), default=None)
