"""Tickets, customers and accounts by gRPC."""

from chassis.rpc import RpcServer
from relaydesk.tickets.v1.accounts_pb2_grpc import add_AccountsServiceServicer_to_server
from relaydesk.tickets.v1.customers_pb2_grpc import add_CustomersServiceServicer_to_server
from relaydesk.tickets.v1.service_pb2_grpc import add_TicketsServiceServicer_to_server
from services.tickets.adapters.rpc import commands, customer_commands, merging
from services.tickets.adapters.rpc.access import ACCESS, REFUSALS
from services.tickets.adapters.rpc.accounts import AccountsRpc
from services.tickets.adapters.rpc.customers import CustomersRpc
from services.tickets.adapters.rpc.page_tokens import PageTokens
from services.tickets.adapters.rpc.tickets import TicketsRpc
from services.tickets.adapters.rpc.watch import Tailer

__all__ = [
    "ACCESS",
    "ANSWERING",
    "REFUSALS",
    "AccountsRpc",
    "CustomersRpc",
    "PageTokens",
    "Tailer",
    "TicketsRpc",
    "register",
]

ANSWERING = {**commands.ANSWERING, **merging.ANSWERING, **customer_commands.ANSWERING}


def register(server: RpcServer, tickets: TicketsRpc, customers: CustomersRpc, accounts: AccountsRpc) -> None:
    """Let the server serve all of them."""
    server.add(add_CustomersServiceServicer_to_server, customers)
    server.add(add_TicketsServiceServicer_to_server, tickets)
    server.add(add_AccountsServiceServicer_to_server, accounts)
