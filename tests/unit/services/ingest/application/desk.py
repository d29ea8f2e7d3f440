"""Ingest's ports in memory."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from chassis.errors import Unavailable
from services.ingest.application.ports import LiveChannel
from services.ingest.application.send_reply import SendPorts
from services.ingest.domain.channel import Channel, ServerCheck
from services.ingest.domain.errors import CannotRead, InvalidBody
from services.ingest.domain.history import Earlier
from services.ingest.domain.intake import Closing, DedupeKey, Envelope
from services.ingest.domain.lists import NO_LISTS
from services.ingest.domain.pace import Turn
from services.ingest.domain.received import (
    AttachmentPart,
    Author,
    ReceivedMessage,
    Screening,
    StoredAttachment,
)
from services.ingest.domain.sending import (
    Composed,
    NextStep,
    OutgoingFile,
    Reply,
    SendResult,
    SendRow,
    SendState,
    Sent,
)

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MAIL = Channel("mail", "mail", "email", "email")
CASINO = Screening("block", "domain", "casino.example")


class MemoryChannel:
    """Reads `poison` as CannotRead, `casino` as blocked and anything else as `message`, or as text; sends as told."""

    is_posted_to = False
    quotes_history = False
    sends_per_minute = 0
    remote = None
    lists_for_all = NO_LISTS
    size_limit = 1000

    def __init__(self, sends: bool = True) -> None:
        self.sends = sends
        self.message: ReceivedMessage | None = None
        self.result = SendResult(Sent.SENT, "250")
        self.sent: list[Composed] = []
        self.earlier: list[Earlier] = []

    def addresses(self) -> Iterable[str]:
        return ["support@demo.example"]

    def dedupe(self, raw: bytes, envelope: Envelope) -> DedupeKey:
        return DedupeKey(envelope.idempotency_key, raw.hex())

    def check_posted(self, raw: bytes, idempotency_key: str) -> Sequence[str]:
        raise InvalidBody([])

    def read(self, raw: bytes, envelope: Envelope) -> ReceivedMessage:
        if raw == b"poison":
            raise CannotRead("poison")
        if self.message is not None:
            return self.message
        return ReceivedMessage(
            Author("Anna"),
            text=raw.decode(),
            attachments=(AttachmentPart("a", "text/plain", b"a"),),
            screening=CASINO if raw == b"casino" else None,
        )

    def compose(
        self,
        reply: Reply,
        recipient: str,
        files: Sequence[OutgoingFile],
        earlier: Sequence[Earlier],
        now: datetime,
    ) -> Composed:
        self.earlier = list(earlier)
        return Composed(reply.text.encode(), recipient, "", f"<{reply.message_id}>")

    def check_servers(self) -> Sequence[ServerCheck]:
        return ()

    def send(self, composed: Composed, before_data: Callable[[], None]) -> SendResult:
        before_data()
        self.sent.append(composed)
        return self.result


class MemoryDirectory:
    """One channel."""

    def __init__(self, live: MemoryChannel) -> None:
        self.live = live
        self.channel = MAIL
        self.unreadable: set[str] = set()

    def find(self, channel_id: str) -> tuple[Channel, LiveChannel] | None:
        is_here = channel_id == MAIL.channel_id and channel_id not in self.unreadable
        return (self.channel, self.live) if is_here else None

    def is_unreadable(self, channel_id: str) -> bool:
        return channel_id in self.unreadable

    def is_ours(self, address: str) -> bool:
        return address in self.live.addresses()

    def all(self) -> Sequence[Channel]:
        return [self.channel]


@dataclass
class MemorySends:
    """The send ledger."""

    rows: dict[str, SendRow] = field(default_factory=dict)
    replies: dict[str, Reply] = field(default_factory=dict)
    said: list[SendState] = field(default_factory=list)
    begun: list[str] = field(default_factory=list)
    released: list[str] = field(default_factory=list)

    def claim(self, send_id: str, now: datetime) -> tuple[SendRow, Reply] | None:
        row = self.rows[send_id]
        if row.state is not SendState.QUEUED or (row.due_at or now) > now:
            return None
        row = replace(row, state=SendState.SENDING, attempts=row.attempts + 1, fence=row.fence + 1)
        self.rows[send_id] = row
        return row, self.replies[row.message_id]

    def postpone(self, row: SendRow, turn: Turn, now: datetime) -> None:
        self.rows[row.send_id] = replace(
            self.rows[row.send_id],
            state=SendState.QUEUED,
            due_at=turn.at,
            reason=turn.reason,
            slot=turn.slot,
            attempts=row.attempts - 1,
        )

    def begin_data(self, row: SendRow, provider_message_id: str) -> None:
        self.begun.append(provider_message_id)

    def release(self, row: SendRow) -> None:
        self.released.append(row.send_id)

    def mark(
        self,
        row: SendRow,
        step: NextStep,
        provider_message_id: str,
        now: datetime,
        *,
        abandoned: bool | None = None,
    ) -> bool:
        if self.rows[row.send_id].fence != row.fence:
            return False
        self.rows[row.send_id] = replace(
            self.rows[row.send_id], state=step.state, reason=step.reason, due_at=step.due_at
        )
        self.said.append(step.state)
        return True


class MemoryFiles:
    def describe(self, attachment_ids: Sequence[str]) -> Mapping[str, StoredAttachment]:
        return {}

    def read(self, attachment_id: str) -> bytes:
        return b""


@dataclass
class MemoryConversations:
    """What was written before, or tickets away."""

    messages: list[Earlier] = field(default_factory=list)
    is_away: bool = False

    def earlier(self, ticket_id: str, message_id: str) -> Sequence[Earlier]:
        if self.is_away:
            raise Unavailable("tickets")
        return self.messages


class MemoryPaces:
    """Lets everything leave, or makes it wait as told."""

    def __init__(self) -> None:
        self.wait = timedelta(0)
        self.slowed: list[str] = []
        self.recovered = 0

    def turn(self, channel_id: str, per_minute: int, slot: datetime | None, now: datetime) -> Turn:
        return Turn(now + self.wait, "queued: not yet" if self.wait else "")

    def slow_down(self, channel_id: str, turn: Turn, reason: str, now: datetime) -> None:
        self.slowed.append(reason)

    def recover(self, channel_id: str, turn: Turn) -> None:
        self.recovered += 1


class MovableClock:
    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    def move(self, by: timedelta) -> None:
        self.at += by


class Counts:
    def __init__(self) -> None:
        self.states: list[SendState] = []

    def marked(self, channel_id: str, state: SendState) -> None:
        self.states.append(state)


class Desk:
    """Everything a use case of sending needs."""

    def __init__(self, sends: bool = True) -> None:
        self.live = MemoryChannel(sends)
        self.directory = MemoryDirectory(self.live)
        self.sends = MemorySends()
        self.clock = MovableClock()
        self.counts = Counts()
        self.conversations = MemoryConversations()
        self.paces = MemoryPaces()
        self.closed: list[Closing] = []

    @property
    def ports(self) -> SendPorts:
        return SendPorts(
            self.sends, MemoryFiles(), self.directory, self.clock, self.counts, self.conversations, self.paces
        )

    def close(self, closing: Closing) -> None:
        self.closed.append(closing)

    def stage(self, reply: Reply, rows: Sequence[SendRow]) -> None:
        self.sends.replies[reply.message_id] = reply
        self.sends.rows.update({row.send_id: row for row in rows})
