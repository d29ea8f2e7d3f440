"""A connection to an IMAP server that is not trusted with our memory, and its failures in words."""

import imaplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from imap_tools import BaseMailBox, MailboxFolderSelectError, MailboxLoginError, UnexpectedCommandStatusError

from services.ingest.adapters.imap.bounded import PlainClient, TlsClient
from services.ingest.domain.errors import ClosedPlace
from services.ingest.domain.fetching import RemoteMailbox


class Trouble(Exception):
    """The mailbox cannot be read now; the text says why to a person who can change it."""


class Broken(Trouble):
    """The connection is of no use any more; what was asked for last was not answered."""


class NoAnswer(Trouble):
    """The server said no to one command, and still talks."""


class Connection(BaseMailBox):
    """A connection to the server of a mailbox; certificates are checked."""

    def __init__(self, mailbox: RemoteMailbox) -> None:
        self._mailbox = mailbox
        super().__init__()

    client: PlainClient | TlsClient

    def _get_mailbox_client(self) -> PlainClient | TlsClient:
        try:
            return self._connected()
        except ClosedPlace as closed:
            raise Broken(str(closed)) from closed

    def _connected(self) -> PlainClient | TlsClient:
        mailbox, wait = self._mailbox, self._mailbox.timeout.total_seconds()
        if mailbox.security == "tls":
            context = ssl.create_default_context()
            return TlsClient(
                mailbox.host, mailbox.port, addresses=mailbox.addresses, ssl_context=context, timeout=wait
            )
        client = PlainClient(mailbox.host, mailbox.port, addresses=mailbox.addresses, timeout=wait)
        if mailbox.security == "starttls":
            try:
                client.starttls(ssl.create_default_context())
            except BaseException:
                # A handshake that failed has closed it already.
                with suppress(OSError):
                    client.shutdown()
                raise
        return client

    def cut(self) -> None:
        """End it from any thread: whoever waits for its answer is woken."""
        with suppress(OSError):
            # Past the TLS layer, which another thread may be using.
            socket.socket.shutdown(self.client.sock, socket.SHUT_RDWR)


@contextmanager
def in_words(mailbox: RemoteMailbox) -> Iterator[None]:
    """What goes wrong with the server becomes Trouble."""
    where = f"{mailbox.host}:{mailbox.port}"
    try:
        yield
    except MailboxLoginError as refused:
        raise Trouble(
            f"{mailbox.host} does not let the user {mailbox.user} in: {_said(refused)}"
        ) from refused
    except MailboxFolderSelectError as refused:
        raise Trouble(f"{mailbox.host} has no folder {mailbox.folder} for us: {_said(refused)}") from refused
    except UnexpectedCommandStatusError as refused:
        raise NoAnswer(f"{mailbox.host} says no: {_said(refused)}") from refused
    except ssl.SSLCertVerificationError as untrusted:
        raise Broken(f"the certificate of {where} is not trusted: {untrusted.verify_message}") from untrusted
    except ssl.SSLError as failed:
        raise Broken(f"{where} speaks no TLS as we expect it: {failed.reason or failed}") from failed
    except socket.gaierror as unknown:
        raise Broken(f"there is no host {mailbox.host}") from unknown
    except ConnectionRefusedError as refused:
        raise Broken(f"nobody listens at {where}") from refused
    except TimeoutError as late:
        raise Broken(f"{where} did not answer within {mailbox.timeout.total_seconds():g} seconds") from late
    except imaplib.IMAP4.abort as broken:
        raise Broken(f"the connection to {where} broke: {_short(broken)}") from broken
    except imaplib.IMAP4.error as refused:
        raise NoAnswer(f"{mailbox.host} does not understand us: {_short(refused)}") from refused
    except (OSError, ValueError) as broken:
        raise Broken(f"the connection to {where} broke: {_short(broken)}") from broken


def _said(refused: UnexpectedCommandStatusError) -> str:
    data: Any = refused.command_result[1]
    first = data[0] if isinstance(data, list) and data else data
    text = first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)
    return " ".join(text.split())[:200]


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
