"""One entry of a ticket's conversation."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from services.tickets.domain.people import Actor

PUBLIC = "public"
INTERNAL = "internal"
VISIBILITIES = (PUBLIC, INTERNAL)

QUEUED = "queued"
SENT = "sent"
FAILED = "failed"
UNKNOWN = "unknown"
# The worst state that any recipient has is the message's.
_WORST_FIRST = (FAILED, UNKNOWN, QUEUED, SENT)

SAME_ID_OTHER_CONTENT = "same_id_other_content"
LOOP = "loop"
OWN_ADDRESS = "own_address"
UNVERIFIED_AGENT = "unverified_agent"
# Our mail server found that the mail comes from its author's domain, and the mailbox lets agents answer by mail.
AUTHOR_PROVEN = "author_proven"
# Mail to the requester did not arrive of late.
BAD_ADDRESS = "bad_address"
# One of too many from one sender.
FLOOD = "flood"
# A form named the sender; nothing proves it.
CLAIMED = "claimed_requester"
# News for the record: nobody waits for an answer.
NOTICE = "notice"
# A list of the mailbox takes it for spam.
SPAM = "spam"
# It came along with a ticket that was merged into this one, and is kept there.
MERGED = "merged"
# With any of these an automatic answer would come back to us, circle, or go against the sender's wish.
_NO_ANSWER = frozenset({OWN_ADDRESS, FLOOD, SPAM, "suppress_answer", "too_many_hops"})

PREVIEW_LENGTH = 140
CHAIN_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that ingest keeps."""

    attachment_id: str
    name: str = ""
    mime_type: str = ""
    # Bytes.
    size: int = 0
    content_id: str = ""
    is_inline: bool = False


# Not frozen, for its price: one is made for every message. Nobody changes it all the same.
@dataclass(slots=True)
class Message:
    """What somebody wrote, and where it went."""

    message_id: str
    ticket_id: str
    author: Actor
    text: str
    created_at: datetime
    visibility: str = PUBLIC
    subject: str = ""
    html: str = ""
    # What is new in both, without quoted history and signature; empty where nothing was cut. Rules look at the whole.
    said: str = ""
    said_html: str = ""
    attachments: tuple[Attachment, ...] = ()
    is_automatic: bool = False
    is_truncated: bool = False
    intake_id: str = ""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    # Message-ID of the mail, in or out.
    external_id: str = ""
    flags: tuple[str, ...] = ()
    # How the channel read it, for a person; empty where that takes no word.
    explanation: str = ""
    # Of what we send: queued, sent, failed or unknown; empty for what is not sent.
    delivery_state: str = ""
    delivery_reason: str = ""

    @property
    def wants_no_machine(self) -> bool:
        """A machine wrote it, a colleague from one of our own mailboxes, or somebody who wants no automatic answer; or
        it has been through so many servers that it goes in circles."""
        return self.is_automatic or not _NO_ANSWER.isdisjoint(self.flags)


@dataclass(frozen=True, slots=True)
class Reply:
    """Where a public answer goes and what it answers. `references` are Message-IDs, oldest first."""

    channel: str
    to: tuple[str, ...]
    cc: tuple[str, ...] = ()
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is known of one message on its way to one recipient."""

    state: str
    reason: str = ""
    attempt: int = 0
    changed_at: datetime | None = None

    def is_older_than(self, other: "Delivery") -> bool:
        """Whether `other` says more: a later attempt, or a later word about the same one."""
        if self.attempt != other.attempt:
            return self.attempt < other.attempt
        if self.state == QUEUED:
            return other.state != QUEUED
        return (
            self.changed_at is not None
            and other.changed_at is not None
            and self.changed_at < other.changed_at
        )


@dataclass(slots=True)
class Sending:
    """All that is known of one outgoing message's way. `edition` grows with each write, for compare-and-set."""

    message_id: str
    ticket_id: str
    state: str = ""
    reason: str = ""
    external_id: str = ""
    # It went to colleagues only.
    is_internal: bool = False
    # By the send's id, or by the address that bounced.
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    edition: int = 0

    def hear(self, send: str, delivery: Delivery) -> bool:
        """Take in news of one recipient; False where it was known or is out of date."""
        known = self.deliveries.get(send)
        if known is not None and not known.is_older_than(delivery):
            return False
        self.deliveries[send] = delivery
        self.state, self.reason = _worst(list(self.deliveries.values()))
        return True


def _worst(deliveries: Sequence[Delivery]) -> tuple[str, str]:
    worst = min(deliveries, key=lambda delivery: _WORST_FIRST.index(delivery.state))
    return worst.state, worst.reason


def queued(message: Message) -> Message:
    """The message as it waits to be sent."""
    return replace(message, delivery_state=QUEUED)


def held_back(message: Message, reason: str) -> Message:
    """The message as it stands where it was not sent, since mail to the requester does not arrive."""
    why = f"not sent: mail to this address does not arrive ({reason})"
    return replace(message, delivery_state=FAILED, delivery_reason=why, flags=(BAD_ADDRESS,))


def first_words(text: str, length: int = PREVIEW_LENGTH) -> str:
    """The beginning of the text on one line."""
    # Splitting a whole mail for the sake of its first line is what this avoids; most need no second look.
    words = " ".join(text[: length * 2].split())
    if len(words) <= length and len(text) > length * 2:
        words = " ".join(text[: length * 4].split())
    return words if len(words) <= length else words[: length - 1] + "…"


def chain_after(references: Sequence[str], message_id: str) -> tuple[str, ...]:
    """The Message-IDs that an answer to `message_id` refers to, oldest first: the root is kept, the middle may go."""
    chain = [reference for reference in references if reference != message_id]
    if message_id:
        chain.append(message_id)
    if len(chain) > CHAIN_LENGTH:
        chain = [chain[0], *chain[-(CHAIN_LENGTH - 1) :]]
    return tuple(chain)
