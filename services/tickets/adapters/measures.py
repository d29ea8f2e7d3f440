"""What tickets counts and times."""

from collections.abc import Sequence
from typing import Any

from chassis.clock import Clock
from chassis.telemetry.metrics import Metrics
from services.tickets.domain.commands import ReceiveBounce, ReceiveMessage
from services.tickets.domain.events import LoggedFact, MessageAdded, TicketOpened


class Measures:
    """The user's own indicator is the time from a message's acceptance to its ticket."""

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self._clock = clock
        self._lag = metrics.histogram(
            "message_to_ticket_seconds", "From accepting a message to its entry in a ticket.", ["channel"]
        )
        self._created = metrics.counter("tickets_created_total", "Tickets opened.", ["channel"])
        self._entries = metrics.counter("ticket_entries_total", "Entries written.", ["channel", "author"])

    def committed(self, commands: Sequence[Any], facts: Sequence[LoggedFact]) -> None:
        """A batch is in the store."""
        now = self._clock.now()
        for command in commands:
            if isinstance(command, ReceiveMessage | ReceiveBounce):
                lag = (now - command.received_at).total_seconds()
                self._lag.labels(command.channel).observe(max(0.0, lag))
        for fact in facts:
            if isinstance(fact, TicketOpened):
                self._created.labels(fact.ticket.channel).inc()
            if isinstance(fact, TicketOpened | MessageAdded):
                self._entries.labels(fact.ticket.channel, fact.message.author.kind).inc()
