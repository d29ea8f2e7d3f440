"""What others say, as commands; and what comes in any size."""

from datetime import timedelta

import pytest

from bus.v1.bundle_pb2 import Envelope
from relaydesk.ingest.v1 import events_pb2 as ingest
from services.tickets.adapters.mongo.history import conversation_key
from services.tickets.adapters.nouns import message_to_wire
from services.tickets.adapters.wire import message_of_received
from services.tickets.domain.commands import ReceiveBounce, ReceiveMessage
from services.tickets.domain.message import Message, chain_after, first_words
from services.tickets.domain.people import Actor, normal_email
from tests.builders import MONDAY

EMAIL = Envelope(lane="email")


def test_a_bounce_is_another_command_than_a_message() -> None:
    fact = ingest.MessageReceived(intake_id="i", bounce=ingest.Bounce(failed_recipient="Ana@Example.org"))
    command = message_of_received(fact, EMAIL)
    assert isinstance(command, ReceiveBounce)
    assert command.failed_recipient == "ana@example.org"


def test_the_senders_clock_does_not_count() -> None:
    fact = ingest.MessageReceived(intake_id="i")
    fact.received_at.FromDatetime(MONDAY)
    fact.sent_at.FromDatetime(MONDAY + timedelta(days=900))
    command = message_of_received(fact, EMAIL)
    assert isinstance(command, ReceiveMessage)
    assert command.received_at == MONDAY


@pytest.mark.parametrize(
    "address", ["Ana@MÜLLER.example", " ana@müller.example ", "ana@xn--mller-kva.example"]
)
def test_case_and_the_script_of_a_domain_make_no_other_person(address: str) -> None:
    assert normal_email(address) == "ana@xn--mller-kva.example"


def test_what_has_no_bounds_outside_has_them_here() -> None:
    fact = ingest.MessageReceived(
        intake_id="i",
        subject="s" * 1_000_000,
        author=ingest.Author(name="n" * 10_000, email="a@b.c"),
        to=["a@b.c"] * 10_000,
        thread=ingest.Thread(message_id="m" * 5_000, references=["r" * 5_000, "<1@x>"]),
        fields={f"f{n}": "v" * 10_000 for n in range(300)} | {"": "x", "a\0b": "y", "follows": "1"},
    )
    command = message_of_received(fact, EMAIL)
    assert isinstance(command, ReceiveMessage)
    assert len(command.subject) == 2_000
    assert len(command.sender.name) == 200
    assert len(command.to) == 500
    assert (command.thread.message_id, command.thread.references) == ("", ("<1@x>",))
    assert len(command.fields) <= 100
    assert command.fields["ab"] == "y"
    assert "follows" not in command.fields
    assert {len(value) for name, value in command.fields.items() if name != "ab"} == {4_000}


def test_addresses_are_compared_in_lower_case_with_the_domain_as_a_label() -> None:
    assert normal_email(" Ana.Ribeiro@EXAMPLE.org ") == "ana.ribeiro@example.org"
    assert normal_email("почта@Пример.рф") == "почта@xn--e1afmkfd.xn--p1ai"
    assert normal_email("broken@" + "ж" * 100) == "broken@" + "ж" * 100


def test_a_key_of_any_length_has_a_row() -> None:
    assert conversation_key("support", "<1@x>") == "support\0<1@x>"
    assert len(conversation_key("support", "x" * 100_000)) < 100


def test_a_long_chain_keeps_its_root_and_its_end() -> None:
    chain = chain_after([f"<{n}@x>" for n in range(300)], "<me@x>")
    assert len(chain) == 100
    assert (chain[0], chain[-1], chain[-2]) == ("<0@x>", "<me@x>", "<299@x>")


def test_a_preview_is_the_first_words_on_one_line() -> None:
    assert first_words("  Hello\n\tthere  ") == "Hello there"
    assert len(first_words("word " * 10_000)) == 140


def test_what_is_new_in_a_message_goes_with_it_and_in_events_the_whole_text_alone() -> None:
    command = message_of_received(
        ingest.MessageReceived(intake_id="i", text="Yes.\n> Come?", said="Yes.", said_html="<p>Yes.</p>"),
        EMAIL,
    )
    assert isinstance(command, ReceiveMessage)
    assert (command.said, command.said_html) == ("Yes.", "<p>Yes.</p>")
    message = Message(
        "m1", "t1", Actor("requester"), command.text, MONDAY, said="Yes.", said_html="<p>Yes.</p>"
    )
    shown, told = (message_to_wire(message, with_html=with_html) for with_html in (True, False))
    assert (shown.text, shown.said, shown.said_html) == ("Yes.\n> Come?", "Yes.", "<p>Yes.</p>")
    assert (told.text, told.said, told.said_html) == ("Yes.\n> Come?", "", "")
