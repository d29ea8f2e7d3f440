"""Taking from queues: several on one connection, each with its own prefetch, acknowledged up to a tag."""

import contextlib
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import amqp

from chassis.errors import Unavailable
from chassis.link import FAILURES, HEARTBEAT, Bus, abandon, pump


@dataclass(frozen=True, slots=True)
class Delivery:
    """An AMQP message in hand, as a listener sees it."""

    queue: str
    # Ours, not the broker's: it grows over reconnections, so that a tag of a connection that is gone acks nothing.
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
    Between `open` and `drop` a thread sends heartbeats, so that a batch may take longer than the broker's patience.
    """

    def __init__(self, bus: Bus, *, prefetch: int) -> None:
        self._bus = bus
        self._prefetch = prefetch
        self._connection: Any = None
        self._channels: dict[str, Any] = {}
        self._ready: dict[str, deque[Delivery]] = {}
        # What to add to this connection's tags, and the last tag handed out, by queue.
        self._base: dict[str, int] = {}
        self._handed: dict[str, int] = {}
        self._dropped = threading.Event()

    @property
    def connected(self) -> bool:
        """The connection stands as far as is known."""
        return self._connection is not None

    def open(self, queues: Sequence[str]) -> None:
        """Begin to take from these queues (they must exist)."""
        self.drop()
        self._connection = self._bus.connect()
        self._dropped = threading.Event()
        try:
            for queue in queues:
                self._consume(queue)
        except FAILURES as error:
            self.drop()
            raise Unavailable("broker") from error
        threading.Thread(
            target=_beat, args=(self._connection, self._dropped), name="subscription-beat", daemon=True
        ).start()

    def add(self, queue: str) -> None:
        """Take from one queue more."""
        self._must_stand()
        try:
            self._consume(queue)
        except FAILURES as error:
            self.drop()
            raise Unavailable("broker") from error

    def _consume(self, queue: str) -> None:
        channel = self._connection.channel()
        channel.basic_qos(0, self._prefetch, False)
        arrived: deque[Delivery] = deque()
        base = self._base[queue] = self._handed.get(queue, 0)

        def take(message: amqp.Message) -> None:
            delivery = _delivery(queue, base, message)
            self._handed[queue] = delivery.tag
            arrived.append(delivery)

        channel.basic_consume(queue, callback=take, no_ack=False)
        self._channels[queue] = channel
        self._ready[queue] = arrived

    def wait(self, timeout: float) -> None:
        """Let deliveries come in: at most `timeout` seconds for the first, and whatever is there behind it."""
        self._must_stand()
        try:
            pump(self._connection, timeout)
            # After reading: the broker's heartbeats may lie unread since before a long batch.
            self._connection.heartbeat_tick()
        except FAILURES as error:
            self.drop()
            raise Unavailable("broker") from error

    def take(self, queue: str) -> Delivery | None:
        """The oldest delivery in hand of this queue."""
        arrived = self._ready.get(queue)
        return arrived.popleft() if arrived else None

    def in_hand(self) -> Mapping[str, int]:
        """How many deliveries lie here untaken, by queue."""
        return {queue: len(arrived) for queue, arrived in self._ready.items()}

    def waiting(self) -> Iterator[Delivery]:
        """The deliveries that lie here untaken."""
        return chain.from_iterable(self._ready.values())

    def ack(self, last: Mapping[str, int]) -> None:
        """Acknowledge, for each queue, everything up to the delivery tag given.

        Raises Unavailable too where the delivery came by an earlier connection: it will come again.
        """
        self._must_stand()
        stale = False
        try:
            for queue, tag in last.items():
                theirs = tag - self._base.get(queue, tag)
                if theirs > 0:
                    self._channels[queue].basic_ack(theirs, multiple=True)
                else:
                    # Zero would mean "all" to the broker.
                    stale = True
        except FAILURES as error:
            self.drop()
            raise Unavailable("broker") from error
        if stale:
            raise Unavailable("broker")

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
        self._dropped.set()
        connection, self._connection = self._connection, None
        self._channels.clear()
        self._ready.clear()
        self._base.clear()
        if connection is not None:
            abandon(connection)

    def _must_stand(self) -> None:
        if self._connection is None:
            raise Unavailable("broker")


def _beat(connection: Any, dropped: threading.Event) -> None:
    """Say that we live while the owner is busy; only ever writes (py-amqp locks each frame). Its failures are the
    owner's to find."""
    while not dropped.wait(HEARTBEAT / 4):
        with contextlib.suppress(*FAILURES, AttributeError):
            connection.send_heartbeat()


def _delivery(queue: str, base: int, message: amqp.Message) -> Delivery:
    headers = message.headers if isinstance(message.headers, dict) else {}
    info, properties, body = message.delivery_info, message.properties, message.body
    return Delivery(
        queue=queue,
        tag=base + info["delivery_tag"],
        body=body if isinstance(body, bytes) else str(body).encode(),
        type=properties.get("type", ""),
        message_id=properties.get("message_id", ""),
        routing_key=info.get("routing_key", ""),
        headers=headers,
        redelivered=bool(info.get("redelivered")),
        deliveries=number(headers, "x-delivery-count"),
    )


def number(headers: Mapping[str, Any], name: str, otherwise: int = 0) -> int:
    """A header that is a number where its sender meant well."""
    value = headers.get(name)
    return value if isinstance(value, int) else otherwise
