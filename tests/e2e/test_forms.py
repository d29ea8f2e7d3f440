"""Forms, notices and spam, from the door to the sink."""

import uuid
from collections.abc import Iterator

import grpc
import pytest

from relaydesk.ingest.v1 import screening_pb2
from relaydesk.ingest.v1 import service_pb2 as ingest_pb2
from relaydesk.ingest.v1.screening_pb2_grpc import ScreeningServiceStub
from relaydesk.tickets.v1 import service_pb2 as tickets_pb2
from relaydesk.tickets.v1.ticket_pb2 import Ticket
from tests.e2e.letters import letter, messages_of, send, ticket_of
from tests.e2e.system import System
from tests.e2e.test_road import answered, sent_with, unique
from tests.waiting import wait_until

ROBOT = "Site <robot@forms.example>"
SETTINGS = {
    "mail_patterns": """
- name: Site form
  from: forms.example
  pick:
    email: {label: E-mail}
    subject: {label: Topic}
    text: {label: Message}
    fields.order_number: {label: Order}
- name: Payments
  kind: notice
  from: bank.example
  pick:
    fields.order_number: {in: subject, pattern: 'order ([0-9a-f]+)'}
""",
    "spam_list": "casino.example",
    "block_list": "X-Blocked: yes",
}


@pytest.fixture(scope="module")
def mailbox(system: System) -> Iterator[None]:
    """The mailbox has patterns and lists, and its readers know them."""

    def save(**told: str) -> None:
        asked = ingest_pb2.GetChannelRequest(channel_id="support")
        channel = system.ingest.GetChannel(asked, metadata=system.metadata, timeout=60).channel
        for name, value in told.items():
            channel.settings[name] = value
        request = ingest_pb2.SaveChannelRequest(channel=channel, expected_version=channel.version)
        system.ingest.SaveChannel(request, metadata=system.metadata, timeout=60)

    def is_read() -> bool:
        # Running roles know of the settings within seconds.
        subject = unique("Is anybody there")
        send(system, letter(subject, "E-mail: probe@customer.example", sender=ROBOT))
        return ticket_of(system, subject).requester.email == "probe@customer.example"

    save(**SETTINGS)
    wait_until(is_read, describe="the readers to know the patterns")
    yield
    save(**dict.fromkeys(SETTINGS, ""))


def _found(system: System, text: str) -> list[Ticket]:
    request = tickets_pb2.ListTicketsRequest(text=text)
    return list(system.tickets.ListTickets(request, metadata=system.metadata, timeout=60).tickets)


def test_whoever_filled_a_form_in_is_answered_and_the_ticket_is_found_by_what_was_picked(
    system: System, mailbox: None
) -> None:
    topic, order = unique("Where is my bag"), uuid.uuid4().hex
    anna = f"anna{uuid.uuid4().hex[:8]}@customer.example"
    filled_in = f"E-mail: {anna}\nTopic: {topic}\nOrder: {order}\nMessage: It is late.\nSay hello."
    send(system, letter("New request", filled_in, sender=ROBOT, Auto_Submitted="auto-generated"))
    ticket = ticket_of(system, topic)
    assert (ticket.requester.email, ticket.fields["order_number"]) == (anna, order)
    assert [one.id for one in _found(system, order)] == [ticket.id]
    (message,) = [one for one in messages_of(system, ticket) if one.author.kind == "requester"]
    assert message.said == "It is late.\nSay hello."
    assert message.explanation.startswith("Form “Site form”")
    words = f"It is on its way {uuid.uuid4().hex}"
    answered(system, ticket, words)
    wait_until(lambda: sent_with(system, words), describe="our answer")
    (left,) = sent_with(system, words)
    assert anna in str(left["To"])
    assert "robot@forms.example" not in str(left)


def test_a_payment_is_kept_closed_and_answered_by_nobody(system: System, mailbox: None) -> None:
    order = uuid.uuid4().hex
    send(system, letter(f"Paid: order {order}", "Thank you", sender="Bank <pay@bank.example>"))
    ticket = ticket_of(system, f"Paid: order {order}")
    assert (ticket.status, ticket.fields["order_number"]) == ("closed", order)
    assert not [mail for mail in sent_with(system, "") if "pay@bank.example" in str(mail["To"])]


def test_spam_is_out_of_the_way_and_what_is_blocked_is_brought_back(system: System, mailbox: None) -> None:
    spam, blocked = unique("Win"), unique("Blocked")
    sender = f"b{uuid.uuid4().hex[:8]}@customer.example"
    send(system, letter(spam, sender="x@casino.example"))
    send(system, letter(blocked, sender=sender, X_Blocked="yes"))
    assert ticket_of(system, spam).status == "spam"
    screening = ScreeningServiceStub(grpc.insecure_channel(system.endpoints.ingest_address))

    def kept_out() -> list[str]:
        request = screening_pb2.ListBlockedRequest(channel_id="support")
        listed = screening.ListBlocked(request, metadata=system.metadata, timeout=60).messages
        return [one.intake_id for one in listed if getattr(one, "from") == sender]

    wait_until(kept_out, describe="the blocked mail")
    assert not _found(system, blocked)
    request = screening_pb2.BringBackRequest(intake_ids=kept_out())
    assert screening.BringBack(request, metadata=system.metadata, timeout=60).brought_back == 1
    assert ticket_of(system, blocked).status != "spam"
    wait_until(lambda: system.ledger().in_flight == 0, describe=lambda: str(system.ledger()))
    assert system.ledger().closed_twice == 0
