"""Another system or an agent changes a ticket."""

from dataclasses import replace

from chassis.errors import Conflict, NotFound
from services.tickets.application.check_fields import check_sender, check_value
from services.tickets.application.find_thread import end_of_merges
from services.tickets.application.ports import Ports
from services.tickets.domain.checks import Checks
from services.tickets.domain.commands import UpdateTicket
from services.tickets.domain.events import TicketChanged
from services.tickets.domain.merged import IsMerged
from services.tickets.domain.people import normal_email
from services.tickets.domain.tags import sorted_tags
from services.tickets.domain.ticket import Change, Ticket, merged


def update_ticket(command: UpdateTicket, ports: Ports) -> Ticket:
    """Change what is named; where nothing changes there is no version. Raises NotFound, Conflict, InvalidField(s)."""
    ticket = current(command.ticket_id, command.expected_version, ports)
    _check(command, ports)
    at = ports.now
    draft = ticket.next_version()
    changes: list[Change] = []
    for name, value in command.values.items():
        changes += draft.set(name, value, at)
    if command.tags is not None:
        changes += draft.set_tags(sorted_tags(command.tags), at)
    if command.fields is not None:
        for name in sorted({*draft.fields, *command.fields}):
            changes += draft.set_field(name, command.fields.get(name, ""), at)
    if command.requester is not None:
        sender = replace(command.requester, email=normal_email(command.requester.email))
        changes += draft.set_requester(ports.requesters.find_or_make(ticket.channel, sender), at)
    if not changes:
        return ticket
    ports.tickets.save(draft, [TicketChanged(draft, merged(changes), command.actor)])
    return draft


def current(ticket_id: str, expected_version: int, ports: Ports) -> Ticket:
    """The ticket to be changed. Raises NotFound, Conflict, and IsMerged where it is part of another."""
    ticket = known(ticket_id, expected_version, ports)
    if ticket.is_merged:
        end = end_of_merges(ticket, ports)
        raise IsMerged(f"is_merged: #{ticket.number} is part of #{end.number}; change that one")
    return ticket


def known(ticket_id: str, expected_version: int, ports: Ports) -> Ticket:
    """The ticket, if it is there and as expected (0: whatever it is). Raises NotFound, Conflict."""
    ticket = ports.tickets.get(ticket_id)
    if ticket is None:
        raise NotFound(f"no ticket {ticket_id!r}")
    if expected_version and ticket.version != expected_version:
        raise Conflict(f"ticket is at version {ticket.version}, not {expected_version}")
    return ticket


def _check(command: UpdateTicket, ports: Ports) -> None:
    checks = Checks()
    for name, value in command.values.items():
        check_value(checks, name, value, ports.directory)
    if command.tags is not None:
        checks.tags(command.tags)
    if command.fields is not None:
        checks.form(command.fields)
    if command.requester is not None:
        check_sender(checks, command.requester, ports.phone_region)
        if command.requester.requester_id:
            known = ports.requesters.get(command.requester.requester_id)
            checks.that(
                known is not None, "requester.id", "the id of a requester", command.requester.requester_id
            )
    checks.done()
