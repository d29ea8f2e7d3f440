"""Mail leaves by SMTP (RFC 5321), over connections that are kept for some seconds."""

import contextlib
import smtplib
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from chassis.clock import monotonic
from services.ingest.channels._smtp_server import Server, connect, describe, trouble
from services.ingest.channels._smtp_talk import Answer, offer, transmit
from services.ingest.domain.channel import ServerCheck
from services.ingest.domain.sending import Composed, SendResult, Sent
from services.ingest.domain.sign_in import NoToken
from services.ingest.domain.smtp_answers import Said, is_yes, refused

# Servers end a connection after some number of mails, most of them after a hundred.
_MOST_MAILS = 50
# Seconds that a goodbye, or the question whether anybody is there, may take.
_PATIENCE = 5.0
# Longest wait for one answer while a person waits for the outcome.
_CHECK_WITHIN = 8


@dataclass(slots=True)
class _Connection:
    smtp: smtplib.SMTP
    mails: int = 0
    idle_since: float = 0.0


class Sender:
    """Hands mails to one server. Threads send at the same time, each over a connection that is its own meanwhile."""

    def __init__(self, server: Server, now: Callable[[], float] = monotonic) -> None:
        self._server = server
        self._now = now
        # The longest idle first.
        self._idle: list[_Connection] = []
        self._lock = threading.Lock()
        self._sweep: threading.Timer | None = None

    def send(self, composed: Composed, before_data: Callable[[], None]) -> SendResult:
        """Hand the mail over once.

        A kept connection may have died meanwhile: what fails on it before `before_data` was called is tried on a new one.
        """
        connection = self._take()
        if connection is not None:
            try:
                answer = offer(connection.smtp, composed)
            except (OSError, smtplib.SMTPException, UnicodeEncodeError):
                answer = None
            if answer is None or answer.is_over:
                connection.smtp.close()
            else:
                return self._hand_over(connection, composed, answer, before_data)
        try:
            connection = _Connection(connect(self._server))
        except (OSError, smtplib.SMTPException, NoToken, KeyError) as error:
            return SendResult(Sent.TEMPORARY, trouble(error, self._server), slows_down=True)
        try:
            answer = offer(connection.smtp, composed)
        except UnicodeEncodeError:
            connection.smtp.close()
            return SendResult(Sent.PERMANENT, "the mail server takes no such address (no SMTPUTF8)")
        except (OSError, smtplib.SMTPException) as error:
            connection.smtp.close()
            return SendResult(
                Sent.TEMPORARY,
                f"the connection broke before the mail was handed over: {describe(error)}",
                slows_down=True,
            )
        return self._hand_over(connection, composed, answer, before_data)

    def check(self, address: str) -> ServerCheck:
        """Sign in and offer the mailbox's address as a sender; no mail is handed over."""
        server = replace(self._server, timeout_seconds=min(_CHECK_WITHIN, self._server.timeout_seconds))
        try:
            smtp = connect(server)
        except (OSError, smtplib.SMTPException, NoToken, KeyError) as error:
            return ServerCheck("smtp", False, trouble(error, server))
        try:
            code, text = smtp.mail(address)
        except (OSError, smtplib.SMTPException, UnicodeEncodeError) as error:
            return ServerCheck("smtp", False, trouble(error, server))
        finally:
            _quit(smtp)
        if not is_yes(code):
            said = refused(code, text, Said.SENDER).reason
            return ServerCheck("smtp", False, f"the sender address {address} is refused: {said}")
        entered = f"signed in as {server.user}" if server.user else "no login is set"
        return ServerCheck("smtp", True, f"{server.host}:{server.port} takes mail from {address}; {entered}")

    def _hand_over(
        self,
        connection: _Connection,
        composed: Composed,
        answer: Answer,
        before_data: Callable[[], None],
    ) -> SendResult:
        connection.mails += 1
        keep = False
        try:
            if answer.refusal is not None:
                keep = not answer.is_over
                return answer.refusal
            before_data()
            result, keep = transmit(connection.smtp, composed)
            return result
        finally:
            if keep and connection.mails < _MOST_MAILS and self._server.keep_seconds:
                self._keep(connection)
            else:
                # Without a goodbye: what became of the mail is known, and must not wait for one more answer.
                connection.smtp.close()

    # ------------------------------------------------------------------------------------------------ keeping

    def _take(self) -> _Connection | None:
        """A kept connection that answers, the one used last; None where there is none."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection = self._idle.pop()
            if self._now() - connection.idle_since < self._server.keep_seconds and _is_alive(
                connection.smtp, self._server.timeout_seconds
            ):
                return connection
            connection.smtp.close()

    def _keep(self, connection: _Connection) -> None:
        connection.idle_since = self._now()
        with self._lock:
            self._idle.append(connection)
            self._sweep_later()

    def _sweep_later(self) -> None:
        if self._sweep is None and self._idle:
            self._sweep = threading.Timer(self._server.keep_seconds, self._end_idle)
            self._sweep.daemon = True
            self._sweep.start()

    def _end_idle(self) -> None:
        """Say goodbye on what nobody used: servers count connections."""
        oldest = self._now() - self._server.keep_seconds
        with self._lock:
            ended = [one for one in self._idle if one.idle_since <= oldest]
            self._idle = [one for one in self._idle if one.idle_since > oldest]
            self._sweep = None
            self._sweep_later()
        for connection in ended:
            _quit(connection.smtp)


def _is_alive(smtp: smtplib.SMTP, timeout: float) -> bool:
    """The server answers, and knows nothing of the mail before."""
    try:
        _wait_at_most(smtp, min(_PATIENCE, timeout))
        is_alive = is_yes(smtp.rset()[0])
        _wait_at_most(smtp, timeout)
    except (OSError, smtplib.SMTPException):
        return False
    return is_alive


def _quit(smtp: smtplib.SMTP) -> None:
    with contextlib.suppress(OSError, smtplib.SMTPException):
        _wait_at_most(smtp, _PATIENCE)
        smtp.quit()
    smtp.close()


def _wait_at_most(smtp: smtplib.SMTP, seconds: float) -> None:
    if smtp.sock is not None:
        smtp.sock.settimeout(seconds)
