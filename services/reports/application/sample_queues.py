"""How much waits in the queues: one look at all of them."""

from collections.abc import Sequence
from datetime import datetime

from services.reports.application.ports import Broker, Loads
from services.reports.domain.queues import QueueState, QueueWatch


def sample_queues(broker: Broker, watch: QueueWatch, loads: Loads, now: datetime) -> Sequence[QueueState]:
    """Read, keep and answer what is seen. Raises Unavailable where the broker or the store is away."""
    states = watch.look(broker.readings(), now)
    loads.keep(states, now)
    return states
