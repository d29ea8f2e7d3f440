"""The wire between services: durable topic exchange, a quorum queue for each listener and lane.

Publishing is persistent, mandatory and confirmed in a window; listening acks after the commit. A fact whose handler
fails is tried again after 1 s, 10 s, 1 min and 10 min and then laid into the listener's dead-letter queue with its
reason. The broker's own delivery limit judges nothing (with limit 5 and prefetch 200, six kills dead-lettered 50 good
messages).
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import amqp
from amqp import spec

from chassis.clock import monotonic
from chassis.errors import Unavailable
from chassis.link import FAILURES, HEARTBEAT, Bus, abandon, connect, pauses, pump
from chassis.subscription import Delivery, Subscription

__all__ = [
    "DELAYS",
    "FACTS",
    "FAILURES",
    "Blocked",
    "Bus",
    "Delivery",
    "Outgoing",
    "Publisher",
    "Subscription",
    "Unroutable",
    "connect",
    "dead_letters_to",
    "declare_exchange",
    "declare_queue",
    "pauses",
]

CONFIRM_TIMEOUT = 5.0
WINDOW = 200
DELAYS = (("1s", 1_000), ("10s", 10_000), ("1m", 60_000), ("10m", 600_000))
# Header of a bundle: how many facts it holds, for who must know before opening it.
FACTS = "facts"
# Only against endless crash loops; the default of RabbitMQ 4 is 20. What exceeds it is discarded unless the queue
# names where its dead letters go.
_DELIVERY_LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One AMQP message to publish. An empty exchange is the default one, where the key is a queue's name."""

    exchange: str
    routing_key: str
    body: bytes
    type: str
    message_id: str
    headers: Mapping[str, Any] | None = None


class Unroutable(Unavailable):
    """No queue is bound for some messages: their listener was never declared here. The others did arrive."""

    def __init__(self, message_ids: Sequence[str], keys: Sequence[str]) -> None:
        super().__init__(f"broker (no queue for {', '.join(sorted(set(keys)))})")
        self.message_ids = frozenset(message_ids)
        self.routing_keys = frozenset(keys)


class Blocked(Unavailable):
    """The broker takes nothing: memory or disk alarm."""

    def __init__(self) -> None:
        super().__init__("broker (blocked by an alarm)")


def declare_exchange(channel: Any, exchange: str) -> None:
    """Make the topic exchange and the shared delay queues. Idempotent."""
    channel.exchange_declare(exchange, "topic", durable=True, auto_delete=False)
    for name, milliseconds in DELAYS:
        # A fanout in front, so that the routing key may go on naming the queue to come back to.
        channel.exchange_declare(f"delay.{name}", "fanout", durable=True, auto_delete=False)
        declare_queue(
            channel,
            f"delay.{name}",
            {
                "x-message-ttl": milliseconds,
                "x-dead-letter-exchange": "",
                # At least once needs reject-publish, or the broker falls back to at most once.
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish",
            },
        )
        channel.queue_bind(f"delay.{name}", f"delay.{name}", "")


def declare_queue(channel: Any, name: str, arguments: Mapping[str, Any] | None = None) -> None:
    """Make a durable quorum queue. Idempotent."""
    channel.queue_declare(
        name,
        durable=True,
        exclusive=False,
        auto_delete=False,
        arguments={"x-queue-type": "quorum", "x-delivery-limit": _DELIVERY_LIMIT, **(arguments or {})},
    )


