"""Which role may call what, and what our refusals become."""

from collections.abc import Callable, Mapping
from typing import Any

from chassis.batches import KeyReused
from chassis.errors import Conflict, InvalidField, Refused
from chassis.mongo import Raced
from services.tickets.domain.accounts import ADMIN, AGENT, READ_ONLY, SYSTEM

_READ = frozenset({READ_ONLY, AGENT, ADMIN, SYSTEM})
_WRITE = frozenset({AGENT, ADMIN, SYSTEM})
_ADMIN = frozenset({ADMIN, SYSTEM})
_OURS = frozenset({SYSTEM})

_TICKETS = "relaydesk.tickets.v1.TicketsService"
_CUSTOMERS = "relaydesk.tickets.v1.CustomersService"
_ACCOUNTS = "relaydesk.tickets.v1.AccountsService"

ACCESS: Mapping[str, frozenset[str]] = {
    f"{_TICKETS}/GetTicket": _READ,
    f"{_TICKETS}/GetTickets": _READ,
    f"{_TICKETS}/ListTickets": _READ,
    f"{_TICKETS}/CountTickets": _READ,
    f"{_TICKETS}/ListMessages": _READ,
    f"{_TICKETS}/ListChanges": _READ,
    f"{_TICKETS}/WatchTickets": _READ,
    f"{_TICKETS}/GetSequence": _READ,
    f"{_TICKETS}/CreateTicket": _WRITE,
    f"{_TICKETS}/UpdateTicket": _WRITE,
    f"{_TICKETS}/AddMessage": _WRITE,
    f"{_TICKETS}/MergeTickets": _WRITE,
    f"{_TICKETS}/UnmergeTicket": _WRITE,
    # It names the actor itself.
    f"{_TICKETS}/ApplyCommands": _ADMIN,
    f"{_CUSTOMERS}/GetCustomer": _READ,
    f"{_CUSTOMERS}/FindCustomers": _READ,
    f"{_CUSTOMERS}/ListCustomers": _READ,
    f"{_CUSTOMERS}/ListCustomerChanges": _READ,
    f"{_CUSTOMERS}/ListOrganisations": _READ,
    f"{_CUSTOMERS}/ListOrganisationChanges": _ADMIN,
    f"{_CUSTOMERS}/UpdateCustomer": _WRITE,
    f"{_CUSTOMERS}/AddIdentity": _WRITE,
    f"{_CUSTOMERS}/RemoveIdentity": _WRITE,
    f"{_CUSTOMERS}/AddNote": _WRITE,
    f"{_CUSTOMERS}/MergeCustomers": _WRITE,
    f"{_CUSTOMERS}/UndoMerge": _WRITE,
    # Whoever says what our own domains are says who counts as one of us.
    f"{_CUSTOMERS}/SaveOrganisation": _ADMIN,
    f"{_ACCOUNTS}/ListGroups": _READ,
    f"{_ACCOUNTS}/ListAgents": _READ,
    f"{_ACCOUNTS}/SaveGroup": _ADMIN,
    f"{_ACCOUNTS}/SaveAgent": _ADMIN,
    f"{_ACCOUNTS}/ChangeAgent": _ADMIN,
    f"{_ACCOUNTS}/ListAgentChanges": _ADMIN,
    f"{_ACCOUNTS}/CreateToken": _ADMIN,
    f"{_ACCOUNTS}/ListTokens": _ADMIN,
    f"{_ACCOUNTS}/RevokeToken": _ADMIN,
    f"{_ACCOUNTS}/CheckToken": _OURS,
    f"{_ACCOUNTS}/SignIn": _OURS,
}


def _key_reused(_: KeyReused) -> Refused:
    return InvalidField("idempotency_key", "a key that was not used for another request")


def _raced(_: Raced) -> Refused:
    return Conflict("others write to the same ticket; load it and decide again")


REFUSALS: Mapping[type[Exception], Callable[[Any], Refused]] = {KeyReused: _key_reused, Raced: _raced}
