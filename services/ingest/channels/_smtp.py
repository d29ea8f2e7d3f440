"""Mail leaves by SMTP (RFC 5321), over connections that are kept for some seconds."""

import contextlib
import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from chassis.clock import monotonic
from services.ingest.domain.channel import ServerCheck
from services.ingest.domain.sending import Composed, SendResult, Sent
from services.ingest.domain.smtp_answers import Said, on_one_line, refused

_LINE_START_DOT = re.compile(rb"^\.", re.MULTILINE)
# Servers end a connection after some number of mails, most of them after a hundred.
_MOST_MAILS = 50
# Seconds that a goodbye, or the question whether anybody is there, may take.
_PATIENCE = 5.0
# Longest wait for one answer while a person waits for the outcome.
_CHECK_WITHIN = 8
# The server ends the connection (RFC 5321, 3.8).
_CLOSING = 421


@dataclass(frozen=True, slots=True)
class Server:
    """A mailbox's server for what leaves."""

    host: str
    port: int
    # none, starttls or tls.
    security: str
    # No login is tried where it is empty.
    user: str
    password_secret: str
    timeout_seconds: int
    # The secret of a name; KeyError where it is not mounted.
    secret: Callable[[str], str] = field(repr=False)
    # How long a connection waits for the next mail; 0 ends it after each.
    keep_seconds: int = 0


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
                answer = _address(connection.smtp, composed)
            except (OSError, smtplib.SMTPException, UnicodeEncodeError):
                answer = None
            if answer is None or answer.is_closing:
                connection.smtp.close()
            else:
                return self._hand_over(connection, composed, answer, before_data)
        try:
            connection = _Connection(connect(self._server))
        except (OSError, smtplib.SMTPException, KeyError) as error:
            return SendResult(Sent.TEMPORARY, trouble(error, self._server), slows_down=True)
        try:
            answer = _address(connection.smtp, composed)
        except UnicodeEncodeError:
            connection.smtp.close()
            return SendResult(Sent.PERMANENT, "the mail server takes no such address (no SMTPUTF8)")
        except (OSError, smtplib.SMTPException) as error:
            connection.smtp.close()
            return SendResult(
                Sent.TEMPORARY,
                f"the connection broke before the mail was handed over: {_describe(error)}",
                slows_down=True,
            )
        return self._hand_over(connection, composed, answer, before_data)

    def check(self, address: str) -> ServerCheck:
        """Sign in and offer the mailbox's address as a sender; no mail is handed over."""
        server = replace(self._server, timeout_seconds=min(_CHECK_WITHIN, self._server.timeout_seconds))
        try:
            smtp = connect(server)
        except (OSError, smtplib.SMTPException, KeyError) as error:
            return ServerCheck("smtp", False, trouble(error, server))
        try:
            code, text = smtp.mail(address)
        except (OSError, smtplib.SMTPException, UnicodeEncodeError) as error:
            return ServerCheck("smtp", False, trouble(error, server))
        finally:
            _quit(smtp)
        if code != 250:
            said = refused(code, text, Said.SENDER).reason
            return ServerCheck("smtp", False, f"the sender address {address} is refused: {said}")
        entered = f"signed in as {server.user}" if server.user else "no login is set"
        return ServerCheck("smtp", True, f"{server.host}:{server.port} takes mail from {address}; {entered}")

    def _hand_over(
        self,
        connection: _Connection,
        composed: Composed,
        answer: "_Answer",
        before_data: Callable[[], None],
    ) -> SendResult:
        connection.mails += 1
        keep = False
        try:
            if answer.refusal is not None:
                keep = not answer.is_closing
                return answer.refusal
            before_data()
            result, keep = _transmit(connection.smtp, composed)
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


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the server said to sender and recipient; no refusal is a yes."""

    refusal: SendResult | None = None
    is_closing: bool = False


def connect(server: Server) -> smtplib.SMTP:
    """A connection that is signed in. Raises OSError, SMTPException, and KeyError where the password is not mounted."""
    wait = server.timeout_seconds
    connection: smtplib.SMTP
    if server.security == "tls":
        connection = smtplib.SMTP_SSL(
            server.host, server.port, timeout=wait, context=ssl.create_default_context()
        )
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=wait)
    try:
        connection.ehlo_or_helo_if_needed()
        if server.security == "starttls":
            connection.starttls(context=ssl.create_default_context())
            connection.ehlo()
        if server.user:
            connection.login(server.user, server.secret(server.password_secret))
    except BaseException:
        connection.close()
        raise
    return connection


def trouble(error: Exception, server: Server) -> str:
    """Why nobody could be signed in, in words."""
    place = f"{server.host}:{server.port}"
    match error:
        case KeyError():
            return f"the secret {server.password_secret or 'with the password'} is not mounted"
        case smtplib.SMTPResponseException(smtp_code=code, smtp_error=text):
            return refused(code, text, Said.HELLO).reason
        case smtplib.SMTPNotSupportedError() if "STARTTLS" in str(error):
            return f"{place} offers no STARTTLS"
        case smtplib.SMTPNotSupportedError():
            return f"{place} offers no sign-in (AUTH) on this connection; many do only where it is encrypted"
        case smtplib.SMTPServerDisconnected():
            return f"{place} ends the connection at once: {error}"
        case smtplib.SMTPException():
            return f"{place} offers no way of signing in that we know: {error}"
        case ssl.SSLCertVerificationError():
            return f"the certificate of {place} is not accepted: {error.verify_message}"
        case ssl.SSLError() if server.security == "tls":
            return f"{place} does not speak TLS from the first byte, as smtp_security says: {error.reason}"
        case socket.gaierror():
            return f"the name {server.host} is not found"
        case ConnectionRefusedError():
            return f"{place} refuses the connection"
        case TimeoutError():
            return f"{place} does not answer"
        case _:
            return f"no connection to {place}: {_describe(error)}"


def _is_alive(smtp: smtplib.SMTP, timeout: float) -> bool:
    """The server answers, and knows nothing of the mail before."""
    try:
        _wait_at_most(smtp, min(_PATIENCE, timeout))
        is_alive = smtp.rset()[0] == 250
        _wait_at_most(smtp, timeout)
    except (OSError, smtplib.SMTPException):
        return False
    return is_alive


def _address(smtp: smtplib.SMTP, composed: Composed) -> _Answer:
    options = ["SMTPUTF8"] if not composed.recipient.isascii() and smtp.has_extn("smtputf8") else []
    of_mail, of_recipient = _reports(composed) if smtp.has_extn("dsn") else ([], [])
    code, text = smtp.mail(composed.sender, options + of_mail)
    if code != 250:
        return _Answer(refused(code, text, Said.SENDER), code == _CLOSING)
    code, text = smtp.rcpt(composed.recipient, of_recipient)
    if code not in (250, 251):
        return _Answer(refused(code, text, Said.RECIPIENT), code == _CLOSING)
    return _Answer()


def _reports(composed: Composed) -> tuple[list[str], list[str]]:
    """Options with which the server is asked to report what did not arrive or is late, by our id (RFC 3461).

    Nothing is asked for a machine's answer: nobody is to answer it.
    """
    if not composed.sender:
        return [], ["NOTIFY=NEVER"]
    named = composed.provider_message_id.strip("<>").partition("@")[0]
    # Longer ones may be refused (4.4).
    by_id = [f"ENVID={_xtext(named)}"] if 0 < len(named) <= 100 else []
    return ["RET=HDRS", *by_id], ["NOTIFY=FAILURE,DELAY"]


def _xtext(text: str) -> str:
    return "".join(one if "!" <= one <= "~" and one not in "+=" else f"+{ord(one):02X}" for one in text)


def _transmit(smtp: smtplib.SMTP, composed: Composed) -> tuple[SendResult, bool]:
    """What became of the mail, and whether the connection is fit for another."""
    try:
        code, text = smtp.docmd("DATA")
        if code != 354:
            return refused(code, text, Said.DATA), code != _CLOSING
        data = _LINE_START_DOT.sub(b"..", composed.data)
        smtp.send(data if data.endswith(b"\r\n") else data + b"\r\n")
        smtp.send(b".\r\n")
        code, text = smtp.getreply()
    except (OSError, smtplib.SMTPException) as error:
        lost = f"the connection broke before the server said yes: {_describe(error)}"
        return SendResult(Sent.UNKNOWN, lost), False
    if code == 250:
        return SendResult(Sent.SENT, on_one_line(code, text)[:500]), True
    return refused(code, text, Said.DATA), code != _CLOSING


def _quit(smtp: smtplib.SMTP) -> None:
    with contextlib.suppress(OSError, smtplib.SMTPException):
        _wait_at_most(smtp, _PATIENCE)
        smtp.quit()
    smtp.close()


def _wait_at_most(smtp: smtplib.SMTP, seconds: float) -> None:
    if smtp.sock is not None:
        smtp.sock.settimeout(seconds)


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]
