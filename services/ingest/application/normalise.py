"""A kept message becomes a message that is understood, or is set aside with its reason."""

from dataclasses import dataclass, replace

from services.ingest.application.ports import Directory, FileStore, LiveChannel
from services.ingest.domain.channel import Channel
from services.ingest.domain.errors import CannotRead
from services.ingest.domain.intake import IntakeRow
from services.ingest.domain.lists import BLOCK
from services.ingest.domain.received import (
    LOOP,
    MAX_HOPS,
    TOO_MANY_HOPS,
    AttachmentPart,
    ReceivedMessage,
    Screening,
    StoredAttachment,
)


@dataclass(frozen=True, slots=True)
class Understood:
    """What a row says, with its files named."""

    row: IntakeRow
    channel: Channel
    message: ReceivedMessage
    files: tuple[StoredAttachment, ...]
    # To be written before anybody hears of them.
    parts: tuple[tuple[str, AttachmentPart], ...]

    @property
    def flags(self) -> tuple[str, ...]:
        """What the edge and the reader noticed."""
        return tuple(dict.fromkeys((*self.row.flags, *self.message.flags)))


@dataclass(frozen=True, slots=True)
class SetAside:
    """A row for quarantine."""

    row: IntakeRow
    reason: str


@dataclass(frozen=True, slots=True)
class Blocked:
    """A row that a list of its mailbox keeps out: nobody reads it, and it can be brought back."""

    row: IntakeRow
    screening: Screening

    @property
    def reason(self) -> str:
        """For the ledger."""
        return f"blocked by {self.screening.by}: {self.screening.entry}"[:300]


def normalise(row: IntakeRow, directory: Directory) -> Understood | SetAside | Blocked:
    """Read one row; the same row gives the same answer wherever and however often it is read."""
    found = directory.find(row.channel_id)
    if found is None:
        return SetAside(row, f"the channel {row.channel_id} is not there, or its settings are wrong")
    channel, live = found
    try:
        return _understand(row, channel, live)
    except CannotRead as error:
        return SetAside(row, error.reason)


def with_stored(understood: list[Understood], files: FileStore) -> list[Understood]:
    """Files that a message only names get what is known of them; names that mean nothing are left out."""
    ids = [file.attachment_id for one in understood for file in one.message.stored]
    if not ids:
        return understood
    known = files.describe(ids)
    return [
        replace(
            one,
            files=tuple(file for file in one.files if file not in one.message.stored)
            + tuple(known[file.attachment_id] for file in one.message.stored if file.attachment_id in known),
        )
        for one in understood
    ]


def _understand(row: IntakeRow, channel: Channel, live: LiveChannel) -> Understood | SetAside | Blocked:
    message = live.read(row.raw, row.envelope)
    screening = message.screening
    if screening is not None and screening.verdict == BLOCK and not row.is_let_in:
        return Blocked(row, screening)
    if _goes_in_circles(message) and not row.retries:
        return SetAside(row, f"held for review: it has been through more than {MAX_HOPS} servers")
    parts = tuple(
        (f"{row.intake_id}-{number}", part) for number, part in enumerate(message.attachments, start=1)
    )
    files = tuple(
        StoredAttachment(
            attachment_id, part.name, part.mime_type, len(part.content), part.content_id, part.is_inline
        )
        for attachment_id, part in parts
    )
    return Understood(row, channel, message, files + message.stored, parts)


def _goes_in_circles(message: ReceivedMessage) -> bool:
    # Our own mail that came back is known for it without a person, and a report ends its road here.
    return TOO_MANY_HOPS in message.flags and LOOP not in message.flags and message.bounce is None
