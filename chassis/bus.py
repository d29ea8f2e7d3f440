"""The wire between services: durable topic exchange, a quorum queue for each listener and lane.

Publishing is persistent, mandatory and confirmed in a window; listening acks after the commit. A fact whose handler
fails is tried again after 1 s, 10 s, 1 min and 10 min and then laid into the listener's dead-letter queue with its
reason. The broker's own delivery limit judges nothing (with limit 5 and prefetch 200, six kills dead-lettered 50 good
messages).
"""

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import amqp
from kombu.connection import Connection

from chassis.clock import monotonic
from chassis.errors import Unavailable

# Under 5 s heartbeats cry wolf; every blocking call in a listener is shorter than this (RabbitMQ's heartbeat guide).
HEARTBEAT = 20
CONFIRM_TIMEOUT = 5.0
WINDOW = 200
DELAYS = (("1s", 1_000), ("10s", 10_000), ("1m", 60_000), ("10m", 600_000))
# Only against endless crash loops; the default of RabbitMQ 4 is 20.
_DELIVERY_LIMIT = 1_000
FAILURES = (OSError, amqp.AMQPError, amqp.exceptions.ConnectionError, amqp.exceptions.ChannelError)


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


@dataclass(frozen=True, slots=True)
class Bus:
    """Where the broker is and what the exchange is called."""

    url: str
    exchange: str

    def connect(self, *, read_timeout: float | None = None) -> "amqp.Connection":
        """A new connection of its own. Raises Unavailable."""
        return connect(self.url, read_timeout=read_timeout)


class Blocked(Unavailable):
    """The broker takes nothing: memory or disk alarm."""

    def __init__(self) -> None:
        super().__init__("broker (blocked by an alarm)")


def connect(url: str, *, read_timeout: float | None = None) -> Any:
    """Open an AMQP connection with heartbeats. Raises Unavailable."""
    try:
        connection = Connection(  # type: ignore[no-untyped-call]
            url,
            heartbeat=HEARTBEAT,
            connect_timeout=3,
            transport_options={"read_timeout": read_timeout, "write_timeout": 10},
        )
        return connection.transport.establish_connection()
    except FAILURES as error:
        raise Unavailable("broker") from error


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


