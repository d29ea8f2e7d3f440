"""A message as it was understood; the shape of the fact MessageReceived."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

# What a person should know of a message; the tickets service decides what follows.
SAME_ID_OTHER_CONTENT = "same_id_other_content"
LOOP = "loop"
OWN_ADDRESS = "own_address"
SPOOFED_TOKEN = "spoofed_token"
TOO_MANY_HOPS = "too_many_hops"
# A mail that went through more servers than this goes in circles.
MAX_HOPS = 30
SUPPRESS_ANSWER = "suppress_answer"
ENCRYPTED = "encrypted"
# Somebody signed it; nothing here says that the signature holds.
SIGNED = "signed"
READ_RECEIPT = "read_receipt"
BROKEN_MIME = "broken_mime"
GUESSED_CHARSET = "guessed_charset"
TOO_MANY_PARTS = "too_many_parts"
TOO_MANY_RECIPIENTS = "too_many_recipients"
# A pattern of the mailbox picked the author out of the mail: whoever filled it in said so, and nothing proves it.
CLAIMED = "claimed_requester"
# News that nobody waits for an answer to.
NOTICED = "notice"
# It looked like a form's, and what a pattern needs was not found in it.
PATTERN_MISSED = "pattern_missed"
MISSED = "missed"
# A list of the mailbox says so.
SPAM = "spam"
# Our own mail server found that the mail comes from its author's domain; said where the mailbox lets agents answer by it.
AUTHOR_PROVEN = "author_proven"


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote it, as far as the channel tells; nothing here is proven."""

    name: str = ""
    # Lower case, domain as A-label.
    email: str = ""
    # E.164.
    phone: str = ""
    # The sender's id in the channel's own world.
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class AttachmentPart:
    """A file that came inside the message, decoded."""

    name: str
    mime_type: str
    content: bytes = field(repr=False)
    # Content-ID without brackets.
    content_id: str = ""
    # The HTML shows it in its place.
    is_inline: bool = False


@dataclass(frozen=True, slots=True)
class StoredAttachment:
    """A file that is already kept; the channel's message only names it."""

    attachment_id: str
    name: str
    mime_type: str
    size: int
    content_id: str = ""
    is_inline: bool = False


@dataclass(frozen=True, slots=True)
class Thread:
    """Where a message stands in a conversation."""

    # Message-ID with its brackets, or the channel's id of the message.
    message_id: str = ""
    in_reply_to: str = ""
    # Oldest first, at most 100.
    references: tuple[str, ...] = ()
    # Ticket ids that our own MAC proves, the strongest first.
    proven_ticket_ids: tuple[str, ...] = ()
    # Ticket numbers that the subject names; anybody can write them.
    mentioned_numbers: tuple[int, ...] = ()
    # The channel's own conversation, where it has such a thing.
    conversation_id: str = ""
    # Ticket ids that our mark in the words proves; whoever quotes or forwards carries it along.
    quoted_ticket_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Threading:
    """What the channel wants of threads."""

    # A ticket that was closed no longer ago is opened again by its answer; None: it is never.
    reopens_within: timedelta | None = None
    # Message-IDs that are not proven lead to a ticket only where the subject is the ticket's too.
    ids_need_subject: bool = False


PLAIN_THREADING = Threading()


@dataclass(frozen=True, slots=True)
class Bounce:
    """The report that a message of ours did not arrive (RFC 3464)."""

    failed_recipient: str = ""
    # "hard" or "soft".
    kind: str = "hard"
    # Enhanced status code (RFC 3463), for instance 5.1.1; empty where the report has none.
    code: str = ""
    reason: str = ""
    # Message-ID of what did not arrive, with its brackets.
    original_message_id: str = ""


@dataclass(frozen=True, slots=True)
class Screening:
    """What the mailbox's lists say of a message."""

    # allow, block or spam.
    verdict: str
    # What decided: address, domain, header or authentication.
    by: str
    # As it is written in the list.
    entry: str


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """What a channel understood of one kept message."""

    author: Author
    subject: str = ""
    # As the person wrote it, at most 256 KiB in UTF-8.
    text: str = ""
    # Sanitised, at most 256 KiB in UTF-8; empty where there was none.
    html: str = ""
    # What is new in both, without quoted history and signature; empty where nothing was cut.
    said: str = ""
    said_html: str = ""
    is_truncated: bool = False
    # The sender's clock; for display only.
    sent_at: datetime | None = None
    attachments: tuple[AttachmentPart, ...] = ()
    # Files that the message only names.
    stored: tuple[StoredAttachment, ...] = ()
    thread: Thread = Thread()
    threading: Threading = PLAIN_THREADING
    is_automatic: bool = False
    automatic_reason: str = ""
    bounce: Bounce | None = None
    # Fields of the sender's form.
    fields: Mapping[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    # What a pattern made of it: form or notice; missed where one was meant for it and did not find what it needs.
    read_as: str = ""
    screening: Screening | None = None
    # How the mailbox's patterns or lists read it, for a person; empty where they had nothing to say.
    explanation: str = ""
