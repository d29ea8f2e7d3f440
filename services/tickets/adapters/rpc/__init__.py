"""Tickets by gRPC."""

from chassis.rpc import RpcServer
from relaydesk.tickets.v1.accounts_pb2_grpc import add_AccountsServiceServicer_to_server
from relaydesk.tickets.v1.service_pb2_grpc import add_TicketsServiceServicer_to_server
from services.tickets.adapters.rpc.access import ACCESS, REFUSALS
from services.tickets.adapters.rpc.accounts import AccountsRpc
from services.tickets.adapters.rpc.commands import ANSWERING
from services.tickets.adapters.rpc.page_tokens import PageTokens
from services.tickets.adapters.rpc.tickets import TicketsRpc
from services.tickets.adapters.rpc.watch import Tailer

__all__ = ["ACCESS", "ANSWERING", "REFUSALS", "AccountsRpc", "PageTokens", "Tailer", "TicketsRpc", "register"]


def register(server: RpcServer, tickets: TicketsRpc, accounts: AccountsRpc) -> None:
    """Let the server serve both."""
    server.add(add_TicketsServiceServicer_to_server, tickets)
    server.add(add_AccountsServiceServicer_to_server, accounts)
