"""What other settings of a channel would make of messages that came: read, and nothing else."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from services.ingest.application.ports import LiveChannel
from services.ingest.domain.errors import CannotRead
from services.ingest.domain.intake import IntakeRow
from services.ingest.domain.mime import parse_mail
from services.ingest.domain.received import Author, ReceivedMessage

# Before a mail's first blank line; what comes behind is not asked for here.
_HEAD = 64 * 1024


@dataclass(frozen=True, slots=True)
class Tried:
    """A message as it came, and as it would be read."""

    row: IntakeRow
    sender: str
    subject: str
    message: ReceivedMessage


def try_settings(rows: Iterable[IntakeRow], live: LiveChannel) -> Iterator[Tried]:
    """Each of the rows as the channel would read it; one that cannot be read says so instead."""
    for row in rows:
        headers = parse_mail(row.raw[:_HEAD]).root.headers
        try:
            message = live.read(row.raw, row.envelope)
        except CannotRead as error:
            message = ReceivedMessage(Author(), explanation=f"It cannot be read: {error.reason}.")
        yield Tried(row, headers.text("from"), headers.text("subject"), message)
