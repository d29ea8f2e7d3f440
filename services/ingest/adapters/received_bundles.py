"""What was understood, as facts in bundles for each lane."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from bus.v1.bundle_pb2 import Bundle, Envelope
from chassis.bus import Outgoing
from chassis.ids import new_id
from chassis.stamps import stamp
from chassis.units import BUNDLE_BYTES, BUNDLE_EVENTS
from services.ingest.adapters import wire
from services.ingest.application.normalise import Understood


def received_bundles(
    understood: Sequence[Understood], said_by: Mapping[str, str], exchange: str, now: datetime
) -> list[Outgoing]:
    """The messages to publish; `said_by` are the traces of those rows that have one."""
    lanes: dict[str, _Bundles] = defaultdict(_Bundles)
    for one in understood:
        row, lane = one.row, one.channel.lane
        envelope = lanes[lane].add(wire.message_received(one).SerializeToString())
        envelope.event_id = wire.received_id(row)
        envelope.subject = envelope.chain_id = row.intake_id
        envelope.type, envelope.lane = wire.RECEIVED, lane
        envelope.traceparent = said_by.get(row.intake_id, "")
        stamp(envelope.occurred_at, now)
        stamp(envelope.received_at, row.received_at)
    return [
        Outgoing(exchange, f"{wire.RECEIVED}.{lane}", bundle.SerializeToString(), wire.RECEIVED, new_id())
        for lane, bundles in lanes.items()
        for bundle in bundles.all
    ]


class _Bundles:
    """Facts of one lane, as many in a bundle as may travel together."""

    def __init__(self) -> None:
        self.all: list[Bundle] = []
        self._size = BUNDLE_BYTES

    def add(self, body: bytes) -> Envelope:
        """A fact's envelope, to be filled where it lies: one that is put in afterwards is copied."""
        weight = len(body) + 300
        if self._size + weight > BUNDLE_BYTES or len(self.all[-1].events) == BUNDLE_EVENTS:
            self.all.append(Bundle())
            self._size = 0
        self._size += weight
        return self.all[-1].events.add(body=body)
