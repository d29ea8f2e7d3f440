"""What rules counts and times."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime

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
        # A look-up of labels costs more than the rest of it; a batch has few.
        evaluated: Counter[str] = Counter()
        matched: Counter[str] = Counter()
        held_back: Counter[str] = Counter()
        effects: dict[str, list[datetime]] = defaultdict(list)
        for heard, verdict in done:
            channel = heard.ticket.channel
            evaluated[channel] += verdict.evaluated
            if verdict.matches:
                matched[channel] += len(verdict.matches)
                effects[channel].append(heard.occurred_at)
            for _, reason in verdict.held_back:
                held_back[reason.partition(":")[0]] += 1
        for channel, times in evaluated.items():
            self._evaluated.labels(channel).inc(times)
        for channel, times in matched.items():
            self._matched.labels(channel).inc(times)
        for channel, moments in effects.items():
            observe = self._effect.labels(channel).observe
            for occurred_at in moments:
                observe(max(0.0, (now - occurred_at).total_seconds()))
        for reason, times in held_back.items():
            self._held_back.labels(reason).inc(times)
