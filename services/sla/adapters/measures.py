"""What sla counts and times."""

from collections.abc import Sequence
from datetime import timedelta

from chassis.clock import Clock, monotonic
from chassis.leases import Lease
from chassis.mongo import Document, Documents, named_failures
from chassis.telemetry.held import HeldGauges
from chassis.telemetry.metrics import Metrics
from services.sla.adapters.risk import RiskCount, folded, risk_counts
from services.sla.domain.events import Fact, TimerBreached, TimerMet
from services.sla.domain.policy import TARGETS

# A timer that did not fire by now is late.
_LATE = timedelta(seconds=1)
# What is missing for so long is not just on its way.
_MISSING = timedelta(minutes=1)
# A poller looks several times a second; for so long its word counts.
_LOOKS = 30.0


class Measures:
    """Counts what was said. Safe in any thread."""

    def __init__(self, metrics: Metrics) -> None:
        self._breaches = metrics.counter("sla_breaches_total", "Targets missed.", ["target", "channel"])
        self._met = metrics.counter("sla_met_total", "Targets kept.", ["target", "channel"])
        self._effect = metrics.histogram(
            "sla_timer_effect_seconds", "From a timer's due moment to its effect, committed."
        )
        self._failed = metrics.counter(
            "sla_timer_failures_total", "Times that what was due could not take effect.", ["rows"]
        )
        self._lags: dict[str, tuple[float, float]] = {}
        lag = metrics.gauge("sla_timer_lag_seconds", "How late the timer that waits longest is.")
        lag.set_function(self._lag)

    def took_effect(self, late: float) -> None:
        """So many seconds after its moment."""
        self._effect.observe(max(0.0, late))

    def failed(self, rows: str) -> None:
        """What was due was set aside."""
        self._failed.labels(rows).inc()

    def look(self, poller: str, late: float) -> None:
        """A poller looked: what waits longest for it is so many seconds late."""
        self._lags[poller] = (late, monotonic())

    def _lag(self) -> float:
        # A poller that lost its lease looks no more, and what it saw last is another's by now.
        since = monotonic() - _LOOKS
        return max((late for late, at in list(self._lags.values()) if at >= since), default=0.0)

    def said(self, facts: Sequence[Fact]) -> None:
        """A batch is in the store."""
        for fact in facts:
            if isinstance(fact, TimerBreached):
                self._breaches.labels(fact.target.name, fact.target.ticket.channel).inc()
            elif isinstance(fact, TimerMet):
                self._met.labels(fact.target.name, fact.target.ticket.channel).inc()


class StoreGauges:
    """What is armed and at risk in the whole store; told by whichever replica holds the lease."""

    def __init__(self, metrics: Metrics, database: Documents, clock: Clock) -> None:
        self._clocks = database["clocks"]
        self._timers = database["timers"]
        self._clock = clock
        self._held = held = HeldGauges(metrics)
        self._armed = held.gauge("sla_timers_armed", "Tickets with an alarm set, and timers of others.")
        self._late = held.gauge("sla_timers_late", "Alarms more than a second late.")
        self._at_risk = held.gauge(
            "sla_at_risk", "Tickets whose next target falls due within the window.", ["target", "window"]
        )
        self._tickets = held.gauge(
            "sla_at_risk_tickets",
            "Tickets that are overdue or whose next target falls due within the window.",
            ["group", "channel", "window"],
        )
        self._incomplete = held.gauge(
            "sla_clocks_incomplete", "Tickets of which facts have been missing for more than a minute."
        )
        self._overdue = held.gauge("sla_overdue", "Tickets whose next target is overdue.", ["target"])

    def count(self, lease: Lease) -> bool:
        """One turn of the leased loop."""
        now = self._clock.now()
        with named_failures():
            self._armed.set(self._counted({"alarm_at": {"$exists": True}}))
            self._late.set(self._counted({"alarm_at": {"$lt": now - _LATE}}))
            gone = {"gap_since": {"$lt": now - _MISSING}}
            self._incomplete.set(self._clocks.count_documents(gone))
        counts = risk_counts(self._clocks, now)
        by_target = {count.target: count for count in folded(counts, "target")}
        for target in TARGETS:
            count = by_target.get(target, RiskCount())
            self._at_risk.set(count.soon, target, "15m")
            self._at_risk.set(count.ahead, target, "60m")
            self._overdue.set(count.overdue, target)
        for count in folded(counts, "group", "channel"):
            for window, number in count.windows.items():
                self._tickets.set(number, count.group, count.channel, window)
        self._held.show(lease)
        return False

    def _counted(self, wanted: Document) -> int:
        """Of clocks and timers together; along the index, shard by shard."""
        wanted = {"shard": {"$gte": 0}, **wanted}
        return sum(
            rows.count_documents(wanted, hint="shard_1_alarm_at_1") for rows in (self._clocks, self._timers)
        )