def dead_letters_to(queue: str) -> Mapping[str, Any]:
    """Arguments for a queue whose letters, when the broker itself gives up on them, shall lie in another."""
    return {
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": queue,
        # At least once needs reject-publish, or the broker falls back to at most once.
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


class Publisher:
    """A connection that publishes in confirmed windows; safe for several threads, one window at a time.

    After any failure the connection is dropped: py-amqp matches no delivery tags, so a late confirm must never be
    taken for another message's. The same ids may then be published again. Only a connection that the broker blocked is
    kept until the alarm is over: meanwhile the broker reads no socket, so it would keep all that we drop.
    """

    def __init__(self, bus: Bus, *, window: int = WINDOW, confirm_timeout: float = CONFIRM_TIMEOUT) -> None:
        self._bus = bus
        self._window = window
        self._confirm_timeout = confirm_timeout
        self._lock = threading.Lock()
        self._connection: Any = None
        self._channel: Any = None
        self._next_tag = 0
        self._open: dict[int, Outgoing] = {}
        self._returned: list[tuple[str, str]] = []
        self._nacked = 0
        self._blocked = False
        self._is_exchange_missing = False
        self._beating: threading.Thread | None = None
        self._closed = threading.Event()

    def publish(self, messages: Sequence[Outgoing]) -> None:
        """Return once the broker has confirmed every message. Raises Unavailable (none, some or all may have arrived)
        or Unroutable (all but those it names did arrive)."""
        if not messages:
            return
        with self._lock:
            try:
                self._publish(messages)
            except (Unroutable, Blocked):
                raise
            except amqp.NotFound as missing:
                # Somebody deleted the exchange, or a broker came back without it.
                self._is_exchange_missing = True
                self._drop()
                raise Unavailable("broker (no such exchange)") from missing
            except FAILURES as error:
                self._drop()
                raise Unavailable("broker") from error
            except BaseException:
                self._drop()
                raise

    def close(self) -> None:
        """Let the connection go."""
        self._closed.set()
        with self._lock:
            self._drop()

    def _publish(self, messages: Sequence[Outgoing]) -> None:
        channel = self._ready()
        self._returned.clear()
        self._nacked = 0
        for message in messages:
            self._next_tag += 1
            self._open[self._next_tag] = message
            # py-amqp's own publish looks for a blocked connection in a way that spins on half a frame.
            channel.send_method(
                spec.Basic.Publish,
                "Bssbb",
                (0, message.exchange, message.routing_key, True, False),
                _amqp_message(message),
            )
            # Also so that what the broker returns never fills the pipe while we write.
            self._look(0)
            while len(self._open) >= self._window:
                self._drain()
        while self._open:
            self._drain()
        if self._nacked:
            raise Unavailable("broker (queue full)")
        if self._returned:
            raise Unroutable([name for name, _ in self._returned], [key for _, key in self._returned])

    def _drain(self) -> None:
        deadline = monotonic() + self._confirm_timeout
        before = len(self._open)
        while len(self._open) == before:
            left = deadline - monotonic()
            if left <= 0:
                raise Unavailable("broker")
            self._look(left)

    def _look(self, timeout: float) -> None:
        pump(self._connection, timeout)
        if self._blocked:
            raise Blocked

    def _ready(self) -> Any:
        if self._connection is not None:
            try:
                # Notice a connection that died, or was blocked, while nobody looked.
                self._look(0)
                if not self._open:
                    return self._channel
            except FAILURES:
                pass
        self._drop()
        self._start_beating()
        self._connection = self._bus.connect()
        self._connection.on_blocked = self._on_blocked
        self._connection.on_unblocked = self._on_unblocked
        channel = self._connection.channel()
        if self._is_exchange_missing:
            declare_exchange(channel, self._bus.exchange)
            self._is_exchange_missing = False
        channel.confirm_select()
        channel.events["basic_ack"].add(self._settle)
        channel.events["basic_nack"].add(self._on_nack)
        channel.events["basic_return"].add(self._on_return)
        self._channel, self._next_tag = channel, 0
        return channel

    def _start_beating(self) -> None:
        # A publisher may be idle for hours; the broker would drop it after two silent heartbeats.
        if self._beating is None and not self._closed.is_set():
            self._beating = threading.Thread(target=self._beat_on, name="publisher-beat", daemon=True)
            self._beating.start()

    def _beat_on(self) -> None:
        while not self._closed.wait(HEARTBEAT / 4):
            self._beat()

    def _beat(self) -> None:
        if not self._lock.acquire(blocking=False):
            return
        try:
            if self._connection is not None:
                pump(self._connection, 0)
                self._connection.heartbeat_tick()
        except FAILURES:
            self._drop()
        finally:
            self._lock.release()

    def _drop(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        self._open.clear()
        self._blocked = False
        if connection is not None:
            abandon(connection)

    def _on_nack(self, tag: int, multiple: bool) -> None:
        self._nacked += 1
        self._settle(tag, multiple)

    def _settle(self, tag: int, multiple: bool) -> None:
        if not multiple:
            self._open.pop(tag, None)
            return
        for open_tag in [open_tag for open_tag in self._open if open_tag <= tag]:
            del self._open[open_tag]

    def _on_return(self, error: Exception, exchange: str, routing_key: str, message: amqp.Message) -> None:
        self._returned.append((message.properties.get("message_id", ""), routing_key))

    def _on_blocked(self, reason: str) -> None:
        self._blocked = True

    def _on_unblocked(self) -> None:
        self._blocked = False


def _amqp_message(message: Outgoing) -> amqp.Message:
    return amqp.Message(
        message.body,
        delivery_mode=2,
        content_type="application/x-protobuf",
        type=message.type,
        message_id=message.message_id,
        application_headers=dict(message.headers or {}),
    )
