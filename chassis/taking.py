"""Taking from queues for ever: in weighted turns, into batches, acknowledged when all is done.

What every listener needs, whatever it hears. Its thread outlives every failure; whoever listens says which queues, what
a delivery holds and what to do with a batch.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Generic, TypeVar

import structlog

from chassis import bus
from chassis.bus import Bus, Delivery, Outgoing, Publisher, Subscription, Unroutable
from chassis.clock import monotonic
from chassis.errors import Unavailable
from chassis.letters import describe, raw_letter
from chassis.subscription import number
from chassis.telemetry.metrics import Metrics
from chassis.turns import Turns

T = TypeVar("T")
Item = TypeVar("Item")

BATCH_BYTES = 8_000_000
# A delivery that was in hand when its process died this often is a batch of its own.
_SUSPECT = 3


@dataclass(slots=True)
class Batch(Generic[Item]):
    """What is done and acknowledged together. `last` names each queue's last delivery in it."""

    items: list[Item] = field(default_factory=list)
    last: dict[str, int] = field(default_factory=dict)
    bytes: int = 0
    # What could not be understood; it is laid aside only when all else is done, just before the acknowledgement.
    poison: list[Outgoing] = field(default_factory=list)
    is_suspect: bool = False


class Taker(ABC, Generic[Item]):
    """A thread that takes from queues. `consumer` names it in logs; `dead` is where its letters go."""

    def __init__(
        self,
        *,
        name: str,
        consumer: str,
        dead: str,
        transport: Bus,
        publisher: Publisher,
        metrics: Metrics,
        batch_max: int,
        prefetch: int,
        linger: timedelta = timedelta(0),
    ) -> None:
        self.name = name
        self.heartbeat: Callable[[], None] = lambda: None
        self._bus = transport
        self._publisher = publisher
        self._consumer = consumer
        self._dead_queue = dead
        self._batch_max = batch_max
        self._linger = linger.total_seconds()
        self._prefetch = prefetch
        self._subscription = Subscription(transport, prefetch=prefetch)
        self._turns = Turns({})
        # Taken, but not for the batch at hand.
        self._suspect: Delivery | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._consuming = False
        # What is waited for, where it is.
        self.away: Unavailable | None = None
        self._log = structlog.get_logger(type(self).__module__)
        self._redeliveries = metrics.counter(
            "consumer_redeliveries_total", "Deliveries that came again.", ["queue"]
        )
        self._dead = metrics.counter(
            "dead_letters_total", "Facts laid aside for a person.", ["queue", "reason"]
        )

    def start(self) -> None:
        """Begin to take; a broker that is away is waited for."""
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

    # --------------------------------------------------------------------------------------------- for who listens

    @abstractmethod
    def _prepare(self) -> None:
        """Make the queues. Raises Unavailable."""

    @abstractmethod
    def _weights(self) -> Mapping[str, int]:
        """The queues to take from, each with its weight."""

    @abstractmethod
    def _open(self, delivery: Delivery, batch: Batch[Item]) -> int:
        """Put what the delivery holds into the batch, or a letter of it among the poison; answers how much it was."""

    @abstractmethod
    def _handle(self, batch: Batch[Item]) -> None:
        """Do it, then `_finish`. A batch that `is_suspect` holds one delivery, which may kill this process."""

    def _between(self) -> None:
        """Called before each turn."""

    def _join(self, queue: str, weight: int) -> None:
        """Take from one queue more. Raises Unavailable."""
        self._subscription.add(queue)
        self._turns.join(queue, weight)

    def _finish(self, batch: Batch[Item], letters: Sequence[Outgoing] = ()) -> None:
        """All is committed: letters and poison in one window, then the acknowledgement. Raises Unavailable where what
        was in hand will come again."""
        self._send([*letters, *batch.poison])
        self._subscription.ack(batch.last)

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
                self._wait_for(away, next(pauses))
                if self._stop.is_set():
                    raise
                self._subscription.wait(0)
            else:
                self._consuming, self.away = True, None
                return done

    def _raw_letter(self, delivery: Delivery, reason: str) -> Outgoing:
        self._log.error(
            "delivery_dead_lettered", queue=delivery.queue, message_id=delivery.message_id, error=reason
        )
        self._dead.labels(delivery.queue, "undecodable").inc()
        return raw_letter(delivery, self._dead_queue, reason)

    # ------------------------------------------------------------------------------------------------------ the loop

    def _run(self) -> None:
        pauses = bus.pauses()
        while not self._stop.is_set():
            try:
                self._begin()
                self._consuming, self.away = True, None
                while not self._stop.is_set():
                    self._turn()
                    pauses = bus.pauses()
            except Unavailable as away:
                self._wait_for(away, next(pauses))
            except Exception as failure:  # noqa: BLE001 - a listener that ends silently is the worst of all
                self._log.exception("listener_failed", consumer=self._consumer, error=describe(failure))
                self._subscription.drop()
                self._pause(next(pauses))
        self._consuming = False
        self._subscription.close()

    def _begin(self) -> None:
        self._prepare()
        self._suspect = None
        weights = self._weights()
        for queue, weight in weights.items():
            self._turns.join(queue, weight)
        self._subscription.open(list(weights))

    def _wait_for(self, away: Unavailable, seconds: float) -> None:
        self._log.warning("listener_waits", consumer=self._consumer, away=str(away))
        self.away = away
        self._pause(seconds)

    def _pause(self, seconds: float) -> None:
        self._consuming = False
        self.heartbeat()
        self._stop.wait(seconds)

    def _turn(self) -> None:
        self.heartbeat()
        self._between()
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

    def _take(self) -> Batch[Item]:
        """A batch in weighted turns of the queues, each in its order; a suspect delivery is a batch of its own."""
        batch = Batch[Item]()
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
            batch.last[delivery.queue] = delivery.tag
            batch.bytes += len(delivery.body)
            if delivery.redelivered:
                self._redeliveries.labels(delivery.queue).inc()
            self._turns.took(delivery.queue, self._open(delivery, batch))
            if batch.is_suspect:
                break
        return batch

    def _next(self) -> Delivery | None:
        suspect, self._suspect = self._suspect, None
        if suspect is not None:
            return suspect
        waiting = [queue for queue, count in self._subscription.in_hand().items() if count]
        return self._subscription.take(self._turns.whose(waiting)) if waiting else None

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
