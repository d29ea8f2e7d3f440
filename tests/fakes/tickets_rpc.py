"""A tickets service that only takes commands, checks one token, reads messages back and lets watch, as a gRPC server."""

# ruff: noqa: N802 - the methods have the names of the contract

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc

from relaydesk.tickets.v1 import accounts_pb2, service_pb2, ticket_pb2
from relaydesk.tickets.v1.accounts_pb2_grpc import (
    add_AccountsServiceServicer_to_server,
)
from relaydesk.tickets.v1.service_pb2_grpc import add_TicketsServiceServicer_to_server


class FakeTickets:
    """Remembers every command by its key: a repeat gets the first answer and does nothing."""

    def __init__(self) -> None:
        self.commands: dict[str, service_pb2.TicketCommand] = {}
        self.calls = 0
        # Ticket ids whose commands are refused, with the reason.
        self.refused: dict[str, str] = {}
        self.tickets: dict[str, ticket_pb2.Ticket] = {}
        self.messages: dict[str, list[ticket_pb2.Message]] = {}
        self.changes: dict[str, list[service_pb2.Change]] = {}
        # What ListTickets answers, in this order.
        self.listed: list[ticket_pb2.Ticket] = []
        self.tokens: dict[str, str] = {}
        # What a watch is answered before it ends, and who asked for one.
        self.stream: list[service_pb2.WatchTicketsResponse] = []
        self.watches: list[service_pb2.WatchTicketsRequest] = []
        # How many calls fail, as when the database is away, after the commands were done.
        self.failing = 0
        self.failure = grpc.StatusCode.UNAVAILABLE
        self._lock = threading.Lock()
        self._server = grpc.server(ThreadPoolExecutor(8))
        add_TicketsServiceServicer_to_server(_Unfinished(self), self._server)  # type: ignore[arg-type]
        add_AccountsServiceServicer_to_server(_Unfinished(self), self._server)  # type: ignore[arg-type]
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def ApplyCommands(
        self, request: service_pb2.ApplyCommandsRequest, context: Any
    ) -> service_pb2.ApplyCommandsResponse:
        with self._lock:
            self.calls += 1
            answer = service_pb2.ApplyCommandsResponse(outcomes=[self._apply(c) for c in request.commands])
            failing, self.failing = self.failing > 0, max(0, self.failing - 1)
        if failing:
            context.abort(self.failure, "the answer is lost")
        return answer

    def _apply(self, command: service_pb2.TicketCommand) -> service_pb2.CommandOutcome:
        key = command.idempotency_key
        reason = self.refused.get(command.ticket_id, "")
        if not reason:
            self.commands.setdefault(key, command)
        return service_pb2.CommandOutcome(
            idempotency_key=key, outcome="refused" if reason else "done", reason=reason
        )

    def GetTickets(
        self, request: service_pb2.GetTicketsRequest, context: Any
    ) -> service_pb2.GetTicketsResponse:
        found = [self.tickets[ticket_id] for ticket_id in request.ids if ticket_id in self.tickets]
        return service_pb2.GetTicketsResponse(tickets=found)

    def ListMessages(
        self, request: service_pb2.ListMessagesRequest, context: Any
    ) -> service_pb2.ListMessagesResponse:
        return service_pb2.ListMessagesResponse(messages=self.messages.get(request.ticket_id, []))

    def ListChanges(
        self, request: service_pb2.ListChangesRequest, context: Any
    ) -> service_pb2.ListChangesResponse:
        return service_pb2.ListChangesResponse(changes=self.changes.get(request.ticket_id, []))

    def ListTickets(
        self, request: service_pb2.ListTicketsRequest, context: Any
    ) -> service_pb2.ListTicketsResponse:
        begin = int(request.page_token or 0)
        end = begin + request.page_size
        token = str(end) if end < len(self.listed) else ""
        return service_pb2.ListTicketsResponse(tickets=self.listed[begin:end], next_page_token=token)

    def WatchTickets(
        self, request: service_pb2.WatchTicketsRequest, context: Any
    ) -> Iterator[service_pb2.WatchTicketsResponse]:
        self.watches.append(request)
        yield from self.stream

    def CheckToken(
        self, request: accounts_pb2.CheckTokenRequest, context: Any
    ) -> accounts_pb2.CheckTokenResponse:
        role = self.tokens.get(request.token)
        if role is None:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "unknown token")
        return accounts_pb2.CheckTokenResponse(token_id="1", role=role or "")

    def steps(self) -> dict[str, list[str]]:
        """The steps done, by key, as one reads them."""
        return {
            key: [_read(step) for step in command.steps] for key, command in sorted(self.commands.items())
        }

    def stop(self) -> None:
        self._server.stop(0).wait()


class _Unfinished:
    """Stands in for the methods that a fake does not have."""

    def __init__(self, fake: object) -> None:
        self._fake = fake

    def __getattr__(self, method: str) -> Any:
        return getattr(self._fake, method, self._unknown)

    def _unknown(self, request: Any, context: Any) -> None:
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "the fake does not do this")


def _read(step: service_pb2.TicketStep) -> str:
    kind = step.WhichOneof("step")
    if kind == "set_field":
        return f"{step.set_field.field}={step.set_field.value}"
    if kind == "add_entry":
        return f"{step.add_entry.visibility}: {step.add_entry.text}"
    return f"{kind} {getattr(step, str(kind))}"
