"""SMTP and LMTP: 250 only after the mail is kept, 451 on any doubt."""

import asyncio
import re
import ssl
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
import uvloop
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Session
from aiosmtpd.smtp import Envelope as SmtpEnvelope
from opentelemetry.trace import SpanKind

from chassis.errors import TooBusy, Unavailable
from chassis.telemetry import tracing
from chassis.telemetry.metrics import Metrics, Tally
from services.ingest.adapters.edge import Edge
from services.ingest.adapters.mongo.intake_documents import INLINE
from services.ingest.application.accept_message import Arrival
from services.ingest.application.ports import LiveChannel
from services.ingest.domain.channel import Channel
from services.ingest.domain.intake import Envelope

MAX_RECIPIENTS = 100
# A path as nearly everybody writes it, and what follows it.
_PATH = re.compile(r"<([A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,255})>[ ]?(.*)$")
# Bytes that are taken from a connection at a time.
_GULP = 256 * 1024
# What stands around the data: a CR LF in front, the dot line behind.
_ENDS = 5

_AWAY = "451 4.3.0 cannot keep the mail now, try again later"
_BUSY = "451 4.3.2 too much mail is waiting, try again later"
_KEPT = "250 2.0.0 kept"


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    host: str
    port: int
    # LMTP in place of SMTP: a status for each recipient.
    is_lmtp: bool
    # Advertised as SIZE; a mailbox may take less.
    size_limit: int
    hostname: str
    tls: ssl.SSLContext | None = None


