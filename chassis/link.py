"""One AMQP connection that never waits for ever.

py-amqp alone waits without end for an answer of a broker that froze, spins where half a frame has come, and asks the
system three times for each frame. Here every read and write is bounded, and reads are buffered.
"""

import contextlib
import select
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import amqp
from kombu.connection import Connection

from chassis.errors import Unavailable

# Under 5 s heartbeats cry wolf; every blocking call in a listener is shorter than this (RabbitMQ's heartbeat guide).
HEARTBEAT = 20
# The longest that one frame may take once it has begun, and that an answer may be awaited.
IO_TIMEOUT = 5.0
FAILURES = (OSError, amqp.AMQPError, amqp.exceptions.ConnectionError, amqp.exceptions.ChannelError)
_CONNECT_TIMEOUT = 3
_READ = 65_536


@dataclass(frozen=True, slots=True)
class Bus:
    """Where the broker is and what the exchange is called."""

    url: str
    exchange: str

    def connect(self, *, read_timeout: float | None = None) -> "amqp.Connection":
        """A new connection of its own. Raises Unavailable."""
        return connect(self.url, read_timeout=read_timeout)


class _Buffered:
    """The socket's reading side: one call to the system for all the frames that are there."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._held = b""
        self._at = 0
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)

    def recv(self, size: int) -> bytes:
        if self._at == len(self._held):
            self._held, self._at = self._sock.recv(max(size, _READ)), 0
        piece = self._held[self._at : self._at + size]
        self._at += len(piece)
        return piece

    def has_some(self, timeout: float) -> bool:
        if self._at < len(self._held) or getattr(self._sock, "pending", int)():
            return True
        return bool(self._poll.poll(timeout * 1000))


def connect(url: str, *, read_timeout: float | None = None) -> Any:
    """Open an AMQP connection with heartbeats, of which no call waits longer than `read_timeout` (IO_TIMEOUT) for an
    answer. Raises Unavailable."""
    try:
        connection = Connection(  # type: ignore[no-untyped-call]
            url,
            heartbeat=HEARTBEAT,
            connect_timeout=_CONNECT_TIMEOUT,
            # py-amqp gives a silent peer one second, which a broker that throttles us needs longer than.
            transport_options={"socket_settings": {socket.TCP_USER_TIMEOUT: 2 * HEARTBEAT * 1000}},
        ).transport.establish_connection()
    except FAILURES as error:
        raise Unavailable("broker") from error
    transport = connection.transport
    transport.sock.settimeout(read_timeout or IO_TIMEOUT)
    transport.buffered = _Buffered(transport.sock)
    transport._quick_recv = transport.buffered.recv  # noqa: SLF001 - where py-amqp reads
    return connection


@contextlib.contextmanager
def declaring(bus: Bus) -> Iterator[Any]:
    """A channel of its own to make exchanges, queues and bindings on. Raises Unavailable."""
    connection = bus.connect()
    try:
        yield connection.channel()
        connection.close()
    except amqp.PreconditionFailed as other:
        # A queue of that name was made with other arguments, by another version most often: it must be drained and go.
        raise Unavailable(f"broker ({other.reply_text})") from other
    except FAILURES as error:
        raise Unavailable("broker") from error
    finally:
        abandon(connection)


def pump(connection: Any, timeout: float) -> None:
    """Handle what the broker sent: wait at most `timeout` seconds for the first of it, then take all that is there.

    Raises one of FAILURES.
    """
    while True:
        # The property would connect anew, behind our back, where the broker has closed.
        transport = connection._transport  # noqa: SLF001
        if transport is None or transport.sock is None:
            raise amqp.RecoverableConnectionError("the connection is closed")
        if not transport.buffered.has_some(timeout):
            return
        connection.on_inbound_frame(transport.read_frame())
        timeout = 0.0


def abandon(connection: Any) -> None:
    """Leave without a word: a polite close would wait for an answer that a frozen broker never gives."""
    with contextlib.suppress(*FAILURES):
        transport = connection._transport  # noqa: SLF001
        if transport is not None and transport.sock is not None:
            # TLS says goodbye even so.
            transport.sock.settimeout(0.2)
    with contextlib.suppress(*FAILURES):
        connection.collect()


def pauses(
    first: timedelta = timedelta(milliseconds=200), most: timedelta = timedelta(seconds=5)
) -> Iterator[float]:
    """Growing pauses in seconds for as long as the surroundings are away."""
    seconds = first.total_seconds()
    while True:
        yield seconds
        seconds = min(seconds * 1.7, most.total_seconds())
