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
from typing import Any

import structlog
from google.protobuf.message import DecodeError, Message
from opentelemetry.trace import SpanKind

from bus.v1.bundle_pb2 import Bundle, Envelope
from chassis import bus
from chassis.batches import BatchRunner, Outcome, Task
from chassis.bus import Bus, Delivery, Outgoing, Publisher, Subscription
from chassis.clock import monotonic
from chassis.errors import Unavailable
from chassis.telemetry import semconv, tracing
from chassis.telemetry.metrics import Metrics
from chassis.units import Cause

Translate = Callable[[Any, Envelope], object | None]

BATCH_BYTES = 8_000_000
# A message that was in hand when its process died this often is run alone.
_SUSPECT = 3


class CannotTranslate(Exception):
    """A fact that this listener can never understand: it goes to the dead letters at once."""


@dataclass(slots=True)
class _Item:
    """One fact of one delivery."""

    delivery: Delivery
    envelope: Envelope
    attempt: int
    task: Task | None = None


@dataclass(slots=True)
class _Batch:
    items: list[_Item] = field(default_factory=list)
    last: dict[str, int] = field(default_factory=dict)
    bytes: int = 0


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
        prefetch: int = 10,
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
        self._subscription = Subscription(transport, prefetch=prefetch)
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
                prepare(self._bus, self._consumer, list(self._consumes), self._lanes)
                self._subscription.open(list(self._weights))
                self._consuming = True
                pauses = bus.pauses()
                self._listen()
            except Unavailable as away:
                self._consuming = False
                self._log.warning("listener_waits", consumer=self._consumer, away=str(away))
                self.heartbeat()
                self._stop.wait(next(pauses))
        self._consuming = False
        self._subscription.close()

    def _listen(self) -> None:
        while not self._stop.is_set():
            self.heartbeat()
            if not any(self._subscription.in_hand().values()):
                self._subscription.wait(0.5)
                if not any(self._subscription.in_hand().values()):
                    continue
            self._fill()
            self._handle(self._take())

    def _fill(self) -> None:
        """Linger where this listener may: a fuller batch costs everybody less."""
        self._subscription.wait(0)
        deadline = monotonic() + self._linger
        while self._linger and not self._stop.is_set():
            left = deadline - monotonic()
            if left <= 0 or sum(self._subscription.in_hand().values()) >= self._batch_max:
                return
            self._subscription.wait(left)

    def _take(self) -> _Batch:
        """A batch in weighted turns of the lanes, each lane in its order."""
        batch = _Batch()
        turns = True
        while turns and len(batch.items) < self._batch_max and batch.bytes < BATCH_BYTES:
            turns = False
            for queue, weight in self._weights.items():
                for _ in range(weight):
                    if len(batch.items) >= self._batch_max or batch.bytes >= BATCH_BYTES:
                        break
                    delivery = self._subscription.take(queue)
                    if delivery is None:
                        break
                    turns = True
                    if delivery.redelivered:
                        self._metrics.redeliveries.labels(queue).inc()
                    if delivery.deliveries >= _SUSPECT and batch.items:
                        # Alone, so that it cannot take its neighbours with it once more.
                        self._handle(batch)
                        batch = _Batch()
                    self._open(delivery, batch)
                    if delivery.deliveries >= _SUSPECT:
                        return batch
        return batch

    def _open(self, delivery: Delivery, batch: _Batch) -> None:
        batch.last[delivery.queue] = delivery.tag
        batch.bytes += len(delivery.body)
        attempt = int(delivery.headers.get("attempt", 0) or 0)
        try:
            envelopes = list(Bundle.FromString(delivery.body).events)
        except DecodeError:
            envelopes = []
        if not envelopes:
            self._persist(lambda: self._bury_raw(delivery, "not a bundle"))
            return
        for envelope in envelopes:
            item = _Item(delivery, envelope, attempt)
            try:
                item.task = self._translate(envelope)
            except Exception as failure:  # noqa: BLE001 - decides over one fact; the batch goes on
                self._persist(lambda item=item, failure=failure: self._bury(item, failure))  # type: ignore[misc]
                continue
            if item.task is not None:
                batch.items.append(item)

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
        tasks = [item.task for item in batch.items if item.task is not None]
        outcomes: list[Outcome] = []
        if tasks:
            with ExitStack() as spans:
                for item in batch.items:
                    if item.envelope.traceparent:
                        self._trace(item, len(tasks), spans)
                outcomes = self._persist(lambda: self._runner.run(tasks))
        failed = [
            (item, outcome.error)
            for item, outcome in zip(batch.items, outcomes, strict=True)
            if outcome.error
        ]
        for item, error in failed:
            self._persist(lambda item=item, error=error: self._retry_or_bury(item, error))  # type: ignore[misc]
        if self._stop.is_set() and not self._subscription.connected:
            return
        self._subscription.ack(batch.last)
        for queue in batch.last:
            self._metrics.handled.labels(queue, "failed" if failed else "done").observe(monotonic() - begun)
            self._metrics.events.labels(queue, "done").inc(
                sum(item.delivery.queue == queue for item in batch.items) - len(failed)
            )

    def _trace(self, item: _Item, batch: int, spans: ExitStack) -> None:
        """A sampled fact gets a span of its own; what follows from it goes on from there."""
        task, envelope = item.task, item.envelope
        if task is None:
            return
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

    def _persist(self, step: Callable[[], Any]) -> Any:
        """Run a step until the surroundings let it; the deliveries stay in hand and the connection is kept alive.

        Raises Unavailable only when the broker dropped us (what was in hand comes again) or we are stopping.
        """
        pauses = bus.pauses()
        while True:
            try:
                return step()
            except Unavailable as away:
                self._consuming = False
                self._log.warning("listener_waits", consumer=self._consumer, away=str(away))
                self.heartbeat()
                if self._stop.wait(next(pauses)):
                    raise
                self._subscription.wait(0)
                self._consuming = True

    def _retry_or_bury(self, item: _Item, error: Exception) -> None:
        if isinstance(error, CannotTranslate) or item.attempt >= len(bus.DELAYS):
            self._bury(item, error)
            return
        name, _ = bus.DELAYS[item.attempt]
        self._log.warning(
            "fact_retried",
            queue=item.delivery.queue,
            event_id=item.envelope.event_id,
            after=name,
            error=describe(error),
        )
        self._publisher.publish(
            [self._again(item, error, f"delay.{name}", item.delivery.queue, item.attempt + 1)]
        )
        self._metrics.retries.labels(item.delivery.queue).inc()

    def _bury(self, item: _Item, error: Exception) -> None:
        self._log.error(
            "fact_dead_lettered",
            queue=item.delivery.queue,
            event_id=item.envelope.event_id,
            error=describe(error),
        )
        self._publisher.publish([self._again(item, error, "", dead_name(self._consumer), item.attempt)])
        self._metrics.dead.labels(item.delivery.queue, type(error).__name__).inc()

    def _bury_raw(self, delivery: Delivery, reason: str) -> None:
        self._log.error(
            "delivery_dead_lettered", queue=delivery.queue, message_id=delivery.message_id, error=reason
        )
        headers = {"reason": reason, "queue": delivery.queue}
        self._publisher.publish(
            [
                Outgoing(
                    "", dead_name(self._consumer), delivery.body, delivery.type, delivery.message_id, headers
                )
            ]
        )
        self._metrics.dead.labels(delivery.queue, "undecodable").inc()

    def _again(self, item: _Item, error: Exception, exchange: str, key: str, attempt: int) -> Outgoing:
        envelope = item.envelope
        return Outgoing(
            exchange,
            key,
            Bundle(events=[envelope]).SerializeToString(),
            envelope.type,
            envelope.event_id,
            {
                "attempt": attempt,
                "reason": describe(error),
                "queue": item.delivery.queue,
                "event_id": envelope.event_id,
                "lane": envelope.lane,
                "traceparent": envelope.traceparent,
            },
        )


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


def describe(error: Exception) -> str:
    """An error as a person reads it beside a dead letter: its kind and its text, at most 500 characters."""
    return f"{type(error).__name__}: {error}"[:500]


def queue_name(consumer: str, lane: str) -> str:
    """The queue of one listener and lane."""
    return f"{consumer}.{lane}"


def dead_name(consumer: str) -> str:
    """The listener's dead-letter queue."""
    return f"{consumer}.dead"


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
            bus.declare_queue(channel, queue)
            for fact_type in types:
                channel.queue_bind(queue, transport.exchange, f"{fact_type}.{lane}")
        connection.close()
    except bus.FAILURES as error:
        raise Unavailable("broker") from error
