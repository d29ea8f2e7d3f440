"""What ingest counts, and what one of its processes measures for all."""

from chassis.leases import Lease
from chassis.telemetry.metrics import Metrics
from services.ingest.adapters.mongo.channels import MongoChannels
from services.ingest.adapters.mongo.intake import MongoIntake
from services.ingest.adapters.mongo.sends import MongoSends
from services.ingest.domain.intake import ClosingOutcome
from services.ingest.domain.sending import SendState


class ClosingCounts:
    """Counts closings."""

    def __init__(self, metrics: Metrics) -> None:
        self._closings = metrics.counter(
            "ingest_closings_total",
            "Intake rows that tickets' facts closed, by what that came to.",
            ["outcome"],
        )

    def closed(self, outcome: ClosingOutcome, rows: int) -> None:
        self._closings.labels(outcome.value).inc(rows)


class LedgerGauges:
    """The store-wide gauges, from whoever holds the lease."""

    def __init__(
        self, intake: MongoIntake, channels: MongoChannels, sends: MongoSends, metrics: Metrics
    ) -> None:
        self._intake = intake
        self._channels = channels
        self._sends = sends
        label = ["channel"]
        self._in_flight = metrics.gauge("ledger_in_flight", "Messages accepted and not closed.", label)
        self._stuck = metrics.gauge(
            "ledger_in_flight_over_60s",
            "Messages accepted for more than a minute and not closed; must be 0.",
            label,
        )
        self._twice = metrics.gauge(
            "ledger_closed_twice", "Messages that two commits closed; must be 0.", label
        )
        self._quarantine = metrics.gauge("quarantine_messages", "Messages that wait for a person.", label)
        self._waiting = metrics.gauge("sends_waiting", "Outgoing messages not sent yet.", label)

    def measure(self, lease: Lease) -> bool:
        """One look at the store."""
        for channel in self._channels.all():
            name = channel.channel_id
            self._in_flight.labels(name).set(self._intake.in_flight([name]))
            self._stuck.labels(name).set(self._intake.stuck(name))
            self._twice.labels(name).set(self._intake.closed_twice(name))
            self._quarantine.labels(name).set(self._intake.in_quarantine(name))
            self._waiting.labels(name).set(self._sends.waiting(name))
        return False


class SendCounts:
    """Counts what attempts to send came to."""

    def __init__(self, metrics: Metrics) -> None:
        self._sends = metrics.counter(
            "sends_total", "Outgoing messages by what became of them.", ["channel", "state"]
        )

    def marked(self, channel_id: str, state: SendState) -> None:
        self._sends.labels(channel_id, state.value).inc()
