"""Mail that is fetched from somebody else's server: which mailbox, how far, and what is passed by meanwhile."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from services.ingest.domain.inside import Reach
from services.ingest.domain.sign_in import Bearer

# A mail that could not be fetched is tried again after these; the last one for ever.
_AGAIN = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
)


@dataclass(frozen=True, slots=True)
class RemoteMailbox:
    """A folder at an IMAP server, and how to sign in."""

    host: str
    port: int
    # tls, starttls or none.
    security: str
    user: str
    # Asked at each sign-in, so that a new one is taken at once; KeyError where it is not mounted.
    password: Callable[[], str] = field(repr=False, compare=False)
    folder: str
    # Asked at each connection.
    addresses: Reach = field(repr=False, compare=False)
    # What becomes of a mail that is kept: leave, seen, delete or move:FOLDER.
    after: str = "leave"
    # Longest wait for one answer of the server.
    timeout: timedelta = timedelta(seconds=30)
    # The address that its mails are taken to be for.
    address: str = ""
    # Access tokens in place of the password.
    bearer: Bearer | None = field(default=None, repr=False, compare=False)

    @property
    def source(self) -> str:
        """What a cursor belongs to beside UIDVALIDITY, which another server may use too."""
        return f"{self.user}@{self.host}:{self.port}/{self.folder}"


@dataclass(frozen=True, slots=True)
class Cursor:
    """Everything up to `uid` is in the ledger or passed by, as long as the folder keeps its UIDVALIDITY
    (RFC 3501, 2.3.1.1)."""

    source: str = ""
    validity: int = 0
    uid: int = 0

    def at(self, source: str, validity: int) -> "Cursor":
        """The cursor in this folder: from the beginning where it is not the one we knew."""
        same = (self.source, self.validity) == (source, validity)
        return self if same else Cursor(source, validity, 0)


class Passing(StrEnum):
    """Why a mail was passed by."""

    TOO_LARGE = "too_large"
    # The server refuses, hangs or breaks off whenever it is asked for this one.
    NOT_FETCHED = "not_fetched"
    # The server says that it is there, and shows nothing.
    NO_CONTENT = "no_content"
    # It was fetched and could not be kept.
    NOT_KEPT = "not_kept"


@dataclass(frozen=True, slots=True)
class Passed:
    """A mail that stays on the server and is tried again, so that its neighbours need not wait."""

    uid: int
    reason: Passing
    # For a person.
    text: str
    size: int
    attempts: int
    due_at: datetime

    def is_due(self, now: datetime, size_limit: int) -> bool:
        """Worth another attempt: its time has come, or the mailbox takes larger mails by now."""
        if self.reason is Passing.TOO_LARGE:
            return self.size <= size_limit
        return self.due_at <= now


def pass_by(
    uid: int, reason: Passing, text: str, size: int, now: datetime, before: Passed | None = None
) -> Passed:
    """The note of one failed attempt more."""
    attempts = (before.attempts if before is not None else 0) + 1
    return Passed(uid, reason, text[:300], size, attempts, now + _AGAIN[min(attempts, len(_AGAIN)) - 1])


@dataclass(slots=True)
class Chunk:
    """UIDs that are fetched with one command."""

    uids: list[int] = field(default_factory=list)
    size: int = 0


def chunks(sizes: Iterable[tuple[int, int]], alone: frozenset[int], most_bytes: int) -> Iterator[Chunk]:
    """(UID, size) in order as chunks of bounded bytes; what is larger, or suspected, comes alone."""
    chunk = Chunk()
    for uid, size in sizes:
        if chunk.uids and (uid in alone or chunk.size + size > most_bytes):
            yield chunk
            chunk = Chunk()
        chunk.uids.append(uid)
        chunk.size += size
        if uid in alone:
            yield chunk
            chunk = Chunk()
    if chunk.uids:
        yield chunk
