"""An answer was written: the send ledger gets a row for each recipient."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.ingest.application.ports import Directory
from services.ingest.domain.addresses import normalise, without_tag
from services.ingest.domain.sending import Reply, SendRow, send_id


@dataclass(frozen=True, slots=True)
class QueueReply:
    """Send a reply to everybody it names."""

    reply: Reply
    lane: str


class SendQueue(Protocol):
    @property
    def directory(self) -> Directory: ...

    def stage(self, reply: Reply, rows: Sequence[SendRow]) -> None:
        """Stage the reply and its rows in the transaction at hand."""
        ...


def queue_sends(command: QueueReply, ports: SendQueue) -> None:
    """Rows for every recipient, each once; never for a mailbox of our own, and none on a channel that does not send."""
    reply = command.reply
    found = ports.directory.find(reply.channel_id)
    if found is None or not found[1].sends:
        return
    recipients: dict[str, None] = {}
    for recipient in reply.recipients:
        address = normalise(recipient)
        # Mail to ourselves would come back as a new message.
        if address and not ports.directory.is_ours(without_tag(address)):
            recipients.setdefault(address)
    rows = [
        SendRow(
            send_id=send_id(reply.message_id, recipient),
            ticket_id=reply.ticket_id,
            message_id=reply.message_id,
            channel_id=reply.channel_id,
            recipient=recipient,
            lane=command.lane,
        )
        for recipient in recipients
    ]
    if rows:
        ports.stage(reply, rows)
