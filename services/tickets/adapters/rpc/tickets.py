"""TicketsService: queries go to the store, writes through group commit, watches to the tailer."""

# ruff: noqa: N802 - the methods have the names of the contract

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from chassis import rpc
from chassis.batches import Outcome, Task
from chassis.errors import InvalidField, NotFound, Refused, Unavailable
from chassis.group_commit import GroupCommitter
from chassis.stamps import stamp
from chassis.units import Cause
from relaydesk.tickets.v1 import service_pb2, ticket_pb2
from relaydesk.tickets.v1.service_pb2_grpc import TicketsServiceServicer
from services.tickets.adapters.mongo.documents import actor_of
from services.tickets.adapters.mongo.log import MongoLog
from services.tickets.adapters.mongo.message_documents import came_along_of
from services.tickets.adapters.mongo.queries import MongoQueries, position_of
from services.tickets.adapters.nouns import (
    actor_to_wire,
    message_to_wire,
    set_message,
    set_reach,
    ticket_to_wire,
)
from services.tickets.adapters.rpc.callers import Callers
from services.tickets.adapters.rpc.commands import create_of, message_of, steps_of, update_of
from services.tickets.adapters.rpc.listing import LARGEST_PAGE, order_of, page_size_of, selection_of
from services.tickets.adapters.rpc.merging import merge_of, unmerge_of
from services.tickets.adapters.rpc.page_tokens import PageTokens
from services.tickets.adapters.rpc.watch import Tailer
from services.tickets.adapters.rpc.writes import time_left, write
from services.tickets.domain.message import Message
from services.tickets.domain.ticket import Ticket

MOST_COMMANDS = 500
MOST_VIEWS = 50
# Below what a client takes in one message unless it was told otherwise (4 MiB).
MOST_BYTES = 3_500_000
_SHORTENED = 500


class TicketsRpc(TicketsServiceServicer):
    """Implements the contract; see proto/relaydesk/tickets/v1/service.proto."""

    def __init__(
        self,
        queries: MongoQueries,
        committer: GroupCommitter,
        callers: Callers,
        tokens: PageTokens,
        log: MongoLog,
        tailer: Tailer,
    ) -> None:
        self._queries = queries
        self._committer = committer
        self._callers = callers
        self._tokens = tokens
        self._log = log
        self._tailer = tailer

    # -------------------------------------------------------------------------------------------------------- queries

    def GetTicket(self, request: service_pb2.GetTicketRequest, context: Any) -> service_pb2.GetTicketResponse:
        if bool(request.id) == bool(request.number):
            raise InvalidField("id", "an id or a number, one of the two")
        queries = self._queries
        ticket = queries.ticket(request.id) if request.id else queries.numbered(request.number)
        if ticket is None:
            raise NotFound(f"no ticket {request.id or request.number!r}")
        response = service_pb2.GetTicketResponse(ticket=ticket_to_wire(ticket))
        set_reach(response.ticket.requester, queries.reach(ticket.requester))
        return response

    def GetTickets(
        self, request: service_pb2.GetTicketsRequest, context: Any
    ) -> service_pb2.GetTicketsResponse:
        if len(request.ids) > LARGEST_PAGE:
            raise InvalidField("ids", f"at most {LARGEST_PAGE}", str(len(request.ids)))
        found = self._queries.tickets(list(dict.fromkeys(request.ids)))
        return service_pb2.GetTicketsResponse(tickets=[ticket_to_wire(ticket) for ticket in found])

    def ListTickets(
        self, request: service_pb2.ListTicketsRequest, context: Any
    ) -> service_pb2.ListTicketsResponse:
        size, order = page_size_of(request), order_of(request)
        after = self._tokens.read(request)
        # One more than asked for tells whether there is a next page.
        tickets = self._queries.page(selection_of(request), order, after, size + 1)
        wires: list[ticket_pb2.Ticket] = []
        room = MOST_BYTES
        for ticket in tickets[:size]:
            wire = ticket_to_wire(ticket)
            room -= wire.ByteSize()
            if room < 0 and wires:
                # A page may be shorter than asked for; the token goes on from where it ends.
                break
            wires.append(wire)
        token = ""
        if len(tickets) > len(wires):
            token = self._tokens.write(request, position_of(tickets[len(wires) - 1], order))
        return service_pb2.ListTicketsResponse(tickets=wires, next_page_token=token)

    def CountTickets(
        self, request: service_pb2.CountTicketsRequest, context: Any
    ) -> service_pb2.CountTicketsResponse:
        if len(request.views) > MOST_VIEWS:
            raise InvalidField("views", f"at most {MOST_VIEWS}", str(len(request.views)))
        selections = [selection_of(view, f"views[{place}].") for place, view in enumerate(request.views)]
        return service_pb2.CountTicketsResponse(counts=[self._queries.count(wanted) for wanted in selections])

    def ListMessages(
        self, request: service_pb2.ListMessagesRequest, context: Any
    ) -> service_pb2.ListMessagesResponse:
        messages = self._queries.messages(request.ticket_id, public_only=request.public_only)
        if not messages:
            self._existing(request.ticket_id)
        return service_pb2.ListMessagesResponse(messages=_within_an_answer(messages))

    def ListChanges(
        self, request: service_pb2.ListChangesRequest, context: Any
    ) -> service_pb2.ListChangesResponse:
        rows = self._queries.changes(request.ticket_id, request.from_version)
        if not rows:
            self._existing(request.ticket_id)
        return service_pb2.ListChangesResponse(changes=[_change_to_wire(row) for row in rows])

    def GetSequence(
        self, request: service_pb2.GetSequenceRequest, context: Any
    ) -> service_pb2.GetSequenceResponse:
        return service_pb2.GetSequenceResponse(sequence=self._log.last())

    def _existing(self, ticket_id: str) -> Ticket:
        ticket = self._queries.ticket(ticket_id)
        if ticket is None:
            raise NotFound(f"no ticket {ticket_id!r}")
        return ticket

    # --------------------------------------------------------------------------------------------------------- writes

    def CreateTicket(
        self, request: service_pb2.CreateTicketRequest, context: Any
    ) -> service_pb2.CreateTicketResponse:
        command = create_of(request, self._callers.actor())
        return write(self._committer, request, command, service_pb2.CreateTicketResponse)

    def UpdateTicket(
        self, request: service_pb2.UpdateTicketRequest, context: Any
    ) -> service_pb2.UpdateTicketResponse:
        command = update_of(request, self._callers.actor())
        return write(self._committer, request, command, service_pb2.UpdateTicketResponse)

    def AddMessage(
        self, request: service_pb2.AddMessageRequest, context: Any
    ) -> service_pb2.AddMessageResponse:
        command = message_of(request, self._callers.actor())
        return write(self._committer, request, command, service_pb2.AddMessageResponse)

    def MergeTickets(
        self, request: service_pb2.MergeTicketsRequest, context: Any
    ) -> service_pb2.MergeTicketsResponse:
        command = merge_of(request, self._callers.actor())
        return write(self._committer, request, command, service_pb2.MergeTicketsResponse)

    def UnmergeTicket(
        self, request: service_pb2.UnmergeTicketRequest, context: Any
    ) -> service_pb2.UnmergeTicketResponse:
        command = unmerge_of(request, self._callers.actor())
        return write(self._committer, request, command, service_pb2.UnmergeTicketResponse)

    def ApplyCommands(
        self, request: service_pb2.ApplyCommandsRequest, context: Any
    ) -> service_pb2.ApplyCommandsResponse:
        if len(request.commands) > MOST_COMMANDS:
            raise InvalidField("commands", f"at most {MOST_COMMANDS}", str(len(request.commands)))
        principal = rpc.call().principal.token_id
        # No digest: a repeat gets the first answer, even where the rule was changed in between.
        tasks = [
            Task(f"{principal}:{wire.idempotency_key}", steps_of(wire, f"commands[{place}]"), _cause_of(wire))
            for place, wire in enumerate(request.commands)
        ]
        try:
            outcomes = self._committer.call_all(tasks, time_left())
        except TimeoutError:
            raise Unavailable("the store") from None
        keys = (wire.idempotency_key for wire in request.commands)
        return service_pb2.ApplyCommandsResponse(outcomes=map(_outcome_to_wire, keys, outcomes))

    # -------------------------------------------------------------------------------------------------------- streams

    async def WatchTickets(
        self, request: service_pb2.WatchTicketsRequest, context: Any
    ) -> AsyncIterator[service_pb2.WatchTicketsResponse]:
        async for answer in self._tailer.watch(request):
            yield answer


