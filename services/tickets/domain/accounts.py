"""Tokens and groups: who may do something here, and as what."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime

ADMIN = "admin"
AGENT = "agent"
SYSTEM = "system"
READ_ONLY = "read_only"
ROLES = (ADMIN, AGENT, SYSTEM, READ_ONLY)
# What a person can be.
AGENT_ROLES = (ADMIN, AGENT, READ_ONLY)
LANGUAGES = ("en", "pt", "ru")
# What an agent can be given beside the role; administrators have all of it. The channels: make, change, pause and test.
RIGHTS = ("channels",)

_TOKEN = re.compile(r"rd_([0-9a-f]{32})_([0-9a-f]{64})")
_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Group:
    """Agents who answer the same kind of ticket."""

    group_id: str
    name: str
    # An agent's id; empty where nobody is.
    manager: str = ""


@dataclass(frozen=True, slots=True)
class Token:
    """What a program or a person shows; of its secret only the fingerprint is kept."""

    token_id: str
    fingerprint: bytes
    role: str
    created_at: datetime
    name: str = ""
    agent_id: str = ""
    revoked_at: datetime | None = None

    def is_shown_by(self, secret: str) -> bool:
        """Whether it is the secret that was given out, and still counts."""
        return self.revoked_at is None and hmac.compare_digest(self.fingerprint, fingerprint_of(secret))


def token_text(token_id: str, secret: str) -> str:
    """The token as it is shown, once."""
    return f"rd_{token_id}_{secret}"


def parts_of(text: str) -> tuple[str, str] | None:
    """The id and the secret; None for what is no token of ours."""
    match = _TOKEN.fullmatch(text)
    return (match[1], match[2]) if match is not None else None


def fingerprint_of(secret: str) -> bytes:
    """One hash is enough for 256 random bits: there is nothing to guess."""
    return hashlib.sha256(secret.encode()).digest()


def id_of(name: str) -> str:
    """An id that reads like the name; empty where the name has no Latin letters or digits."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:64].strip("-")


def is_id(text: str) -> bool:
    """Whether it can be the id of a group or an agent."""
    return _ID.fullmatch(text) is not None
