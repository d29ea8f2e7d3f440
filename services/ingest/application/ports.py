"""What the use cases need from outside."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from services.ingest.domain.channel import Channel, ServerCheck
from services.ingest.domain.fetching import RemoteMailbox
from services.ingest.domain.history import Earlier
from services.ingest.domain.inside import Reach
from services.ingest.domain.intake import DedupeKey, Envelope, State
from services.ingest.domain.lists import Lists
from services.ingest.domain.pace import Turn
from services.ingest.domain.received import ReceivedMessage, StoredAttachment
from services.ingest.domain.sending import Composed, NextStep, OutgoingFile, Reply, SendResult, SendRow
from services.ingest.domain.sign_in import Bearer, TokenSource
from services.ingest.domain.tokens import Tokens


class Clock(Protocol):
    def now(self) -> datetime: ...


# ---------------------------------------------------------------------------------------------------------- channels


@dataclass(frozen=True, slots=True)
class Inbox:
    """What this instance gives to a channel."""

    channel_id: str
    tokens: Tokens
    # Is this normalised address (without a plus tag) one of our mailboxes?
    is_ours: Callable[[str], bool]
    # The secret of that name; KeyError where it is not mounted.
    secret: Callable[[str], str] = field(repr=False)
    # Access tokens from whoever gives them.
    bearer: Callable[[TokenSource], Bearer] = field(repr=False)
    # What of a server may be connected to.
    addresses: Reach = field(repr=False)
    # What mailboxes keep for all, as it is when it is asked for.
    company_lists: Callable[[], Sequence[Lists]] = field(default=tuple, repr=False)


class LiveChannel(Protocol):
    """A channel at work: what `build(settings, inbox)` of its kind's file answers."""

    # Whether answers leave by it; where not, they are read by other means.
    sends: bool
    # Whether an answer repeats what was written before.
    quotes_history: bool
    # At most so many leave by it in a minute; 0 where there is no bound.
    sends_per_minute: int
    # Whether other systems post to it.
    is_posted_to: bool
    # The largest raw message it takes, bytes.
    size_limit: int

    # Whom every mailbox lets in, keeps out or takes for spam by its word; empty where it speaks for itself alone.
    lists_for_all: Lists

    @property
    def remote(self) -> RemoteMailbox | None:
        """Where its messages are fetched from; None where they are brought."""
        ...

    def addresses(self) -> Iterable[str]:
        """Normalised mail addresses at which it receives."""
        ...

    def dedupe(self, raw: bytes, envelope: Envelope) -> DedupeKey:
        """How a raw message is told from others; never fails."""
        ...

    def check_posted(self, raw: bytes, idempotency_key: str) -> Sequence[str]:
        """The ids of files that a posted body names, in its order, empty where it brings the file.

        Raises InvalidBody; also where nothing is posted to the channel.
        """
        ...

    def read(self, raw: bytes, envelope: Envelope) -> ReceivedMessage:
        """The message that the raw bytes are. Raises CannotRead."""
        ...

    def compose(
        self,
        reply: Reply,
        recipient: str,
        files: Sequence[OutgoingFile],
        earlier: Sequence[Earlier],
        now: datetime,
    ) -> Composed:
        """The reply in the channel's form, for one recipient; `earlier` is what was written before, oldest first."""
        ...

    def send(self, composed: Composed, before_data: Callable[[], None]) -> SendResult:
        """Hand it over once; `before_data` is called when from then on nobody can know whether it arrived."""
        ...

    def check_servers(self) -> Sequence[ServerCheck]:
        """Sign in at every server that the settings name, and do nothing else there."""
        ...


class Directory(Protocol):
    """The channels that there are, ready to work; may lag a few seconds behind the store."""

    def find(self, channel_id: str) -> tuple[Channel, LiveChannel] | None: ...

    def is_ours(self, address: str) -> bool:
        """A normalised address without its tag is one of our mailboxes."""
        ...

    def is_unreadable(self, channel_id: str) -> bool:
        """There is such a channel, and `find` answers None as this release never could read its settings."""
        ...

    def all(self) -> Sequence[Channel]: ...


# ------------------------------------------------------------------------------------------------------------ intake


@dataclass(frozen=True, slots=True)
class Kept:
    """Where an arrival lies now."""

    intake_id: str
    is_duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Unpublished:
    """A row whose id must get into its channel's queue."""

    intake_id: str
    channel_id: str
    received_at: datetime
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """A row that waits for a person."""

    intake_id: str
    channel_id: str
    reason: str
    sender: str
    size: int
    received_at: datetime


@dataclass(frozen=True, slots=True)
class LedgerCounts:
    """What became of what a channel accepted; `counts[State.ACCEPTED]` is what is in flight."""

    channel_id: str
    counts: Mapping[State, int]
    in_flight_over_60s: int
    closed_twice: int


class Quarantine(Protocol):
    """What waits for a person."""

    def retry(self, intake_ids: Sequence[str], channel_id: str, now: datetime) -> Sequence[Unpublished]:
        """Set quarantined rows back to accepted; answers what is to be published."""
        ...


class FileStore(Protocol):
    """Attachments."""

    def describe(self, attachment_ids: Sequence[str]) -> Mapping[str, StoredAttachment]:
        """What is kept under these ids; missing ones are left out."""
        ...

    def read(self, attachment_id: str) -> bytes: ...


# ------------------------------------------------------------------------------------------------------------ sending


class Conversations(Protocol):
    """What tickets keeps of who wrote what."""

    def earlier(self, ticket_id: str, message_id: str) -> Sequence[Earlier]:
        """The public messages before this one, oldest first, none where the ticket is gone. Raises Unavailable."""
        ...


class Paces(Protocol):
    """How fast channels may send."""

    def turn(self, channel_id: str, per_minute: int, slot: datetime | None, now: datetime) -> Turn:
        """When a message of the channel may leave, where it got the place `slot` before."""
        ...

    def slow_down(self, channel_id: str, turn: Turn, reason: str, now: datetime) -> None:
        """The provider asks for less."""
        ...

    def recover(self, channel_id: str, turn: Turn) -> None:
        """The provider took a message."""
        ...


class SendLedger(Protocol):
    """Outgoing messages."""

    def claim(self, send_id: str, now: datetime) -> tuple[SendRow, Reply] | None:
        """Take a due row for one attempt; None where it is not due or another has it."""
        ...

    def release(self, row: SendRow) -> None:
        """The attempt is over, whatever came of it."""
        ...

    def postpone(self, row: SendRow, turn: Turn, now: datetime) -> None:
        """Give the row back until its turn, as if it had not been tried."""
        ...

    def begin_data(self, row: SendRow, provider_message_id: str) -> None:
        """Note that from now on the outcome is unknown unless we learn it."""
        ...

    def mark(
        self,
        row: SendRow,
        step: NextStep,
        provider_message_id: str,
        now: datetime,
        *,
        abandoned: bool | None = None,
    ) -> bool:
        """Write down the outcome and say it; False where another owner has the row by now. With `abandoned` it is not its
        owner who does: only where the claim has run out still, and the mail may have been handed over (or not) still."""
        ...
