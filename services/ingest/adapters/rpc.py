"""IngestService: requests become commands and queries, answers become messages of the contract."""

# ruff: noqa: N802 - the methods have the names of the contract

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

import anyio.to_thread

from chassis.clock import Clock
from chassis.errors import Conflict, InvalidField, NotFound, Refused
from chassis.ids import new_id
from chassis.mongo import Raced
from chassis.rpc import Access, Refusals, RpcServer
from relaydesk.ingest.v1 import service_pb2 as pb
from relaydesk.ingest.v1.service_pb2_grpc import IngestServiceServicer, add_IngestServiceServicer_to_server
from services.ingest.adapters.channel_desk import ChannelDesk, channel_to_wire
from services.ingest.adapters.channels_rpc import EDITORS
from services.ingest.adapters.directory import ChannelDirectory
from services.ingest.adapters.intake_queues import IntakePublisher
from services.ingest.adapters.ledger_rpc import LedgerRpc
from services.ingest.adapters.mongo.files import MongoFiles
from services.ingest.adapters.mongo.intake import MongoIntake
from services.ingest.adapters.mongo.mailboxes import MailboxState, MongoMailboxes
from services.ingest.adapters.mongo.sends import MongoSends
from services.ingest.adapters.places import page_size_of, place_of, token_of
from services.ingest.adapters.wire import stamp
from services.ingest.application.retry_quarantined import retry_quarantined
from services.ingest.domain.received import AttachmentPart
from services.ingest.domain.sending import SendRow

_PIECE = 1024 * 1024
_UPLOAD = 25 * 1024 * 1024
_READERS = frozenset({"admin", "agent", "system", "read_only"})
_AGENTS = frozenset({"admin", "agent", "system"})
_ADMINS = frozenset({"admin", "system"})
_SERVICE = "relaydesk.ingest.v1.IngestService"
ACCESS: Access = {
    f"{_SERVICE}/ListChannels": _READERS,
    f"{_SERVICE}/GetChannel": _READERS,
    f"{_SERVICE}/SaveChannel": EDITORS,
    f"{_SERVICE}/GetChannelKey": _ADMINS,
    f"{_SERVICE}/TestChannel": EDITORS,
    f"{_SERVICE}/GetLedger": _READERS,
    f"{_SERVICE}/ListLedgerRows": _READERS,
    f"{_SERVICE}/ListQuarantine": _READERS,
    f"{_SERVICE}/RetryQuarantined": _ADMINS,
    f"{_SERVICE}/ReadRawMessage": _AGENTS,
    f"{_SERVICE}/ReadAttachment": _READERS,
    f"{_SERVICE}/WriteAttachment": _AGENTS,
    f"{_SERVICE}/ListSends": _READERS,
}


def _raced(_: Raced) -> Refused:
    return Conflict("another was first; read again")


REFUSALS: Refusals = {Raced: _raced}


