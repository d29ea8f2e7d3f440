"""What tickets counts and times."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chassis.clock import Clock
from chassis.telemetry.metrics import Metrics
from services.tickets.domain.commands import ReceiveBounce, ReceiveMessage
from services.tickets.domain.events import LoggedFact, TicketChanged, TicketOpened
from services.tickets.domain.message import MERGED


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
        # A look-up of labels costs more than the rest of it; a batch has few.
        lags: dict[str, list[datetime]] = defaultdict(list)
        created: Counter[str] = Counter()
        entries: Counter[tuple[str, str]] = Counter()
        for command in commands:
            if isinstance(command, ReceiveMessage | ReceiveBounce):
                lags[command.channel].append(command.received_at)
        for fact in facts:
            if isinstance(fact, TicketChanged):
                continue
            if MERGED in fact.message.flags:
                # It was counted where it was written.
                continue
            if isinstance(fact, TicketOpened):
                created[fact.ticket.channel] += 1
            entries[fact.ticket.channel, fact.message.author.kind] += 1
        for channel, moments in lags.items():
            observe = self._lag.labels(channel).observe
            for received_at in moments:
                observe(max(0.0, (now - received_at).total_seconds()))
        for channel, times in created.items():
            self._created.labels(channel).inc(times)
        for (channel, author), times in entries.items():
            self._entries.labels(channel, author).inc(times)
