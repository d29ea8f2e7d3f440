"""A listener: facts from its lanes, in weighted turns, through the wire table into batches.

Three failures, three ways. Surroundings away: keep what is in hand, try again with growing pauses, no count. A race:
again at once (the batch runner does it), and where it goes on, again later without a count. A handler's error: the delay
queues, then the dead-letter queue, its neighbours unharmed.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from google.protobuf.message import DecodeError, Message
from opentelemetry.trace import SpanKind

from bus.v1.bundle_pb2 import Bundle, Envelope
from chassis import bus
from chassis.batches import BatchRunner, Outcome, Task
from chassis.bus import Bus, Delivery, Outgoing, Publisher
from chassis.clock import monotonic
from chassis.letters import again, dead_name, describe
from chassis.link import declaring
from chassis.mongo import Raced
from chassis.stamps import moment_of
from chassis.subscription import number
from chassis.taking import Batch, Taker
from chassis.telemetry import semconv, tracing
from chassis.telemetry.metrics import Metrics
from chassis.units import Cause

__all__ = [
    "CannotTranslate",
    "Deadly",
    "Listener",
    "Translate",
    "dead_name",
    "describe",
    "prepare",
    "queue_name",
]

Translate = Callable[[Any, Envelope], object | None]

# A fact during whose lone trial the process died more often than this is dead-lettered.
_TRIALS = 3
# Who dies in mid-commit holds its rows until the server gives up the transaction, which takes up to 90 s by default
# (transactionLifetimeLimitSeconds 60, looked after every 30 s). So long a race is nobody's mistake: 1 s and 14 times 10 s.
_RACES = 15


class CannotTranslate(Exception):
    """A fact that this listener can never understand: it goes to the dead letters at once."""


class Deadly(Exception):
    """A fact that took its process with it each time it was tried alone."""


@dataclass(slots=True)
class _Item:
    """One fact of one delivery."""

    delivery: Delivery
    envelope: Envelope
    attempt: int
    races: int
    task: Task


class Listener(Taker[_Item]):
    """Hears facts as one consumer. `consumes` maps a fact's class to `translate(fact, envelope) -> command`; a
    translation that answers None means that the fact is of no interest."""

    def __init__(
        self,
        *,
        transport: Bus,
        consumer: str,
        consumes: Mapping[type[Message], Translate],
        runner: BatchRunner,
        publisher: Publisher,
        metrics: Metrics,
        lanes: Sequence[str],
        weights: Mapping[str, int] | None = None,
        batch_max: int = 100,
        linger: timedelta = timedelta(0),
        prefetch: int = 50,
    ) -> None:
        super().__init__(
            name=f"listener-{consumer}",
            consumer=consumer,
            dead=dead_name(consumer),
            transport=transport,
            publisher=publisher,
            metrics=metrics,
            batch_max=batch_max,
            prefetch=prefetch,
            linger=linger,
        )
        self._consumes = {
            kind.DESCRIPTOR.full_name: (kind, translate) for kind, translate in consumes.items()
        }
        self._runner = runner
        self._lanes = tuple(lanes)
        self._queues = {queue_name(consumer, lane): (weights or {}).get(lane, 1) for lane in lanes}
        self._metrics = _Measures(metrics)

    def _prepare(self) -> None:
        prepare(self._bus, self._consumer, list(self._consumes), self._lanes)

    def _weights(self) -> Mapping[str, int]:
        return self._queues

    def _open(self, delivery: Delivery, batch: Batch[_Item]) -> int:
        """Put the delivery's facts into the batch; answers how many they are."""
        attempt, races = number(delivery.headers, "attempt"), number(delivery.headers, "races")
        try:
            envelopes = list(Bundle.FromString(delivery.body).events)
        except DecodeError:
            envelopes = []
        if not envelopes:
            batch.poison.append(self._raw_letter(delivery, "not a bundle"))
            return 1
        for envelope in envelopes:
            try:
                task = self._translate(envelope)
            except Exception as failure:  # noqa: BLE001 - decides over one fact; the batch goes on
                batch.poison.append(self._letter(delivery, envelope, failure, attempt))
                continue
            if task is not None:
                task.came_before = delivery.redelivered or attempt > 0 or races > 0
                batch.items.append(_Item(delivery, envelope, attempt, races, task))
        return len(envelopes)

    def _translate(self, envelope: Envelope) -> Task | None:
        known = self._consumes.get(envelope.type)
        if known is None:
            raise CannotTranslate(f"{envelope.type or 'no type'} is not heard here")
        event_id = envelope.event_id
        if not event_id:
            raise CannotTranslate("no event id")
        kind, translate = known
        try:
            fact = kind.FromString(envelope.body)
        except DecodeError as error:
            raise CannotTranslate(f"not a {envelope.type}") from error
        command = translate(fact, envelope)
        if command is None:
            return None
        received = moment_of(envelope.received_at) if envelope.HasField("received_at") else None
        cause = Cause(event_id, envelope.chain_id or event_id, envelope.depth, envelope.traceparent, received)
        return Task(event_id, command, cause)

    def _handle(self, batch: Batch[_Item]) -> None:
        begun = monotonic()
        outcomes = self._run_suspects(batch.items) if batch.is_suspect else self._run_tasks(batch.items)
        letters: list[Outgoing] = []
        done = dict.fromkeys(batch.last, 0)
        for item, outcome in zip(batch.items, outcomes, strict=True):
            if outcome.error is None:
                done[item.delivery.queue] += 1
            else:
                letters.append(self._retry_or_letter(item, outcome.error))
        result = "failed" if letters else "done"
        self._finish(batch, letters)
        for queue, facts in done.items():
            self._metrics.handled.labels(queue, result).observe(monotonic() - begun)
            self._metrics.events.labels(queue, "done").inc(facts)

    def _run_tasks(self, items: Sequence[_Item]) -> list[Outcome]:
        if not items:
            return []
        with ExitStack() as spans:
            for item in items:
                if item.envelope.traceparent:
                    self._trace(item, len(items), spans)
            tasks = [item.task for item in items]
            return self._persist(lambda: self._runner.run(tasks))

    def _run_suspects(self, items: Sequence[_Item]) -> list[Outcome]:
        """One by one, each with a mark that only the death of this process leaves behind."""
        outcomes: list[Outcome] = []
        for item in items:
            key = item.task.key
            if self._persist(partial(self._runner.begin_trial, key)) > _TRIALS:
                outcomes.append(Outcome(item.task, error=Deadly(f"its process died {_TRIALS} times")))
                continue
            try:
                outcomes += self._run_tasks([item])
            finally:
                self._runner.end_trial(key)
        return outcomes

    def _trace(self, item: _Item, batch: int, spans: ExitStack) -> None:
        """A sampled fact gets a span of its own; what follows from it goes on from there."""
        task, envelope = item.task, item.envelope
        span = tracing.span(
            f"process {item.delivery.queue}",
            SpanKind.CONSUMER,
            parent=envelope.traceparent,
            attributes={
                semconv.MESSAGING_SYSTEM: semconv.RABBITMQ,
                semconv.MESSAGING_OPERATION_NAME: "process",
                semconv.MESSAGING_OPERATION_TYPE: semconv.PROCESS,
                semconv.MESSAGING_DESTINATION_NAME: item.delivery.queue,
                semconv.MESSAGING_ROUTING_KEY: f"{envelope.type}.{envelope.lane}",
                semconv.MESSAGING_MESSAGE_ID: envelope.event_id,
                semconv.MESSAGING_BATCH_COUNT: batch,
            },
        )
        spans.enter_context(span)
        task.cause = replace(task.cause, traceparent=span.traceparent or envelope.traceparent)

    def _retry_or_letter(self, item: _Item, error: Exception) -> Outgoing:
        attempt, races = item.attempt, item.races
        if isinstance(error, Raced) and races < _RACES:
            name, _ = bus.DELAYS[min(races, 1)]
            races += 1
        elif isinstance(error, CannotTranslate | Deadly) or attempt >= len(bus.DELAYS):
            return self._letter(item.delivery, item.envelope, error, attempt)
        else:
            name, _ = bus.DELAYS[attempt]
            attempt += 1
        queue = item.delivery.queue
        self._log.warning(
            "fact_retried",
            queue=queue,
            event_id=item.envelope.event_id,
            after=name,
            error=describe(error),
            **tracing.named(item.envelope.traceparent),
        )
        self._metrics.retries.labels(queue).inc()
        return again(item.delivery, item.envelope, error, f"delay.{name}", queue, attempt, races)

    def _letter(self, delivery: Delivery, envelope: Envelope, error: Exception, attempt: int) -> Outgoing:
        self._log.error(
            "fact_dead_lettered",
            queue=delivery.queue,
            event_id=envelope.event_id,
            error=describe(error),
            **tracing.named(envelope.traceparent),
        )
        self._dead.labels(delivery.queue, type(error).__name__).inc()
        return again(delivery, envelope, error, "", dead_name(self._consumer), attempt)


