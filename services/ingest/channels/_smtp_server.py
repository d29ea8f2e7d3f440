"""A mailbox's server for what leaves, and signing in there."""

import base64
import smtplib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

from chassis.addresses import connect_to_any
from services.ingest.domain.channel_secrets import missing
from services.ingest.domain.errors import ClosedPlace
from services.ingest.domain.inside import Reach
from services.ingest.domain.sign_in import (
    Bearer,
    NoToken,
    initial_response,
    last_response,
    mechanism_of,
)
from services.ingest.domain.smtp_answers import Said, refused


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
    # Asked at each connection.
    addresses: Reach = field(repr=False)
    # How long a connection waits for the next mail; 0 ends it after each.
    keep_seconds: int = 0
    # Access tokens in place of the password.
    bearer: Bearer | None = field(default=None, repr=False)


# RFC 4954, 6.
_SIGNED_IN = 235


class _Client(smtplib.SMTP):
    """A client that connects to checked addresses only."""

    def __init__(self, server: Server) -> None:
        self._reach = server.addresses
        super().__init__(server.host, server.port, timeout=server.timeout_seconds)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return connect_to_any(self._reach(host, port), port, timeout)


class _TlsClient(smtplib.SMTP_SSL, _Client):
    """The same, encrypted from the first byte."""

    def __init__(self, server: Server) -> None:
        self._reach = server.addresses
        smtplib.SMTP_SSL.__init__(
            self,
            server.host,
            server.port,
            timeout=server.timeout_seconds,
            context=ssl.create_default_context(),
        )


def connect(server: Server) -> smtplib.SMTP:
    """A connection that is signed in. Raises OSError, SMTPException, NoToken, and KeyError where a secret is not mounted."""
    connection: smtplib.SMTP = _TlsClient(server) if server.security == "tls" else _Client(server)
    try:
        connection.ehlo_or_helo_if_needed()
        if server.security == "starttls":
            connection.starttls(context=ssl.create_default_context())
            connection.ehlo()
        if server.user and server.bearer is not None:
            _login_by_token(connection, server, server.bearer)
        elif server.user:
            _login(connection, server.user, server.secret(server.password_secret))
    except BaseException:
        connection.close()
        raise
    return connection


def _login(connection: smtplib.SMTP, user: str, password: str) -> None:
    """smtplib signs in with ASCII alone; other letters go by PLAIN, in UTF-8 (RFC 4616, 2)."""
    if user.isascii() and password.isascii():
        connection.login(user, password)
        return
    if "PLAIN" not in connection.esmtp_features.get("auth", "").upper().split():
        raise smtplib.SMTPNotSupportedError("no AUTH PLAIN, which other letters than ASCII need")
    first = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
    code, answer = connection.docmd("AUTH", f"PLAIN {first}")
    if code != _SIGNED_IN:
        raise smtplib.SMTPAuthenticationError(code, answer)


def _login_by_token(connection: smtplib.SMTP, server: Server, bearer: Bearer) -> None:
    mechanism = mechanism_of(frozenset(connection.esmtp_features.get("auth", "").upper().split()))
    if not mechanism:
        raise NoToken(f"{server.host}:{server.port} offers no sign-in with a token on this connection")
    token = bearer.token()
    first = initial_response(mechanism, server.user, token, server.host, server.port)

    def respond(challenge: bytes | None = None) -> str:
        return first if challenge is None else last_response(mechanism)

    try:
        connection.auth(mechanism, respond)
    except smtplib.SMTPAuthenticationError:
        bearer.refused(token)
        raise


def trouble(error: Exception, server: Server) -> str:
    """Why nobody could be signed in, in words."""
    place = f"{server.host}:{server.port}"
    if isinstance(error, NoToken | ClosedPlace | KeyError):
        return missing(error.args[0]) if isinstance(error, KeyError) else str(error)
    match error:
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
            return f"no connection to {place}: {describe(error)}"


def describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]
