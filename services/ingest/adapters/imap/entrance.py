"""Signing in at an IMAP server, with a password or with an access token."""

import imaplib
from collections.abc import Callable
from contextlib import suppress

from chassis.errors import Unavailable
from services.ingest.adapters.imap.client import Connection, Trouble
from services.ingest.domain.channel_secrets import missing
from services.ingest.domain.fetching import RemoteMailbox
from services.ingest.domain.sign_in import Bearer, NoToken, initial_response, last_response, mechanism_of

SignIn = Callable[[Connection], None]


def signing_in(mailbox: RemoteMailbox) -> SignIn:
    """What signs in on a connection. Raises Trouble where there is no password or token, before anybody is connected to."""
    try:
        if mailbox.bearer is not None:
            return _by_token(mailbox, mailbox.bearer, mailbox.bearer.token())
        return _by_password(mailbox, mailbox.password())
    except KeyError as absent:
        raise Trouble(missing(absent.args[0])) from None
    except NoToken as refused:
        raise Trouble(str(refused)) from None


def _by_password(mailbox: RemoteMailbox, password: str) -> SignIn:
    def sign_in(connection: Connection) -> None:
        if password.isascii() and mailbox.user.isascii():
            connection.login(mailbox.user, password, initial_folder=None)
            return
        # LOGIN knows ASCII alone; PLAIN has UTF-8 (RFC 4616).
        try:
            connection.login_utf8(mailbox.user, password, initial_folder=None)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as refused:
            raise _refused(mailbox, str(refused)) from None

    return sign_in


def _by_token(mailbox: RemoteMailbox, bearer: Bearer, token: str) -> SignIn:
    def sign_in(connection: Connection) -> None:
        client = connection.client
        offered = (word.upper() for word in client.capabilities)
        mechanism = mechanism_of(
            frozenset(word.removeprefix("AUTH=") for word in offered if word.startswith("AUTH="))
        )
        if not mechanism:
            raise Trouble(f"{mailbox.host} offers no sign-in with a token on this connection")
        first = initial_response(mechanism, mailbox.user, token, mailbox.host, mailbox.port)
        responses = iter((first, last_response(mechanism)))
        try:
            # More is asked for by nobody who speaks the same; `*` ends it.
            client.authenticate(mechanism, lambda _: _encoded(next(responses, None)))
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as refused:
            # Where the store is away it is asked for anew when its time is over.
            with suppress(Unavailable):
                bearer.refused(token)
            raise _refused(mailbox, str(refused)) from None

    return sign_in


def _encoded(response: str | None) -> bytes | None:
    return response.encode() if response is not None else None


def _refused(mailbox: RemoteMailbox, said: str) -> Trouble:
    return Trouble(f"{mailbox.host} does not let the user {mailbox.user} in: {' '.join(said.split())[:200]}")
