"""A listener: facts from its lanes, in weighted turns, through the wire table into batches.

Three failures, three ways. Surroundings away: keep what is in hand, try again with growing pauses, no count. A race:
again at once (the batch runner does it). A handler's error: the delay queues, then the dead-letter queue, its
neighbours unharmed.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from functools import partial
from typing import Any, TypeVar

import amqp
import structlog
from google.protobuf.message import DecodeError, Message
from opentelemetry.trace import SpanKind

from bus.v1.bundle_pb2 import Bundle, Envelope
from chassis import bus
from chassis.batches import BatchRunner, Outcome, Task
from chassis.bus import Bus, Delivery, Outgoing, Publisher, Subscription, Unroutable
from chassis.clock import monotonic
from chassis.errors import Unavailable
from chassis.letters import again, dead_name, describe, raw_letter
from chassis.link import abandon
from chassis.subscription import number
from chassis.telemetry import semconv, tracing
from chassis.telemetry.metrics import Metrics
from chassis.turns import Turns
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

T = TypeVar("T")
Translate = Callable[[Any, Envelope], object | None]

BATCH_BYTES = 8_000_000
# A delivery that was in hand when its process died this often is tried alone, fact by fact.
_SUSPECT = 3
# A fact during whose lone trial the process died more often than this is dead-lettered.
_TRIALS = 3


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
    task: Task


@dataclass(slots=True)
class _Batch:
    items: list[_Item] = field(default_factory=list)
    last: dict[str, int] = field(default_factory=dict)
    bytes: int = 0
    # What could not be understood; it is laid aside only when all else is done, just before the acknowledgement.
    poison: list[Outgoing] = field(default_factory=list)
    is_suspect: bool = False


class Listener:
    """Hears facts as one consumer. `consumes` maps a fact's class to `translate(fact, envelope) -> command`; a
    translation
    that answers None means that the fact is of no interest."""

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
        self.name = f"listener-{consumer}"
        self._bus = transport
        self._consumer = consumer
        self._consumes = {
            kind.DESCRIPTOR.full_name: (kind, translate) for kind, translate in consumes.items()
        }
        self._runner = runner
        self._publisher = publisher
        self._weights = {queue_name(consumer, lane): (weights or {}).get(lane, 1) for lane in lanes}
        self._lanes = tuple(lanes)
        self._batch_max = batch_max
        self._linger = linger.total_seconds()
        self._prefetch = prefetch
        self._subscription = Subscription(transport, prefetch=prefetch)
        self._turns = Turns(self._weights)
        # Taken, but not for the batch at hand.
        self._suspect: Delivery | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._consuming = False
        self._log = structlog.get_logger(__name__)
        self._metrics = _Measures(metrics)
        self.heartbeat: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Begin to listen; a broker that is away is waited for."""
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def stop(self, grace: timedelta) -> None:
        """Finish the batch in hand, give the rest back."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(grace.total_seconds())

    def is_ready(self) -> bool:
        """Taking from its queues."""
        return self._consuming

    def _run(self) -> None:
        pauses = bus.pauses()
        while not self._stop.is_set():
            try:
                self._prepare()
                self._suspect = None
                self._subscription.open(list(self._weights))
                self._consuming = True
                while not self._stop.is_set():
                    self._turn()
                    pauses = bus.pauses()
            except Unavailable as away:
                self._log.warning("listener_waits", consumer=self._consumer, away=str(away))
                self._pause(next(pauses))
            except Exception as failure:  # noqa: BLE001 - a listener that ends silently is the worst of all
                self._log.exception("listener_failed", consumer=self._consumer, error=describe(failure))
                self._subscription.drop()
                self._pause(next(pauses))
        self._consuming = False
        self._subscription.close()

    def _pause(self, seconds: float) -> None:
        self._consuming = False
        self.heartbeat()
        self._stop.wait(seconds)

    def _prepare(self) -> None:
        prepare(self._bus, self._consumer, list(self._consumes), self._lanes)

    def _turn(self) -> None:
        self.heartbeat()
        if not self._has_some():
            self._subscription.wait(0.5)
            if not self._has_some():
                return
        self._fill()
        self._handle(self._take())

    def _has_some(self) -> bool:
        return self._suspect is not None or any(self._subscription.in_hand().values())

    def _fill(self) -> None:
        """Linger where this listener may: a fuller batch costs everybody less."""
        self._subscription.wait(0)
        deadline = monotonic() + self._linger
        while self._linger and not self._stop.is_set():
            left = deadline - monotonic()
            if left <= 0 or self._is_full():
                return
            self._subscription.wait(left)

    def _is_full(self) -> bool:
        """More would not fit, or cannot come: bundles count by their facts, and the broker sends no more than the
        prefetch. Lingering on would only cap the rate."""
        in_hand = self._subscription.in_hand().values()
        facts = sum(number(one.headers, bus.FACTS, 1) for one in self._subscription.waiting())
        return facts >= self._batch_max or max(in_hand, default=0) >= self._prefetch

    def _take(self) -> _Batch:
        """A batch in weighted turns of the lanes, each lane in its order; a suspect delivery is a batch of its own."""
        batch = _Batch()
        while len(batch.items) < self._batch_max and batch.bytes < BATCH_BYTES:
            delivery = self._next()
            if delivery is None:
                break
            if delivery.deliveries >= _SUSPECT:
                if batch.last:
                    # Not beside others, which it could take with it once more.
                    self._suspect = delivery
                    break
                batch.is_suspect = True
            facts = self._open(delivery, batch)
            self._turns.took(delivery.queue, facts)
            if batch.is_suspect:
                break
        return batch

    def _next(self) -> Delivery | None:
        suspect, self._suspect = self._suspect, None
        if suspect is not None:
            return suspect
        waiting = [queue for queue, count in self._subscription.in_hand().items() if count]
        return self._subscription.take(self._turns.whose(waiting)) if waiting else None

    def _open(self, delivery: Delivery, batch: _Batch) -> int:
        """Put the delivery's facts into the batch; answers how many they are."""
        batch.last[delivery.queue] = delivery.tag
        batch.bytes += len(delivery.body)
        if delivery.redelivered:
            self._metrics.redeliveries.labels(delivery.queue).inc()
        attempt = number(delivery.headers, "attempt")
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
                batch.items.append(_Item(delivery, envelope, attempt, task))
        return len(envelopes)

    def _translate(self, envelope: Envelope) -> Task | None:
        known = self._consumes.get(envelope.type)
        if known is None:
            raise CannotTranslate(f"{envelope.type or 'no type'} is not heard here")
        if not envelope.event_id:
            raise CannotTranslate("no event id")
        kind, translate = known
        try:
            fact = kind.FromString(envelope.body)
        except DecodeError as error:
            raise CannotTranslate(f"not a {envelope.type}") from error
        command = translate(fact, envelope)
        if command is None:
            return None
        received = envelope.received_at.ToDatetime(tzinfo=UTC) if envelope.HasField("received_at") else None
        return Task(
            key=envelope.event_id,
            command=command,
            cause=Cause(
                envelope.event_id,
                envelope.chain_id or envelope.event_id,
                envelope.depth,
                envelope.traceparent,
                received,
            ),
        )

    def _handle(self, batch: _Batch) -> None:
        begun = monotonic()
        outcomes = self._run_suspects(batch.items) if batch.is_suspect else self._run_tasks(batch.items)
        letters = [
            self._retry_or_letter(item, outcome.error)
            for item, outcome in zip(batch.items, outcomes, strict=True)
            if outcome.error
        ]
        failures = len(letters)
        self._send(letters + batch.poison)
        self._subscription.ack(batch.last)
        for queue in batch.last:
            self._metrics.handled.labels(queue, "failed" if failures else "done").observe(monotonic() - begun)
            done = sum(
                item.delivery.queue == queue and outcome.error is None
                for item, outcome in zip(batch.items, outcomes, strict=True)
            )
            self._metrics.events.labels(queue, "done").inc(done)

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

    def _persist(self, step: Callable[[], T]) -> T:
        """Run a step until the surroundings let it; the deliveries stay in hand and the connection is kept alive.

        Raises Unavailable only when the broker dropped us (what was in hand comes again) or we are stopping.
        """
        pauses = bus.pauses()
        while True:
            self.heartbeat()
            try:
                done = step()
            except Unavailable as away:
                self._log.warning("listener_waits", consumer=self._consumer, away=str(away))
                self._pause(next(pauses))
                if self._stop.is_set():
                    raise
                self._subscription.wait(0)
            else:
                self._consuming = True
                return done

    def _send(self, letters: list[Outgoing]) -> None:
        """To the delay queues and the dead letters."""
        left = letters

        def publish() -> None:
            nonlocal left
            try:
                self._publisher.publish(left)
            except Unroutable as lost:
                # Somebody deleted the queue; poison must not block its neighbours.
                left = [letter for letter in left if letter.message_id in lost.message_ids]
                self._prepare()
                raise

        if left:
            self._persist(publish)

    def _retry_or_letter(self, item: _Item, error: Exception) -> Outgoing:
        if isinstance(error, CannotTranslate | Deadly) or item.attempt >= len(bus.DELAYS):
            return self._letter(item.delivery, item.envelope, error, item.attempt)
        name, _ = bus.DELAYS[item.attempt]
        queue = item.delivery.queue
        self._log.warning(
            "fact_retried", queue=queue, event_id=item.envelope.event_id, after=name, error=describe(error)
        )
        self._metrics.retries.labels(queue).inc()
        return again(item.delivery, item.envelope, error, f"delay.{name}", queue, item.attempt + 1)

    def _letter(self, delivery: Delivery, envelope: Envelope, error: Exception, attempt: int) -> Outgoing:
        self._log.error(
            "fact_dead_lettered",
            queue=delivery.queue,
            event_id=envelope.event_id,
            error=describe(error),
        )
        self._metrics.dead.labels(delivery.queue, type(error).__name__).inc()
        return again(delivery, envelope, error, "", dead_name(self._consumer), attempt)

    def _raw_letter(self, delivery: Delivery, reason: str) -> Outgoing:
        self._log.error(
            "delivery_dead_lettered", queue=delivery.queue, message_id=delivery.message_id, error=reason
        )
        self._metrics.dead.labels(delivery.queue, "undecodable").inc()
        return raw_letter(delivery, dead_name(self._consumer), reason)


