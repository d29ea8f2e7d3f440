"""The tickets service, as rules needs it: where commands go, a message's whole text, and whose a token is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import grpc

from chassis.errors import NotFound, PermissionDenied, TooBusy, Unauthenticated, Unavailable
from chassis.tokens import Principal
from relaydesk.tickets.v1 import accounts_pb2, service_pb2
from relaydesk.tickets.v1.accounts_pb2_grpc import AccountsServiceStub
from relaydesk.tickets.v1.service_pb2_grpc import TicketsServiceStub
from services.rules.adapters.wire import ticket_of
from services.rules.domain.heard import Ticket

_MOST_TICKETS = 200
# Queries, and commands that carry a key: safe to send again.
RETRIED = (
    "relaydesk.tickets.v1.TicketsService/ApplyCommands",
    "relaydesk.tickets.v1.TicketsService/GetTickets",
    "relaydesk.tickets.v1.TicketsService/ListMessages",
    "relaydesk.tickets.v1.AccountsService/CheckToken",
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What tickets made of a command: done, unchanged, or refused with its reason."""

    outcome: str
    reason: str = ""

    @property
    def result(self) -> str:
        """As an explanation shows it."""
        return f"{self.outcome}: {self.reason}" if self.reason else self.outcome


class TicketCommands:
    """Sends commands, many at once."""

    def __init__(self, channel: grpc.Channel, deadline: timedelta) -> None:
        self._tickets = TicketsServiceStub(channel)
        self._deadline = deadline.total_seconds()

    def apply(self, request: service_pb2.ApplyCommandsRequest) -> list[Answer]:
        """An answer a command, in order. Raises Unavailable: what became of them is not known then, and they are to be
        sent again with the same keys."""
        try:
            response = self._tickets.ApplyCommands(request, timeout=self._deadline)
        except (TooBusy, Unauthenticated, PermissionDenied) as refusal:
            # No fault of the facts in hand: they wait until tickets takes us again.
            raise Unavailable(f"tickets ({refusal})") from refusal
        return [Answer(outcome.outcome, outcome.reason) for outcome in response.outcomes]


class PresentTickets:
    """Reads tickets as they are by now, many at once."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._tickets = TicketsServiceStub(channel)

    def read(self, ticket_ids: Sequence[str]) -> list[Ticket]:
        """Those of these that there are. Raises Unavailable."""
        found: list[Ticket] = []
        for start in range(0, len(ticket_ids), _MOST_TICKETS):
            request = service_pb2.GetTicketsRequest(ids=ticket_ids[start : start + _MOST_TICKETS])
            found += map(ticket_of, self._tickets.GetTickets(request).tickets)
        return found


class Messages:
    """Reads what is too long to be kept with an explanation."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._tickets = TicketsServiceStub(channel)

    def text(self, ticket_id: str, message_id: str) -> str | None:
        """The whole text; None where the message is not there. Raises Unavailable."""
        try:
            answer = self._tickets.ListMessages(service_pb2.ListMessagesRequest(ticket_id=ticket_id))
        except NotFound:
            return None
        return next((message.text for message in answer.messages if message.id == message_id), None)


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
