"""The leased loop that looks at the queues."""

from chassis import telemetry
from chassis.clock import Clock
from chassis.errors import Unavailable
from chassis.leases import Lease
from services.reports.adapters.gauges import QueueGauges
from services.reports.application.ports import Broker, Loads
from services.reports.application.sample_queues import sample_queues
from services.reports.domain.queues import QueueWatch

_LOG = telemetry.logger(__name__)


class QueueSampler:
    """One look a turn. A new holder of the lease remembers nothing of what was seen before."""

    def __init__(self, broker: Broker, loads: Loads, gauges: QueueGauges, clock: Clock) -> None:
        self._broker = broker
        self._loads = loads
        self._gauges = gauges
        self._clock = clock
        self._watch = QueueWatch()
        self._fence = 0

    def sample(self, lease: Lease) -> bool:
        """Look, keep and show."""
        if lease.fence != self._fence:
            # What happened while another held it is not known here.
            self._watch, self._fence = QueueWatch(), lease.fence
        try:
            now = self._clock.now()
            states = sample_queues(self._broker, self._watch, self._loads, now)
        except Unavailable as away:
            _LOG.warning("queues_unseen", away=str(away))
            self._gauges.fail(lease)
        else:
            self._gauges.show(lease, states, now)
        return False
