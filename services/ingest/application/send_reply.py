"""One attempt to send one message to one recipient."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from chassis.errors import Unavailable
from chassis.failpoints import failpoint
from services.ingest.application.ports import (
    Clock,
    Conversations,
    Directory,
    FileStore,
    LiveChannel,
    Paces,
    SendLedger,
)
from services.ingest.domain.channel import Channel
from services.ingest.domain.history import Earlier
from services.ingest.domain.pace import resting
from services.ingest.domain.sending import (
    NextStep,
    OutgoingFile,
    Reply,
    SendResult,
    SendRow,
    SendState,
    Sent,
    after_attempt,
)


@dataclass(frozen=True, slots=True)
class SendPorts:
    sends: SendLedger
    files: FileStore
    directory: Directory
    clock: Clock
    counts: "SendCounts"
    conversations: Conversations
    paces: Paces


class SendCounts(Protocol):
    def marked(self, channel_id: str, state: SendState) -> None:
        """A row came to its end."""
        ...


def send_reply(send_id: str, ports: SendPorts) -> SendState | None:
    """Claim the row, send, mark; None where there was nothing to do. Asking twice sends once: the claim is fenced.

    Where the process dies before the mail is handed over the row is tried again, later on it becomes `unknown`.
    """
    claimed = ports.sends.claim(send_id, ports.clock.now())
    if claimed is None:
        return None
    row, reply = claimed
    try:
        found = ports.directory.find(row.channel_id)
        now = ports.clock.now()
        per_minute = found[1].sends_per_minute if found is not None else 0
        if found is not None and found[0].is_paused:
            turn = resting(now)
        else:
            turn = ports.paces.turn(row.channel_id, per_minute, row.slot, now)
        if turn.at > now:
            ports.sends.postpone(row, turn, now)
            return SendState.QUEUED
        result, provider_message_id = _attempt(row, reply, found, ports)
        failpoint("after-250-before-mark")
        step = after_attempt(row.attempts, result, ports.clock.now())
        _mark(row, step, provider_message_id, ports)
        # What became of this one is written down by now: where the pace cannot be, the next one meets the same server.
        with contextlib.suppress(Unavailable):
            if result.slows_down:
                ports.paces.slow_down(row.channel_id, turn, result.reason, ports.clock.now())
            elif result.outcome in (Sent.SENT, Sent.PERMANENT):
                ports.paces.recover(row.channel_id, turn)
    finally:
        ports.sends.release(row)
    return step.state


def give_up_abandoned(row: SendRow, may_have_left: bool, ports: SendPorts) -> NextStep:
    """What becomes of a row whose process died while sending."""
    outcome = Sent.UNKNOWN if may_have_left else Sent.TEMPORARY
    reason = (
        "the process died while the mail was handed over"
        if may_have_left
        else "the process died before sending"
    )
    now = ports.clock.now()
    step = after_attempt(row.attempts, SendResult(outcome, reason), now)
    if step.state is SendState.QUEUED:
        step = NextStep(step.state, step.reason, now)
    _mark(row, step, row.provider_message_id, ports, abandoned=may_have_left)
    return step


def _mark(
    row: SendRow,
    step: NextStep,
    provider_message_id: str,
    ports: SendPorts,
    *,
    abandoned: bool | None = None,
) -> None:
    # A late owner finds that another has marked the row; what that one wrote stands.
    marked = ports.sends.mark(row, step, provider_message_id, ports.clock.now(), abandoned=abandoned)
    if marked and step.state is not SendState.QUEUED:
        ports.counts.marked(row.channel_id, step.state)


def _attempt(
    row: SendRow, reply: Reply, found: tuple[Channel, LiveChannel] | None, ports: SendPorts
) -> tuple[SendResult, str]:
    if found is None:
        return SendResult(Sent.TEMPORARY, f"the channel {row.channel_id} is not there"), ""
    _, channel = found
    if not channel.sends:
        return SendResult(Sent.PERMANENT, f"nothing leaves by the channel {row.channel_id}"), ""
    known = ports.files.describe(reply.attachment_ids)
    files = [
        OutgoingFile(file.name, file.mime_type, ports.files.read(file.attachment_id))
        for file in known.values()
    ]
    earlier: Sequence[Earlier] = ()
    # Not for a machine's answer: a mail with a forged sender must not carry its words to somebody else.
    if channel.quotes_history and not reply.is_automatic:
        try:
            earlier = ports.conversations.earlier(reply.ticket_id, reply.message_id)
        except Unavailable:
            return SendResult(Sent.TEMPORARY, "what the answer quotes cannot be read now"), ""
    composed = channel.compose(reply, row.recipient, files, earlier, ports.clock.now())

    def before_data() -> None:
        ports.sends.begin_data(row, composed.provider_message_id)
        failpoint("between-data-and-250")

    return channel.send(composed, before_data), composed.provider_message_id
