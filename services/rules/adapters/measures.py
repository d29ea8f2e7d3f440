"""What rules counts and times."""

from collections.abc import Sequence

from chassis.clock import Clock
from chassis.telemetry.metrics import Metrics
from services.rules.domain.heard import Heard
from services.rules.domain.run import Verdict


class Measures:
    """From a fact to its effect is what an agent waits for."""

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self._clock = clock
        self._evaluated = metrics.counter("rules_evaluated_total", "Conditions asked.", ["channel"])
        self._matched = metrics.counter("rules_matched_total", "Rules that held and ran.", ["channel"])
        self._held_back = metrics.counter(
            "rules_held_back_total", "Rules that held and might not run.", ["reason"]
        )
        self._effect = metrics.histogram(
            "rules_effect_seconds", "From a fact to the rules' commands, done and committed.", ["channel"]
        )

    def applied(self, done: Sequence[tuple[Heard, Verdict]]) -> None:
        """A batch is in the store."""
        now = self._clock.now()
        for heard, verdict in done:
            channel = heard.ticket.channel
            self._evaluated.labels(channel).inc(verdict.evaluated)
            if verdict.matches:
                self._matched.labels(channel).inc(len(verdict.matches))
                self._effect.labels(channel).observe(max(0.0, (now - heard.occurred_at).total_seconds()))
            for _, reason in verdict.held_back:
                self._held_back.labels(reason.partition(":")[0]).inc()
