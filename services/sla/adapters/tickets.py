"""The tickets service, as sla needs it: the log of a ticket, and whose a token is."""

from dataclasses import dataclass
from datetime import datetime

import grpc

from chassis.errors import Unauthenticated
from chassis.stamps import millisecond_of
from chassis.tokens import Principal
from relaydesk.tickets.v1 import accounts_pb2, service_pb2
from relaydesk.tickets.v1.accounts_pb2_grpc import AccountsServiceStub
from relaydesk.tickets.v1.service_pb2_grpc import TicketsServiceStub
from services.sla.adapters.wire import is_merged, snapshot_of, watched_of, writer_of
from services.sla.domain.commands import FillGap
from services.sla.domain.history import Entry
from services.sla.domain.snapshot import Snapshot

# Queries: safe to send again.
RETRIED = (
    "relaydesk.tickets.v1.TicketsService/ListChanges",
    "relaydesk.tickets.v1.TicketsService/ListMessages",
    "relaydesk.tickets.v1.TicketsService/ListTickets",
    "relaydesk.tickets.v1.AccountsService/CheckToken",
)


@dataclass(frozen=True, slots=True)
class ListedTicket:
    """A ticket as it is listed."""

    number: int
    updated_at: datetime
    ticket: Snapshot


class TicketsLog:
    """Reads the whole log of one ticket."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._tickets = TicketsServiceStub(channel)

    def read(self, ticket_id: str) -> FillGap:
        """Raises NotFound or Unavailable."""
        log = self._tickets.ListChanges(service_pb2.ListChangesRequest(ticket_id=ticket_id)).changes
        answer = self._tickets.ListMessages(service_pb2.ListMessagesRequest(ticket_id=ticket_id))
        messages = {message.id: message for message in answer.messages}
        entries = []
        for change in log:
            # What came along by a merge that was undone since is kept elsewhere; the log tells whose it was.
            came = change.came_along if change.HasField("came_along") else None
            message = came or messages.get(change.message_id)
            wrote = writer_of(message) if message is not None else ""
            is_here = message is not None and not is_merged(message)
            at = millisecond_of(message.created_at if message is not None and is_here else change.occurred_at)
            watched = watched_of(change.changes)
            is_opening = change.fact == "TicketOpened"
            if wrote or watched or is_opening:
                entries.append(Entry(change.version, change.index, at, wrote, watched, is_opening))
        whole = _without_hole({change.version for change in log})
        return FillGap(ticket_id, tuple(entry for entry in entries if entry.version <= whole), whole)

    def page(self, size: int, token: str) -> tuple[list[ListedTicket], str]:
        """Tickets in the order in which they came, and the next page's token, empty on the last one. Raises InvalidFields
        for a token of something else, and Unavailable."""
        request = service_pb2.ListTicketsRequest(page_size=size, page_token=token, order_by="created_at")
        answer = self._tickets.ListTickets(request)
        listed = [
            ListedTicket(ticket.number, millisecond_of(ticket.updated_at), snapshot_of(ticket))
            for ticket in answer.tickets
        ]
        return listed, answer.next_page_token


def _without_hole(versions: set[int]) -> int:
    """Up to which version, from the first one on, none is missing."""
    version = 0
    while version + 1 in versions:
        version += 1
    return version


class Accounts:
    """Asks whose a token is."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._accounts = AccountsServiceStub(channel)

    def check(self, token: str) -> Principal | None:
        """None for a token that nobody has. Raises Unavailable."""
        try:
            found = self._accounts.CheckToken(accounts_pb2.CheckTokenRequest(token=token))
        except Unauthenticated:
            return None
        if not found.token_id:
            return None
        return Principal(found.token_id, found.role, found.agent_id, found.name)
