"""An agent or another system writes into a ticket."""

from services.tickets.application.answer_in_public import answer_in_public
from services.tickets.application.check_fields import check_value
from services.tickets.application.find_thread import Found, go_on_from
from services.tickets.application.ports import Ports
from services.tickets.application.receive_message import open_ticket
from services.tickets.application.update_ticket import current, known
from services.tickets.domain import message as messages
from services.tickets.domain.checks import Checks
from services.tickets.domain.commands import AddMessage, ReceiveMessage, Sender
from services.tickets.domain.events import MessageAdded
from services.tickets.domain.message import Message
from services.tickets.domain.people import REQUESTER, Actor
from services.tickets.domain.ticket import Change, Ticket, merged

MOST_ATTACHMENTS = 50


def add_message(command: AddMessage, ports: Ports) -> tuple[Message, Ticket]:
    """Answer in public, note, or speak as the requester. Raises NotFound, Conflict, IsMerged, InvalidField(s).

    The requester's words on a closed ticket open the one that follows it, and on a merged one go where that is part of.
    """
    if command.is_from_requester:
        ticket = known(command.ticket_id, command.expected_version, ports)
        _check(command, ports)
        return _from_requester(command, ticket, ports)
    ticket = current(command.ticket_id, command.expected_version, ports)
    _check(command, ports)
    draft = ticket.next_version()
    message = _message(command, draft, command.actor, ports)
    changes: tuple[Change, ...] = ()
    reply = None
    if command.visibility == messages.PUBLIC:
        message, changes, reply = answer_in_public(draft, message, ports)
    else:
        draft.note(message)
    changes += _set_status(command, draft, ports)
    ports.tickets.save(draft, [MessageAdded(draft, message, command.actor, merged(changes), reply)])
    return message, draft


def _from_requester(command: AddMessage, ticket: Ticket, ports: Ports) -> tuple[Message, Ticket]:
    found = go_on_from(ticket, is_automatic=False, ports=ports)
    if found.ticket is None:
        return _follow_up(command, ticket, found.closed, ports)
    draft = found.ticket.next_version()
    actor = _requester(draft)
    message = _message(command, draft, actor, ports)
    changes = draft.hear(message, (), draft.requester.email) + _set_status(command, draft, ports)
    ports.tickets.save(draft, [MessageAdded(draft, message, actor, merged(changes))])
    return message, draft


def _follow_up(
    command: AddMessage, ticket: Ticket, closed: Ticket | None, ports: Ports
) -> tuple[Message, Ticket]:
    opening = ReceiveMessage(
        intake_id="",
        channel=ticket.channel,
        channel_kind=ticket.channel_kind,
        lane=ticket.lane,
        received_at=ports.now,
        sender=Sender(requester_id=ticket.requester.requester_id, email=ticket.requester.email),
        subject=ticket.subject,
        text=command.text,
        attachments=command.attachments,
        to=(ticket.mailbox,) if ticket.mailbox else (),
    )
    opened = open_ticket(opening, (), None, Found(None, closed), ports)
    return opened.message, opened.ticket


def _message(command: AddMessage, ticket: Ticket, actor: Actor, ports: Ports) -> Message:
    return Message(
        message_id=ports.new_id(),
        ticket_id=ticket.ticket_id,
        author=actor,
        text=command.text,
        created_at=ports.now,
        visibility=command.visibility,
        attachments=command.attachments,
    )


def _requester(ticket: Ticket) -> Actor:
    requester = ticket.requester
    return Actor(REQUESTER, requester.requester_id, requester.name or requester.email)


def _set_status(command: AddMessage, draft: Ticket, ports: Ports) -> tuple[Change, ...]:
    return draft.set_status(command.status, ports.now) if command.status else ()


def _check(command: AddMessage, ports: Ports) -> None:
    checks = Checks()
    checks.text(command.text, may_be_empty=bool(command.attachments))
    checks.one_of(command.visibility, messages.VISIBILITIES, "visibility")
    checks.that(
        len(command.attachments) <= MOST_ATTACHMENTS,
        "attachments",
        f"at most {MOST_ATTACHMENTS}",
        str(len(command.attachments)),
    )
    for place, attachment in enumerate(command.attachments):
        checks.that(
            bool(attachment.attachment_id), f"attachments[{place}].attachment_id", "the id of a kept file"
        )
    if command.is_from_requester:
        checks.that(
            command.visibility == messages.PUBLIC,
            "visibility",
            "public, for the requester's words",
            command.visibility,
        )
    if command.status:
        check_value(checks, "status", command.status, ports.directory)
    checks.done()
