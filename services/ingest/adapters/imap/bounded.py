"""Reading from an IMAP server that is trusted neither with our memory nor with our time."""

import imaplib
import select
import socket
from typing import Any

from chassis.addresses import connect_to_any
from chassis.clock import monotonic
from services.ingest.domain.inside import Reach

# What one command may answer beside the mails that it asks for: lists of UIDs and sizes.
TALK = 24 * 1024 * 1024
# A line that is longer than this is none; long answers come in several.
_LONGEST_LINE = 8 * 1024 * 1024
_PIECE = 256 * 1024
# What a line costs us beside its bytes: short ones take many times their length.
_LINE_COST = 100
# Slower servers than this are taken for hanging.
_BYTES_A_SECOND = 100_000


class Bounded(imaplib.IMAP4):
    """A client that reads no more for one command than it was allowed to, and for no longer.

    The library takes whatever a server announces, and every byte gives a server as much time again as the first.
    """

    def __init__(self, host: str, port: int, *, addresses: Reach, timeout: float, **more: Any) -> None:
        self._reach = addresses
        self._seconds = timeout
        self._buffer = bytearray()
        self._read_from: socket.socket | None = None
        self.untagged_responses: dict[str, list[Any]] = {}
        self._had_news = False
        # The greeting, and what is said before the first `begin`.
        self.begin()
        super().__init__(host, port, timeout=timeout, **more)

    def _create_socket(self, timeout: float) -> socket.socket:
        return connect_to_any(self._reach(self.host, self.port), self.port, timeout)

    def begin(self, size: int = 0) -> None:
        """Begin a command whose answer holds mails of so many bytes."""
        self._more_time()
        self._allowance = TALK + size
        self._had_news = self.has_news()
        # What the server said unasked is kept by the library for as long as the connection lasts.
        self.untagged_responses = {}

    def has_news(self) -> bool:
        """Whether the server spoke of mails since `forget_news`; it says so once, in the answer to whatever it is asked."""
        return self._had_news or "EXISTS" in self.untagged_responses

    def forget_news(self) -> None:
        """What it said so far is known, or is about to be."""
        self.begin()
        self._had_news = False

    def idle(self) -> bytes:
        """Ask for news (RFC 2177); answers by what it is ended.

        The library takes any line but the one that it waits for as a refusal, also the news of a mail that comes just then.
        """
        tag: bytes = self._new_tag()
        self.send(tag + b" IDLE\r\n")
        while self._get_response() is not None:
            if self.tagged_commands[tag]:
                raise imaplib.IMAP4.error(f"IDLE is answered with {self.tagged_commands.pop(tag)!r}")
        return tag

    def done(self, tag: bytes) -> None:
        """End the news."""
        self.send(b"DONE\r\n")
        while not self.tagged_commands[tag]:
            self._get_response()
        del self.tagged_commands[tag]

    def news(self, seconds: float) -> bytes:
        """A line that the server says unasked; empty where it begins none within so many seconds."""
        connected = self._connected()
        is_here = self._buffer or getattr(connected, "pending", int)() or _is_readable(connected, seconds)
        if not is_here:
            return b""
        self._more_time()
        line = self.readline()
        if not line.endswith(b"\n"):
            raise imaplib.IMAP4.abort("the server has ended it")
        return line

    def read(self, size: int) -> bytes:
        self._spend(size)
        parts, left = [], size
        while left > 0:
            part = bytes(self._buffer[:left]) if self._buffer else self._receive(min(left, _PIECE))
            if self._buffer:
                del self._buffer[:left]
            if not part:
                break
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    def readline(self) -> bytes:
        self._connected()
        looked = 0
        while (end := self._buffer.find(b"\n", looked)) < 0:
            looked = len(self._buffer)
            if looked > _LONGEST_LINE:
                raise imaplib.IMAP4.abort("the server sends a line without an end")
            part = self._receive(_PIECE)
            if not part:
                end = looked - 1
                break
            self._buffer += part
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        self._spend(len(line) + _LINE_COST)
        return line

    def _more_time(self) -> None:
        self._begun, self._got = monotonic(), 0

    def _connected(self) -> socket.socket:
        connected: socket.socket = self.sock
        if connected is not self._read_from:
            # What came before TLS was said by anybody.
            self._buffer.clear()
            self._read_from = connected
        return connected

    def _receive(self, size: int) -> bytes:
        connected = self._connected()
        left = self._begun + self._seconds + self._got / _BYTES_A_SECOND - monotonic()
        if left <= 0:
            raise self._late()
        connected.settimeout(left)
        try:
            part = connected.recv(size)
        except TimeoutError:
            raise self._late() from None
        finally:
            connected.settimeout(self._seconds)
        self._got += len(part)
        return part

    def _late(self) -> Exception:
        if self._got:
            return imaplib.IMAP4.abort("the server began an answer and did not end it in time")
        return TimeoutError()

    def _spend(self, size: int) -> None:
        self._allowance -= size
        if self._allowance < 0:
            raise imaplib.IMAP4.abort("the server sends more than it said")


def _is_readable(connected: socket.socket, seconds: float) -> bool:
    # Not `select`, which knows no file descriptor above 1,023.
    poller = select.poll()
    poller.register(connected, select.POLLIN)
    return bool(poller.poll(seconds * 1000))


class PlainClient(Bounded):
    """A connection that is not encrypted, or not yet."""


class TlsClient(Bounded, imaplib.IMAP4_SSL):
    """A connection that is encrypted from its first byte."""

    def _create_socket(self, timeout: float) -> socket.socket:
        connected = super()._create_socket(timeout)
        try:
            encrypted: socket.socket = self.ssl_context.wrap_socket(connected, server_hostname=self.host)
            return encrypted
        except BaseException:
            connected.close()
            raise
