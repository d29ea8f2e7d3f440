"""Mail leaves by SMTP (RFC 5321)."""

import re
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

from services.ingest.domain.sending import Composed, SendResult, Sent

_LINE_START_DOT = re.compile(rb"^\.", re.MULTILINE)


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


def send(server: Server, composed: Composed, before_data: Callable[[], None]) -> SendResult:
    """Hand the mail to the server once."""
    try:
        connection = _connect(server)
    except smtplib.SMTPResponseException as error:
        return _refused(error.smtp_code, error.smtp_error)
    except KeyError:
        return SendResult(Sent.TEMPORARY, f"the secret {server.password_secret} is not mounted")
    except (OSError, smtplib.SMTPException) as error:
        return SendResult(Sent.TEMPORARY, f"no connection to the mail server: {_describe(error)}")
    try:
        return _hand_over(connection, composed, before_data)
    finally:
        connection.close()


def _connect(server: Server) -> smtplib.SMTP:
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


def _hand_over(connection: smtplib.SMTP, composed: Composed, before_data: Callable[[], None]) -> SendResult:
    try:
        options = ["SMTPUTF8"] if not composed.recipient.isascii() and connection.has_extn("smtputf8") else []
        code, text = connection.mail(composed.sender, options)
        if code != 250:
            return _refused(code, text)
        code, text = connection.rcpt(composed.recipient)
        if code not in (250, 251):
            return _refused(code, text)
    except UnicodeEncodeError:
        return SendResult(Sent.PERMANENT, "the mail server takes no such address (no SMTPUTF8)")
    except (OSError, smtplib.SMTPException) as error:
        return SendResult(
            Sent.TEMPORARY, f"the connection broke before the mail was handed over: {_describe(error)}"
        )
    before_data()
    try:
        code, text = connection.docmd("DATA")
        if code != 354:
            return _refused(code, text)
        data = _LINE_START_DOT.sub(b"..", composed.data)
        connection.send(data if data.endswith(b"\r\n") else data + b"\r\n")
        connection.send(b".\r\n")
        code, text = connection.getreply()
    except (OSError, smtplib.SMTPException) as error:
        return SendResult(
            Sent.UNKNOWN, f"the connection broke before the server said yes: {_describe(error)}"
        )
    if code == 250:
        return SendResult(Sent.SENT, _answer(code, text))
    return _refused(code, text)


def _refused(code: int, text: bytes | str) -> SendResult:
    return SendResult(Sent.PERMANENT if 500 <= code < 600 else Sent.TEMPORARY, _answer(code, text))


def _answer(code: int, text: bytes | str) -> str:
    shown = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(shown.split())}"[:500]


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]