class MailReceiver:
    """Takes mail for every mailbox of the directory."""

    def __init__(self, edge: Edge, settings: SmtpSettings, metrics: Metrics) -> None:
        self.name = "lmtp" if settings.is_lmtp else "smtp"
        self.port = settings.port
        self._settings = settings
        self._handler = _Handler(edge, settings, metrics)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told: asyncio.Event | None = None
        self.heartbeat: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Raises OSError where the port is taken. Port 0 takes a free one, shown by `port` afterwards."""
        started: Future[int] = Future()
        self._thread = threading.Thread(target=self._run, args=(started,), name=self.name, daemon=True)
        self._thread.start()
        self.port = started.result(30)

    def stop(self, grace: timedelta) -> None:
        """Take no more; what is not answered by now was not accepted, and its sender tries again."""
        if self._loop is not None and self._told is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._told.set)
            self._thread.join(grace.total_seconds())
        self._loop = self._told = self._thread = None

    def _run(self, started: "Future[int]") -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve(started))

    async def _serve(self, started: "Future[int]") -> None:
        loop, told = asyncio.get_running_loop(), asyncio.Event()
        try:
            server = await loop.create_server(
                self._connection, self._settings.host, self._settings.port, backlog=1024
            )
        except OSError as error:
            started.set_exception(error)
            return
        self._loop, self._told = loop, told
        started.set_result(server.sockets[0].getsockname()[1])
        beats = asyncio.create_task(self._beat())
        await told.wait()
        server.close()
        # A mail that is being kept is told so; who is still speaking is cut off.
        for _ in range(50):
            if not self._handler.keeping:
                break
            await asyncio.sleep(0.1)
        beats.cancel()

    async def _beat(self) -> None:
        while True:
            self.heartbeat()
            await asyncio.sleep(1)

    def _connection(self) -> SMTP:
        settings = self._settings
        kind = _PatientLmtp if settings.is_lmtp else _PatientSmtp
        return kind(
            self._handler,
            data_size_limit=settings.size_limit,
            enable_SMTPUTF8=True,
            decode_data=False,
            hostname=settings.hostname,
            ident="Relaydesk",
            timeout=300,
            tls_context=settings.tls,
            loop=self._loop,
        )

    def is_ready(self) -> bool:
        """Accepting connections."""
        return self._told is not None and not self._told.is_set()


class _Handler:
    def __init__(self, edge: Edge, settings: SmtpSettings, metrics: Metrics) -> None:
        self._edge = edge
        self._settings = settings
        # Mails between their last byte and their answer.
        self.keeping = 0
        self._log = structlog.get_logger(__name__)
        self._answers = Tally(
            metrics.counter("ingest_smtp_answers_total", "Answers to RCPT and DATA.", ["verb", "code"])
        )

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: SmtpEnvelope, address: str, options: list[str]
    ) -> str:
        answer = await self._recipient(session, envelope, address)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
            envelope.rcpt_options.extend(options)
        self._answers.count("RCPT", answer[:3])
        return answer

    async def _recipient(self, session: Session, envelope: SmtpEnvelope, address: str) -> str:
        if len(envelope.rcpt_tos) >= MAX_RECIPIENTS:
            return "452 4.5.3 too many recipients, send the rest in another transaction"
        try:
            found = await self._mailbox(address)
        except Unavailable:
            return _AWAY
        if found is None:
            return "550 5.1.1 no such mailbox here"
        if found[0].is_paused:
            return "451 4.2.1 the mailbox is paused, try again later"
        return "250 2.1.5 ok"

    async def handle_exception(self, error: Exception) -> str:
        """What nobody foresaw, at any other verb: aiosmtpd would say 500, with our own words about it."""
        self._log.error("smtp_failed", error=repr(error), exc_info=error)
        return _AWAY

    async def handle_DATA(self, server: SMTP, session: Session, envelope: SmtpEnvelope) -> str:  # noqa: N802
        # The server was told not to decode.
        raw: bytes = envelope.original_content or b""
        peer = str(session.peer[0]) if session.peer else ""
        sender = (envelope.mail_from or "").strip("<>")
        self.keeping += 1
        try:
            if self._settings.is_lmtp:
                answers = [await self._keep([one], raw, sender, peer) for one in envelope.rcpt_tos]
            else:
                answers = [await self._keep(envelope.rcpt_tos, raw, sender, peer)]
        finally:
            self.keeping -= 1
        for answer in answers:
            self._answers.count("DATA", answer[:3])
        return "\r\n".join(answers)

    async def _keep(self, addresses: Sequence[str], raw: bytes, sender: str, peer: str) -> str:
        """One transaction over the mailboxes that the addresses name, each once."""
        try:
            mailboxes = await self._mailboxes(addresses)
            for channel, live, _ in mailboxes:
                if len(raw) > live.size_limit:
                    self._edge.refused(channel.channel_id)
                    return f"552 5.3.4 the mail is larger than the {live.size_limit} bytes that the mailbox takes"
            if not mailboxes:
                return "550 5.1.1 no such mailbox here"
            with tracing.start_trace("receive mail", SpanKind.SERVER) as span:
                arrivals = [
                    Arrival(channel, live, raw, Envelope(sender, address, peer), span.traceparent)
                    for channel, live, address in mailboxes
                ]
                return await self._commit(arrivals)
        except TooBusy:
            return _BUSY
        except (Unavailable, TimeoutError):
            self._log.warning("mail_not_kept", recipients=len(addresses))
            return _AWAY
        except Exception:  # noqa: BLE001 - the mail may be kept, and after 500 nobody would send it again
            self._log.exception("mail_failed", recipients=len(addresses))
            return _AWAY

    async def _commit(self, arrivals: Sequence[Arrival]) -> str:
        begin = self._edge.begin
        # Only large mails block: their bytes are written before the row.
        is_large = len(arrivals[0].raw) > INLINE
        command = await asyncio.to_thread(begin, arrivals) if is_large else begin(arrivals)
        kept = await self._edge.keep(command)
        return f"{_KEPT} {kept[0].intake_id}"

    async def _mailboxes(self, addresses: Sequence[str]) -> list[tuple[Channel, LiveChannel, str]]:
        found: dict[str, tuple[Channel, LiveChannel, str]] = {}
        for address in addresses:
            one = await self._mailbox(address)
            if one is not None:
                found.setdefault(one[0].channel_id, (*one, address))
        return list(found.values())

    async def _mailbox(self, address: str) -> tuple[Channel, LiveChannel] | None:
        """The mailbox of an address. Raises Unavailable."""
        directory = self._edge.directory
        # The store is asked in a thread: while it is frozen, all others would wait for one.
        return directory.at_hand(address) or await asyncio.to_thread(directory.by_address, address)


class _InOneGulp:
    """Reads the data of a mail in large pieces: line by line, as the base class does, costs a core 500 mails a second and
    refuses a long line."""

    line_length_limit = _GULP
    command_size_limit = 2048

    async def smtp_DATA(self: Any, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
        if await self.check_helo_needed() or await self.check_auth_needed("DATA"):
            return
        if not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 first RCPT, then DATA")
            return
        if arg:
            await self.push("501 5.5.4 DATA stands alone")
            return
        # The end of data is CR LF . CR LF, whose first CR LF may be that of the command itself.
        self._reader.feed_data(b"\r\n")
        await self.push("354 end the data with <CR><LF>.<CR><LF>")
        data = await self._read_data()
        if data is None:
            await self.push("552 5.3.4 the mail is larger than what is taken here")
            self._set_post_data_state()
            return
        self.envelope.content = self.envelope.original_content = data
        status = await self._call_handler_hook("DATA")
        self._set_post_data_state()
        await self.push(status)

    def _getaddr(self: Any, arg: str) -> tuple[str | None, str | None]:
        # The base class reads every address by the grammar of header fields, for a fifth of the cost of a mail.
        plain = _PATH.match(arg)
        return (plain.group(1), plain.group(2)) if plain else super()._getaddr(arg)  # type: ignore[misc]

    async def _read_data(self: Any) -> bytes | None:
        """The mail without its dots (RFC 5321, 4.5.2); None where it was too large."""
        pieces: list[bytes] = []
        size, limit = 0, self.data_size_limit
        while True:
            is_last = True
            try:
                piece = await self._reader.readuntil(b"\r\n.\r\n")
            except asyncio.LimitOverrunError as more:
                # What was consumed ends before anything that could become the end of data.
                piece, is_last = await self._reader.read(more.consumed), False
            except asyncio.IncompleteReadError:
                # The sender is gone in the middle of its mail: nobody was told yes, nothing is kept.
                self._writer.close()
                raise asyncio.CancelledError from None
            size += len(piece)
            if size <= limit + _ENDS:
                pieces.append(piece)
            else:
                pieces.clear()
            if is_last:
                break
        if size > limit + _ENDS:
            return None
        return b"".join(pieces)[:-3].replace(b"\r\n.", b"\r\n")[2:]


class _PatientSmtp(_InOneGulp, SMTP):
    """SMTP."""


class _PatientLmtp(_InOneGulp, LMTP):
    """LMTP."""
