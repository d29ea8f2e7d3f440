"""What ingest counts, and what one of its processes measures for all."""

from chassis.leases import Lease
from chassis.telemetry.held import HeldGauges
from chassis.telemetry.metrics import Metrics
from services.ingest.adapters.mongo.channels import MongoChannels
from services.ingest.adapters.mongo.intake import MongoIntake
from services.ingest.adapters.mongo.mailboxes import MailboxState, MongoMailboxes
from services.ingest.adapters.mongo.sends import MongoSends
from services.ingest.domain.fetching import Passing
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
    """The ledgers of the whole store, told by whoever holds the lease."""

    def __init__(
        self,
        intake: MongoIntake,
        channels: MongoChannels,
        sends: MongoSends,
        mailboxes: MongoMailboxes,
        metrics: Metrics,
    ) -> None:
        self._intake = intake
        self._channels = channels
        self._sends = sends
        self._mailboxes = mailboxes
        self._held = held = HeldGauges(metrics)
        self._in_flight = held.gauge("ledger_in_flight", "Messages accepted and not closed.", ["channel"])
        self._stuck = held.gauge(
            "ledger_in_flight_over_60s",
            "Messages accepted for more than a minute and not closed; must be 0.",
            ["channel"],
        )
        self._twice = held.gauge(
            "ledger_closed_twice", "Messages that two commits closed; must be 0.", ["channel"]
        )
        self._quarantine = held.gauge("quarantine_messages", "Messages that wait for a person.", ["channel"])
        self._remote = held.gauge(
            "mailbox_waiting", "Mails on the server and not in the ledger; must be 0.", ["channel"]
        )
        self._passed = held.gauge(
            "mailbox_passed_by", "Mails that could not be fetched and are tried again.", ["channel", "reason"]
        )
        self._troubled = held.gauge(
            "mailbox_troubled", "1 where the mailbox cannot be fetched now; must be 0.", ["channel"]
        )
        self._looked = held.gauge(
            "mailbox_looked_at_seconds",
            "When a mailbox was wholly looked through, seconds since 1970.",
            ["channel"],
        )
        self._waiting = held.gauge("sends_waiting", "Outgoing messages not sent yet.", ["channel"])

    def measure(self, lease: Lease) -> bool:
        """One look at the store."""
        channels = self._channels.all()
        known = {channel.channel_id for channel in channels if not channel.is_paused}
        for state in self._mailboxes.states():
            if state.channel_id in known:
                self._tell(state)
        for channel in channels:
            name = channel.channel_id
            self._in_flight.set(self._intake.in_flight([name]), name)
            self._stuck.set(self._intake.stuck(name), name)
            self._twice.set(self._intake.closed_twice(name), name)
            self._quarantine.set(self._intake.in_quarantine(name), name)
            self._waiting.set(self._sends.waiting(name), name)
        self._held.show(lease)
        return False

    def _tell(self, state: MailboxState) -> None:
        name = state.channel_id
        self._remote.set(state.waiting, name)
        for reason in Passing:
            self._passed.set(state.passed.get(reason, 0), name, reason.value)
        self._troubled.set(1 if state.trouble else 0, name)
        if state.looked_at is not None:
            self._looked.set(state.looked_at.timestamp(), name)


class SendCounts:
    """Counts what attempts to send came to."""

    def __init__(self, metrics: Metrics) -> None:
        self._sends = metrics.counter(
            "sends_total", "Outgoing messages by what became of them.", ["channel", "state"]
        )

    def marked(self, channel_id: str, state: SendState) -> None:
        self._sends.labels(channel_id, state.value).inc()