class IngestRpc(LedgerRpc, IngestServiceServicer):
    """Plain methods answer in threads, streams on the event loop with their reads in threads."""

    def __init__(
        self,
        *,
        desk: ChannelDesk,
        directory: ChannelDirectory,
        intake: MongoIntake,
        files: MongoFiles,
        sends: MongoSends,
        mailboxes: MongoMailboxes,
        publisher: IntakePublisher,
        clock: Clock,
    ) -> None:
        self._desk = desk
        self._channels = desk.channels
        self._directory = directory
        self._intake = intake
        self._files = files
        self._sends = sends
        self._mailboxes = mailboxes
        self._publisher = publisher
        self._clock = clock

    # ------------------------------------------------------------------------------------------------- channels

    def ListChannels(self, request: pb.ListChannelsRequest, _: Any) -> pb.ListChannelsResponse:
        states = {state.channel_id: state for state in self._mailboxes.states()}
        answer = pb.ListChannelsResponse()
        for channel in self._channels.all():
            wire = answer.channels.add()
            wire.CopyFrom(channel_to_wire(channel))
            found, state = self._directory.find(channel.channel_id), states.get(channel.channel_id)
            if state is not None and found is not None and found[1].remote is not None:
                wire.fetching.CopyFrom(_fetching_to_wire(state))
        return answer

    def GetChannel(self, request: pb.GetChannelRequest, _: Any) -> pb.GetChannelResponse:
        return pb.GetChannelResponse(channel=channel_to_wire(self._channels.get(request.channel_id)))

    def SaveChannel(self, request: pb.SaveChannelRequest, _: Any) -> pb.SaveChannelResponse:
        applied = self._desk.apply(request.channel, request.expected_version, {})
        return pb.SaveChannelResponse(channel=channel_to_wire(applied.channel))

    def GetChannelKey(self, request: pb.GetChannelKeyRequest, _: Any) -> pb.GetChannelKeyResponse:
        key = self._channels.key(request.channel_id)
        self._directory.look_again()
        return pb.GetChannelKeyResponse(key=key)

    def TestChannel(self, request: pb.TestChannelRequest, _: Any) -> pb.TestChannelResponse:
        # Who acts for a person without the right must not try passwords either.
        self._desk.editors.editor()
        channel = self._channels.get(request.channel_id)
        return pb.TestChannelResponse(checks=self._desk.checks(channel))

    # ----------------------------------------------------------------------------------------------- quarantine

    def ListQuarantine(self, request: pb.ListQuarantineRequest, _: Any) -> pb.ListQuarantineResponse:
        size = page_size_of(request.page_size)
        after = place_of(request.page_token) if request.page_token else None
        rows = self._intake.quarantined(request.channel_id, size + 1, after)
        answer = pb.ListQuarantineResponse()
        for row in rows[:size]:
            message = pb.QuarantinedMessage(
                intake_id=row.intake_id,
                channel_id=row.channel_id,
                reason=row.reason,
                size=row.size,
                received_at=stamp(row.received_at),
            )
            setattr(message, "from", row.sender)
            answer.messages.append(message)
        if len(rows) > size:
            last = rows[size - 1]
            answer.next_page_token = token_of(last.received_at, last.intake_id)
        return answer

    def RetryQuarantined(self, request: pb.RetryQuarantinedRequest, _: Any) -> pb.RetryQuarantinedResponse:
        if not request.intake_ids and not request.channel_id:
            raise InvalidField("intake_ids", "at least one id, or a channel_id")
        rows = retry_quarantined(list(request.intake_ids), request.channel_id, self._intake, self._clock)
        self._publisher.offer(rows)
        return pb.RetryQuarantinedResponse(retried=len(rows))

    # ---------------------------------------------------------------------------------------------------- bytes

    async def ReadRawMessage(
        self, request: pb.ReadRawMessageRequest, _: Any
    ) -> AsyncIterator[pb.ReadRawMessageResponse]:
        found = await anyio.to_thread.run_sync(self._intake.raw, request.intake_id)
        if found is None:
            raise NotFound(f"no message {request.intake_id}")
        async for piece in _in_threads(found):
            yield pb.ReadRawMessageResponse(data=piece)

    async def ReadAttachment(
        self, request: pb.ReadAttachmentRequest, _: Any
    ) -> AsyncIterator[pb.ReadAttachmentResponse]:
        file, pieces = await anyio.to_thread.run_sync(self._files.pieces, request.attachment_id)
        first = True
        async for piece in _in_threads(pieces):
            if first:
                yield pb.ReadAttachmentResponse(
                    name=file.name, mime_type=file.mime_type, size=file.size, data=piece
                )
                first = False
            else:
                yield pb.ReadAttachmentResponse(data=piece)

    async def WriteAttachment(
        self, requests: AsyncIterator[pb.WriteAttachmentRequest], _: Any
    ) -> pb.WriteAttachmentResponse:
        data = bytearray()
        name = mime_type = ""
        async for request in requests:
            name, mime_type = name or request.name, mime_type or request.mime_type
            data += request.data
            if len(data) > _UPLOAD:
                raise InvalidField("data", f"at most {_UPLOAD} bytes")
        if not name:
            raise InvalidField("name", "a file name in the first message")
        part = AttachmentPart(name[:200], mime_type or "application/octet-stream", bytes(data))
        attachment_id = new_id()
        await anyio.to_thread.run_sync(self._files.keep, [(attachment_id, part)])
        return pb.WriteAttachmentResponse(attachment_id=attachment_id, size=len(data))

    # ---------------------------------------------------------------------------------------------------- sends

    def ListSends(self, request: pb.ListSendsRequest, _: Any) -> pb.ListSendsResponse:
        size = page_size_of(request.page_size)
        rows = self._sends.list(request.ticket_id, list(request.states), size + 1, request.page_token)
        answer = pb.ListSendsResponse(sends=[_send_to_wire(row) for row in rows[:size]])
        if len(rows) > size:
            answer.next_page_token = rows[size - 1].send_id
        return answer


async def _in_threads(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    """Pieces of at most 1 MiB; each is read from the store in a thread."""
    source: Iterator[bytes] = iter(pieces)

    def step() -> bytes | None:
        return next(source, None)

    while (piece := await anyio.to_thread.run_sync(step)) is not None:
        for start in range(0, max(len(piece), 1), _PIECE):
            yield piece[start : start + _PIECE]


def _fetching_to_wire(state: MailboxState) -> pb.Fetching:
    return pb.Fetching(
        trouble=state.trouble,
        waiting=state.waiting,
        looked_at=stamp(state.looked_at) if state.looked_at else None,
    )


def _send_to_wire(row: SendRow) -> pb.Send:
    return pb.Send(
        id=row.send_id,
        ticket_id=row.ticket_id,
        message_id=row.message_id,
        channel_id=row.channel_id,
        recipient=row.recipient,
        state=row.state.value,
        reason=row.reason,
        attempts=row.attempts,
        due_at=stamp(row.due_at) if row.due_at else None,
        updated_at=stamp(row.updated_at) if row.updated_at else None,
        provider_message_id=row.provider_message_id,
    )


def add_to(server: RpcServer, rpc: IngestRpc) -> None:
    """Serve it."""
    server.add(add_IngestServiceServicer_to_server, rpc)
