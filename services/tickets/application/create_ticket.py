"""Another system or an agent opens a ticket."""

from dataclasses import replace

from services.tickets.application.check_fields import check_sender, check_value
from services.tickets.application.ports import Ports
from services.tickets.domain import status as statuses
from services.tickets.domain.checks import Checks
from services.tickets.domain.commands import CreateTicket
from services.tickets.domain.events import TicketOpened
from services.tickets.domain.message import Message, first_words
from services.tickets.domain.people import REQUESTER, Actor, normal_email
from services.tickets.domain.tags import sorted_tags
from services.tickets.domain.ticket import Ticket, subject_of

LANE = "api"


def create_ticket(command: CreateTicket, ports: Ports) -> Ticket:
    """Open it with its first message, written in the requester's name. Raises InvalidField(s)."""
    _check(command, ports)
    sender = replace(command.requester, email=normal_email(command.requester.email))
    requester = ports.requesters.find_or_make(command.channel, sender)
    at = ports.now
    ticket_id = ports.new_ticket_id(at)
    author = Actor(REQUESTER, requester.requester_id, requester.name or requester.email)
    message = Message(
        message_id=ports.new_id(),
        ticket_id=ticket_id,
        author=author,
        text=command.text,
        created_at=at,
        subject=command.subject,
    )
    ticket = Ticket(
        ticket_id=ticket_id,
        number=ports.tickets.next_number(),
        subject=subject_of(command.subject, command.text),
        requester=requester,
        created_at=at,
        updated_at=at,
        channel=command.channel,
        channel_kind="api",
        lane=LANE,
        priority=command.priority or statuses.MEDIUM,
        group=command.group,
        agent=command.agent,
        tags=sorted_tags(command.tags),
        fields=dict(command.fields),
        version=1,
        last_requester_message_at=at,
        message_count=1,
        preview=first_words(command.text),
    )
    ports.tickets.save(ticket, [TicketOpened(ticket, message, command.actor)])
    return ticket


def _check(command: CreateTicket, ports: Ports) -> None:
    checks = Checks()
    checks.subject(command.subject)
    checks.text(command.text)
    check_sender(checks, command.requester, ports.phone_region)
    if command.requester.requester_id:
        known = ports.requesters.get(command.requester.requester_id)
        checks.that(
            known is not None, "requester.id", "the id of a requester", command.requester.requester_id
        )
    if command.channel:
        checks.channel(command.channel)
    if command.priority:
        check_value(checks, "priority", command.priority, ports.directory)
    check_value(checks, "group", command.group, ports.directory)
    check_value(checks, "agent", command.agent, ports.directory)
    checks.tags(command.tags)
    checks.form(command.fields)
    checks.done()
