"""What a form, a marketplace or a payment system wrote in somebody's name, as tickets take it."""

from datetime import timedelta

from services.tickets.domain.commands import AddMessage, ReceiveMessage, Sender
from services.tickets.domain.people import AGENT, Actor
from tests.builders import MONDAY, a_bounce, a_message
from tests.fakes.tickets import MemoryPorts

KATE = Actor(AGENT, "kate", "Kate Stone")
ANNA = Sender("Anna", "anna@client.example", "+79123456789")


def a_form(sender: Sender = ANNA, text: str = "Where is it?", conversation: str = "") -> ReceiveMessage:
    made = a_message(
        text, conversation=conversation, flags=("claimed_requester",), explanation="Form “Site”."
    )
    made.sender = sender
    return made


def test_two_forms_of_one_address_are_two_tickets_of_two_people(desk: MemoryPorts) -> None:
    desk.run(a_form())
    desk.run(a_form(Sender("Boris", "boris@client.example")))
    assert [ticket.requester.email for ticket in desk.opened()] == [
        "anna@client.example",
        "boris@client.example",
    ]


def test_the_answer_goes_to_the_person_and_not_to_the_form(desk: MemoryPorts) -> None:
    desk.run(a_form())
    desk.run(AddMessage(KATE, desk.only_ticket().ticket_id, "On its way."))
    reply = desk.added()[-1].reply
    assert reply is not None
    assert (reply.to, reply.cc) == (("anna@client.example",), ())


def test_a_person_of_whom_a_form_knows_only_the_phone_gets_no_mail(desk: MemoryPorts) -> None:
    desk.run(a_form(Sender("Anna", phone="+79123456789")))
    desk.run(AddMessage(KATE, desk.only_ticket().ticket_id, "On its way."))
    assert desk.added()[-1].reply is None


def test_what_a_form_claims_is_learnt_of_nobody_and_makes_two_people_not_one(desk: MemoryPorts) -> None:
    desk.run(a_message(sender="anna@client.example"))
    desk.run(a_form())
    known = desk.opened()[1].requester
    assert known.requester_id == desk.opened()[0].requester.requester_id
    assert known.phone == ""
    # Whom a form names by that phone alone is somebody else, as far as anybody knows.
    desk.run(a_form(Sender("Boris", phone="+79123456789")))
    assert desk.opened()[2].requester.requester_id != known.requester_id


def test_a_form_does_not_prove_that_mail_arrives_again(desk: MemoryPorts) -> None:
    desk.run(a_message(sender="anna@client.example"))
    first = desk.only_ticket().ticket_id
    desk.run(a_bounce("<x>", proven=(first,), failed_recipient="anna@client.example"))
    desk.run(a_form())
    desk.run(AddMessage(KATE, first, "On its way."))
    assert desk.added()[-1].message.flags == ("bad_address",)
    desk.run(a_message(sender="anna@client.example"))
    desk.run(AddMessage(KATE, first, "On its way."))
    assert desk.added()[-1].message.flags == ()


def test_mails_of_one_picked_conversation_are_one_ticket(desk: MemoryPorts) -> None:
    desk.run(a_form(conversation="Market\nc-1"))
    desk.run(a_form(conversation="Market\nc-1", text="Hello?"))
    assert desk.only_ticket().message_count == 2


def test_a_form_that_names_the_conversation_of_another_opens_a_ticket_of_its_own(desk: MemoryPorts) -> None:
    desk.run(a_form(conversation="Shop\norder-77"))
    desk.run(a_form(Sender("Eve", "eve@evil.example"), conversation="Shop\norder-77"))
    hers, eves = desk.opened()
    assert (hers.message_count, hers.participants) == (1, ())
    assert eves.requester.email == "eve@evil.example"
    desk.run(a_form(conversation="Shop\norder-77", text="Hello?"))
    assert desk.opened()[1].participants == ()


def test_somebody_known_by_the_shops_id_alone_goes_on_in_the_conversation(desk: MemoryPorts) -> None:
    buyer = Sender("Buyer 7", external_id="buyer-7")
    desk.run(a_form(buyer, conversation="Market\nc-7"))
    desk.run(a_form(buyer, conversation="Market\nc-7", text="Hello?"))
    assert desk.only_ticket().message_count == 2


def test_how_a_mail_was_read_stands_on_its_message(desk: MemoryPorts) -> None:
    desk.run(a_form())
    (message,) = desk.tickets.messages.values()
    assert message.explanation == "Form “Site”."


def test_a_notice_is_kept_closed_and_waits_for_nobody(desk: MemoryPorts) -> None:
    desk.run(
        a_message(
            sender="pay@bank.example", flags=("notice",), is_automatic=True, fields={"order_number": "55"}
        )
    )
    ticket = desk.only_ticket()
    assert (ticket.status, ticket.closed_at, ticket.is_machine_waiting) == ("closed", MONDAY, True)
    assert ticket.fields == {"order_number": "55"}


def test_a_hundred_notices_of_one_sender_are_a_hundred_tickets(desk: MemoryPorts) -> None:
    for second in range(100):
        desk.run(
            a_message(
                sender="pay@bank.example",
                flags=("notice",),
                is_automatic=True,
                after=timedelta(seconds=second),
            )
        )
    assert len(desk.opened()) == 100
