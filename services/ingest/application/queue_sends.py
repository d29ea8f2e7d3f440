"""An answer was written: the send ledger gets a row for each recipient."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from services.ingest.application.ports import Directory
from services.ingest.domain.addresses import normalise, without_tag
from services.ingest.domain.intake import Closing
from services.ingest.domain.sending import Reply, SendRow, send_id


@dataclass(frozen=True, slots=True)
class QueueReply:
    """Send a reply to everybody it names."""

    reply: Reply
    lane: str
    # Of the row that the reply came by, where it came by mail.
    closing: Closing | None = None


class SendQueue(Protocol):
    @property
    def directory(self) -> Directory: ...

    def stage(self, reply: Reply, rows: Sequence[SendRow]) -> None:
        """Stage the reply and its rows in the transaction at hand."""
        ...

    def close(self, closing: Closing) -> None:
        """Close a row together with the others of the batch."""
        ...


def queue_sends(command: QueueReply, ports: SendQueue) -> None:
    """Rows for every recipient, each once; never for a mailbox of our own, and none on a channel that does not send."""
    if command.closing is not None:
        ports.close(command.closing)
    reply = command.reply
    found = ports.directory.find(reply.channel_id)
    if found is None:
        # An answer must not vanish where only this process, or only today, cannot read the channel.
        if not ports.directory.is_unreadable(reply.channel_id):
            return
    elif not found[1].sends:
        return
    # Mail to ourselves would come back as a new message; named to others, it would with their answer to all.
    reply = replace(reply, to=_others(reply.to, ports.directory), cc=_others(reply.cc, ports.directory))
    rows = [
        SendRow(
            send_id=send_id(reply.message_id, recipient),
            ticket_id=reply.ticket_id,
            message_id=reply.message_id,
            channel_id=reply.channel_id,
            recipient=recipient,
            lane=command.lane,
        )
        for recipient in dict.fromkeys(normalise(recipient) for recipient in reply.recipients)
    ]
    if rows:
        ports.stage(reply, rows)


def _others(recipients: Sequence[str], directory: Directory) -> tuple[str, ...]:
    """Those that are addresses and not our own."""
    return tuple(
        recipient
        for recipient in recipients
        if (address := normalise(recipient)) and not directory.is_ours(without_tag(address))
    )