class _Measures:
    """What a listener counts; names as every listener has them."""

    def __init__(self, metrics: Metrics) -> None:
        self.handled = metrics.histogram(
            "consumer_handle_seconds", "From taking a batch to its acknowledgement.", ["queue", "outcome"]
        )
        self.events = metrics.counter("consumer_events_total", "Facts handled.", ["queue", "outcome"])
        self.redeliveries = metrics.counter(
            "consumer_redeliveries_total", "Deliveries that came again.", ["queue"]
        )
        self.retries = metrics.counter("consumer_retries_total", "Facts sent to a delay queue.", ["queue"])
        self.dead = metrics.counter(
            "dead_letters_total", "Facts laid aside for a person.", ["queue", "reason"]
        )


def queue_name(consumer: str, lane: str) -> str:
    """The queue of one listener and lane."""
    return f"{consumer}.{lane}"


def prepare(transport: Bus, consumer: str, types: Sequence[str], lanes: Sequence[str]) -> None:
    """Make the consumer's queues and bindings. Idempotent; must be done before anybody publishes what it hears, or
    the
    facts said until then pass it by. Raises Unavailable."""
    connection = transport.connect()
    try:
        channel = connection.channel()
        bus.declare_exchange(channel, transport.exchange)
        bus.declare_queue(channel, dead_name(consumer))
        for lane in lanes:
            queue = queue_name(consumer, lane)
            bus.declare_queue(channel, queue, bus.dead_letters_to(dead_name(consumer)))
            for fact_type in types:
                channel.queue_bind(queue, transport.exchange, f"{fact_type}.{lane}")
        connection.close()
    except amqp.PreconditionFailed as other:
        # A queue of that name was made with other arguments, by another version most often: it must be drained and go.
        raise Unavailable(f"broker ({other.reply_text})") from other
    except bus.FAILURES as error:
        raise Unavailable("broker") from error
    finally:
        abandon(connection)
