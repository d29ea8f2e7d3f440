"""A kept message becomes a message that is understood, or is set aside with its reason."""

from dataclasses import dataclass

from services.ingest.application.ports import Directory, LiveChannel
from services.ingest.domain.channel import Channel
from services.ingest.domain.errors import CannotRead
from services.ingest.domain.intake import IntakeRow
from services.ingest.domain.received import AttachmentPart, ReceivedMessage, StoredAttachment


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


def normalise(row: IntakeRow, directory: Directory) -> Understood | SetAside:
    """Read one row; the same row gives the same answer wherever and however often it is read."""
    found = directory.find(row.channel_id)
    if found is None:
        return SetAside(row, f"the channel {row.channel_id} is not there, or its settings are wrong")
    channel, live = found
    try:
        return _understand(row, channel, live)
    except CannotRead as error:
        return SetAside(row, error.reason)


def _understand(row: IntakeRow, channel: Channel, live: LiveChannel) -> Understood:
    message = live.read(row.raw, row.envelope)
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