class Publisher:
    """A connection that publishes in confirmed windows; safe for several threads, one window at a time.

    After any failure the connection is dropped: py-amqp matches no delivery tags, so a late confirm must never be
    taken for another message's. The same ids may then be published again.
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
        self._beating = threading.Event()

    def publish(self, messages: Sequence[Outgoing]) -> None:
        """Return once the broker has confirmed every message. Raises Unavailable (none, some or all may have arrived)
        or
        Unroutable (all but those it names did arrive)."""
        if not messages:
            return
        with self._lock:
            try:
                self._publish(messages)
            except Unroutable:
                raise
            except Unavailable:
                self._drop()
                raise
            except FAILURES as error:
                self._drop()
                raise Unavailable("broker") from error

    def close(self) -> None:
        """Let the connection go."""
        self._beating.set()
        with self._lock:
            self._drop()

    def _publish(self, messages: Sequence[Outgoing]) -> None:
        channel = self._ready()
        self._open.clear()
        self._returned.clear()
        self._nacked = 0
        for message in messages:
            self._next_tag += 1
            self._open[self._next_tag] = message
            # The confirming variant would wait for each message.
            channel._basic_publish(  # noqa: SLF001
                _amqp_message(message), message.exchange, message.routing_key, mandatory=True
            )
            if self._blocked:
                raise Blocked
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
            if self._blocked:
                raise Blocked
            left = deadline - monotonic()
            if left <= 0:
                raise Unavailable("broker")
            self._connection.drain_events(timeout=left)

    def _ready(self) -> Any:
        if self._connection is not None and self._connection.connected:
            try:
                # Notice a connection that died, or was blocked, while nobody looked.
                with contextlib.suppress(socket.timeout, BlockingIOError):
                    while True:
                        self._connection.drain_events(timeout=0)
                if self._blocked:
                    raise Blocked
                return self._channel
            except FAILURES:
                pass
        self._drop()
        self._start_beating()
        self._connection = self._bus.connect()
        self._connection.on_blocked = self._on_blocked
        self._connection.on_unblocked = self._on_unblocked
        channel = self._connection.channel()
        channel.confirm_select()
        channel.events["basic_ack"].add(self._on_ack)
        channel.events["basic_nack"].add(self._on_nack)
        channel.events["basic_return"].add(self._on_return)
        self._channel, self._next_tag, self._blocked = channel, 0, False
        return channel

    def _start_beating(self) -> None:
        # A publisher may be idle for hours; the broker would drop it after two silent heartbeats.
        if not any(thread.name == f"beat-{id(self)}" for thread in threading.enumerate()):
            threading.Thread(target=self._beat_on, name=f"beat-{id(self)}", daemon=True).start()

    def _beat_on(self) -> None:
        while not self._beating.wait(HEARTBEAT / 4):
            self._beat()

    def _beat(self) -> None:
        if not self._lock.acquire(blocking=False):
            return
        try:
            if self._connection is not None:
                with contextlib.suppress(socket.timeout, BlockingIOError):
                    self._connection.drain_events(timeout=0)
                self._connection.heartbeat_tick()
        except FAILURES:
            self._drop()
        finally:
            self._lock.release()

    def _drop(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        self._blocked = False
        if connection is not None:
            with contextlib.suppress(*FAILURES):
                # A polite close would wait for an answer that a frozen broker never gives.
                if connection.connected:
                    connection.transport.close()
            with contextlib.suppress(*FAILURES):
                connection.collect()

    def _on_ack(self, tag: int, multiple: bool) -> None:
        self._settle(tag, multiple)

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


@dataclass(frozen=True, slots=True)
class Delivery:
    """An AMQP message in hand, as a listener sees it."""

    queue: str
    tag: int
    body: bytes
    type: str
    message_id: str
    routing_key: str
    headers: Mapping[str, Any]
    redelivered: bool
    # How often the broker had it in somebody's hand before (quorum queues).
    deliveries: int


class Subscription:
    """A connection that takes from several queues, each with its own prefetch, and acks.

    Not for several threads. Any failure raises Unavailable and drops the connection; what was in hand comes again.
    """

    def __init__(self, bus: Bus, *, prefetch: int) -> None:
        self._bus = bus
        self._prefetch = prefetch
        self._connection: Any = None
        self._channels: dict[str, Any] = {}
        self._ready: dict[str, list[Delivery]] = {}

    @property
    def connected(self) -> bool:
        """The connection stands as far as is known."""
        return self._connection is not None

    def open(self, queues: Sequence[str]) -> None:
        """Begin to take from these queues (they must exist)."""
        try:
            self._connection = self._bus.connect()
            for queue in queues:
                self._consume(queue)
        except FAILURES as error:
            self.drop()
            raise Unavailable("broker") from error

    def add(self, queue: str) -> None:
        """Take from one queue more."""
        try:
            self._consume(queue)
        except FAILURES as error:
            self.drop()
            raise Unavailable("broker") from error

    def _consume(self, queue: str) -> None:
        channel = self._connection.channel()
        channel.basic_qos(0, self._prefetch, False)
        arrived: list[Delivery] = []

        def take(message: amqp.Message) -> None:
            arrived.append(_delivery(queue, message))

        channel.basic_consume(queue, callback=take, no_ack=False)
        self._channels[queue] = channel
        self._ready[queue] = arrived

    def wait(self, timeout: float) -> None:
        """Let deliveries come in: at most `timeout` seconds for the first, and whatever is there behind it."""
        try:
            self._connection.heartbeat_tick()
            with contextlib.suppress(socket.timeout, BlockingIOError):
                self._connection.drain_events(timeout=timeout)
                while True:
                    self._connection.drain_events(timeout=0)
        except FAILURES as error:
            self.drop()
            raise Unavailable("broker") from error

    def take(self, queue: str) -> Delivery | None:
        """The oldest delivery in hand of this queue."""
        arrived = self._ready.get(queue)
        return arrived.pop(0) if arrived else None

    def in_hand(self) -> Mapping[str, int]:
        """How many deliveries lie here untaken, by queue."""
        return {queue: len(arrived) for queue, arrived in self._ready.items()}

    def ack(self, last: Mapping[str, int]) -> None:
        """Acknowledge, for each queue, everything up to the delivery tag given."""
        try:
            for queue, tag in last.items():
                self._channels[queue].basic_ack(tag, multiple=True)
        except FAILURES as error:
            self.drop()
            raise Unavailable("broker") from error

    def cancel(self) -> None:
        """Take no more; what lies here untaken goes back when the connection closes."""
        for channel in self._channels.values():
            with contextlib.suppress(*FAILURES):
                for tag in list(channel.callbacks):
                    channel.basic_cancel(tag)

    def close(self) -> None:
        """Give back what is in hand and leave politely."""
        if self._connection is not None:
            with contextlib.suppress(*FAILURES):
                self._connection.close()
        self.drop()

    def drop(self) -> None:
        """Leave without a word."""
        connection, self._connection = self._connection, None
        self._channels.clear()
        self._ready.clear()
        if connection is not None:
            with contextlib.suppress(*FAILURES):
                if connection.connected:
                    connection.transport.close()
            with contextlib.suppress(*FAILURES):
                connection.collect()


def _delivery(queue: str, message: amqp.Message) -> Delivery:
    headers = message.headers if isinstance(message.headers, dict) else {}
    body = message.body
    return Delivery(
        queue=queue,
        tag=message.delivery_info["delivery_tag"],
        body=body if isinstance(body, bytes) else str(body).encode(),
        type=message.properties.get("type", ""),
        message_id=message.properties.get("message_id", ""),
        routing_key=message.delivery_info.get("routing_key", ""),
        headers=headers,
        redelivered=bool(message.delivery_info.get("redelivered")),
        deliveries=int(headers.get("x-delivery-count", 0) or 0),
    )


def pauses(
    first: timedelta = timedelta(milliseconds=200), most: timedelta = timedelta(seconds=5)
) -> Iterator[float]:
    """Growing pauses in seconds for as long as the surroundings are away."""
    seconds = first.total_seconds()
    while True:
        yield seconds
        seconds = min(seconds * 1.7, most.total_seconds())
