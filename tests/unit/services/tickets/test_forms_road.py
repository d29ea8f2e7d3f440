"""A form's mail from its bytes to its ticket, through both services and the contract between them."""

from datetime import UTC, datetime

from bus.v1.bundle_pb2 import Envelope as BusEnvelope
from services.ingest.adapters.wire import message_received
from services.ingest.application.normalise import Understood
from services.ingest.channels.email import Settings, build
from services.ingest.domain.channel import Channel
from services.ingest.domain.intake import Envelope, IntakeRow
from services.tickets.adapters.wire import message_of_received
from services.tickets.domain.commands import AddMessage
from services.tickets.domain.people import AGENT, Actor
from tests.fakes.tickets import MemoryPorts
from tests.unit.services.ingest.channels.inboxes import inbox

PATTERNS = """
- name: Site form
  from: forms.example
  pick:
    email: {label: E-mail}
    phone: {label: Phone}
    text: {label: Message}
    fields.order_number: {label: Order}
- name: Payments
  kind: notice
  from: bank.example
  pick:
    fields.order_number: {in: subject, pattern: 'order ([0-9]+)'}
"""
CHANNEL = Channel("mail", "Mail", "email", "email")
MOMENT = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def _take(desk: MemoryPorts, intake_id: str, sender: str, subject: str, text: str, **settings: str) -> None:
    mailbox = build(
        Settings.model_validate({"address": "support@demo.example", "mail_patterns": PATTERNS, **settings}),
        inbox(),
    )
    raw = f"From: {sender}\nTo: support@demo.example\nSubject: {subject}\n\n{text}".encode()
    row = IntakeRow(intake_id, "mail", intake_id, "f", raw, f"{intake_id:0>64}", Envelope(sender), MOMENT)
    fact = message_received(Understood(row, CHANNEL, mailbox.read(raw, row.envelope), (), ()))
    desk.run(message_of_received(fact, BusEnvelope(lane="email")))


def test_a_form_becomes_the_ticket_of_whoever_filled_it_in_and_the_answer_goes_there(
    desk: MemoryPorts,
) -> None:
    text = "E-mail: anna@client.example\nPhone: +351 912 345 678\nOrder: 77-12\nMessage: Where is it?"
    _take(desk, "i1", "robot@forms.example", "New request", text)
    ticket = desk.only_ticket()
    requester = ticket.requester
    assert (requester.email, ticket.fields, ticket.preview) == (
        "anna@client.example", {"order_number": "77-12"}, "Where is it?"
    )  # fmt: skip
    (message,) = desk.tickets.messages.values()
    assert message.explanation == "Form “Site form”: picked email, phone, text, fields.order_number."
    assert "Order: 77-12" in message.text
    desk.run(AddMessage(Actor(AGENT, "kate", "Kate"), ticket.ticket_id, "Here."))
    reply = desk.added()[-1].reply
    assert reply is not None
    assert reply.to == ("anna@client.example",)


def test_a_payment_becomes_a_closed_ticket_with_its_number(desk: MemoryPorts) -> None:
    _take(desk, "i1", "pay@bank.example", "Paid: order 5512", "Thank you")
    ticket = desk.only_ticket()
    assert (ticket.status, ticket.fields) == ("closed", {"order_number": "5512"})


def test_what_the_spam_list_names_becomes_a_spam_ticket_that_says_why(desk: MemoryPorts) -> None:
    _take(desk, "i1", "x@casino.example", "Win", "Now", spam_list="casino.example")
    (message,) = desk.tickets.messages.values()
    assert desk.only_ticket().status == "spam"
    assert message.explanation == "Taken for spam: the domain casino.example is on the list."
