"""Real mails through the real door."""

import smtplib
import uuid
from email.message import EmailMessage

from relaydesk.tickets.v1 import service_pb2 as tickets_pb2
from relaydesk.tickets.v1.ticket_pb2 import Message, Ticket
from tests.e2e.system import System
from tests.waiting import wait_until

MAILBOX = "support@demo.example"


def letter(
    subject: str, text: str = "Hello", *, sender: str = "", answers: str = "", **headers: str
) -> EmailMessage:
    """A mail from a customer nobody else is; `answers` is the Message-ID it replies to."""
    mail = EmailMessage()
    mail["From"] = sender or f"Somebody <c{uuid.uuid4().hex[:10]}@customer.example>"
    mail["To"] = MAILBOX
    mail["Subject"] = subject
    mail["Message-ID"] = f"<{uuid.uuid4().hex}@customer.example>"
    if answers:
        mail["In-Reply-To"] = mail["References"] = answers
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail


def send(system: System, mail: EmailMessage | bytes, *, envelope_from: str | None = None) -> None:
    """Hand a mail in by SMTP; raises what the server says no with."""
    host, port = system.endpoints.smtp_address
    raw = mail if isinstance(mail, bytes) else mail.as_bytes()
    sender = envelope_from
    if sender is None:
        sender = (
            mail["From"].addresses[0].addr_spec
            if isinstance(mail, EmailMessage)
            else "somebody@customer.example"
        )
    with smtplib.SMTP(host, port, timeout=60) as smtp:
        smtp.sendmail(sender, [MAILBOX], raw)


def ticket_of(system: System, subject: str, *, timeout: float = 60) -> Ticket:
    """The ticket with exactly this subject, once it is there."""

    def find() -> Ticket | None:
        answer = system.tickets.ListTickets(
            tickets_pb2.ListTicketsRequest(page_size=200, order_by="created_at desc"),
            metadata=system.metadata,
            timeout=60,
        )
        found = [ticket for ticket in answer.tickets if ticket.subject == subject]
        assert len(found) < 2, f"{len(found)} tickets for {subject}"
        return found[0] if found else None

    ticket = wait_until(find, timeout=timeout, interval=0.1, describe=f"a ticket called {subject}")
    assert ticket is not None
    return ticket


def messages_of(system: System, ticket: Ticket) -> list[Message]:
    """A ticket's messages, oldest first."""
    request = tickets_pb2.ListMessagesRequest(ticket_id=ticket.id)
    return list(system.tickets.ListMessages(request, metadata=system.metadata, timeout=60).messages)


def fresh(system: System, ticket: Ticket) -> Ticket:
    """The ticket as it is now."""
    request = tickets_pb2.GetTicketRequest(id=ticket.id)
    return system.tickets.GetTicket(request, metadata=system.metadata, timeout=60).ticket