class _Measures:
    """What a listener counts; names as every listener has them."""

    def __init__(self, metrics: Metrics) -> None:
        self.handled = metrics.histogram(
            "consumer_handle_seconds", "From taking a batch to its acknowledgement.", ["queue", "outcome"]
        )
        self.events = metrics.counter("consumer_events_total", "Facts handled.", ["queue", "outcome"])
        self.retries = metrics.counter("consumer_retries_total", "Facts sent to a delay queue.", ["queue"])


def queue_name(consumer: str, lane: str) -> str:
    """The queue of one listener and lane."""
    return f"{consumer}.{lane}"


def prepare(transport: Bus, consumer: str, types: Sequence[str], lanes: Sequence[str]) -> None:
    """Make the consumer's queues and bindings. Idempotent; must be done before anybody publishes what it hears, or
    the facts said until then pass it by. Raises Unavailable."""
    with declaring(transport) as channel:
        bus.declare_exchange(channel, transport.exchange)
        bus.declare_queue(channel, dead_name(consumer))
        for lane in lanes:
            queue = queue_name(consumer, lane)
            bus.declare_queue(channel, queue, bus.dead_letters_to(dead_name(consumer)))
            for fact_type in types:
                channel.queue_bind(queue, transport.exchange, f"{fact_type}.{lane}")
