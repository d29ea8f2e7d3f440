"""Signing in at a mail server with an access token instead of a password (OAuth 2.0, RFC 6749)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


class NoToken(Exception):
    """There is no access token; the text says why to a person."""


@dataclass(frozen=True, slots=True)
class TokenSource:
    """Who gives access tokens for a mailbox, and by which name he knows us."""

    # microsoft or google.
    provider: str
    client_id: str
    # Where our secrets are, as settings say it; empty where there is none.
    client_secret: str = ""
    refresh_token: str = ""
    # The directory of an organisation at Microsoft.
    tenant: str = ""
    # Another place than the provider's own; empty for that.
    url: str = ""
    # Empty for what reading and sending mail needs.
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Issued:
    """What a provider gave."""

    access_token: str
    lasts: timedelta
    # In place of the one it was asked with; empty where that goes on being good.
    refresh_token: str = ""


class Bearer(Protocol):
    """Access tokens of one source."""

    def token(self) -> str:
        """One that is good now. Raises NoToken, and KeyError where a secret of ours is not there."""
        ...

    def refused(self, token: str) -> None:
        """A server did not take it."""
        ...


def initial_response(mechanism: str, user: str, token: str, host: str, port: int) -> str:
    """What a client says first: OAUTHBEARER as RFC 7628 has it, XOAUTH2 as Google and Microsoft document theirs."""
    if mechanism == "OAUTHBEARER":
        # A user's name with a comma or an equals sign is written as SASL names are (RFC 5801, 4).
        name = user.replace("=", "=3D").replace(",", "=2C")
        return f"n,a={name},\x01host={host}\x01port={port}\x01auth=Bearer {token}\x01\x01"
    return f"user={user}\x01auth=Bearer {token}\x01\x01"


def last_response(mechanism: str) -> str:
    """What a client answers to the reasons of a refusal, so that the server ends it."""
    return "\x01" if mechanism == "OAUTHBEARER" else ""


def mechanism_of(offered: frozenset[str]) -> str:
    """Which of the offered ones to sign in by; empty where there is none for tokens."""
    return next((name for name in ("XOAUTH2", "OAUTHBEARER") if name in offered), "")