def _within_an_answer(messages: Sequence[Message]) -> list[ticket_pb2.Message]:
    """All of them, the oldest shortened where they would not fit into one answer."""
    room = MOST_BYTES
    wires: list[ticket_pb2.Message] = []
    for message in reversed(messages):
        wire = message_to_wire(message, with_html=True)
        if wire.ByteSize() > room:
            for part in ("html", "said", "said_html"):
                wire.ClearField(part)
            wire.text = wire.text[:_SHORTENED]
            wire.is_truncated = True
        room -= wire.ByteSize()
        wires.append(wire)
    return wires[::-1]


def _cause_of(wire: service_pb2.TicketCommand) -> Cause:
    return Cause(wire.cause_id, wire.chain_id, wire.depth, wire.traceparent)


def _outcome_to_wire(key: str, outcome: Outcome) -> service_pb2.CommandOutcome:
    if outcome.error is not None and not isinstance(outcome.error, Refused):
        # What was done of the rest is known by its keys when the caller asks again.
        raise outcome.error
    if outcome.error is not None:
        return service_pb2.CommandOutcome(idempotency_key=key, outcome="refused", reason=str(outcome.error))
    assert isinstance(outcome.answer, bytes)
    wire = service_pb2.CommandOutcome.FromString(outcome.answer)
    wire.idempotency_key = key
    return wire


def _change_to_wire(row: Mapping[str, Any]) -> service_pb2.Change:
    wire = service_pb2.Change(
        event_id=row["_id"],
        version=row["version"],
        index=row["index"],
        fact=row["fact"],
        actor=actor_to_wire(actor_of(row["actor"])),
        changes=[
            ticket_pb2.FieldChange(field=name, old=old, new=new) for name, old, new in row.get("changes", ())
        ],
        message_id=row.get("message_id", ""),
        cause_id=row.get("cause_id", ""),
        chain_id=row.get("chain_id", ""),
        depth=row.get("depth", 0),
    )
    stamp(wire.occurred_at, row["at"])
    if "came_along" in row:
        set_message(wire.came_along, came_along_of(row), with_html=False)
    return wire
