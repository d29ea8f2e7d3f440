"""Tickets that the rows of another service name."""

from collections.abc import Iterable, Mapping

from services.console.domain.tickets import Ticket
from services.console.pages.frame import Console
from services.console.pages.part import part


def tickets_by_id(console: Console, ticket_ids: Iterable[str]) -> Mapping[str, Ticket]:
    """Up to 200 of them, asked for at once; without those that are gone, and empty where none can be read."""
    wanted = set(ticket_ids)
    found = part(lambda: console.desk.tickets.get_tickets(wanted)).value if wanted else None
    return {ticket.ticket_id: ticket for ticket in found or ()}
