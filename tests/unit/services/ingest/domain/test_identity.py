"""Whose mail it is: O1, O3, O7, D6, D7."""

import pytest

from services.ingest.domain.mail import House, read_mail
from services.ingest.domain.received import Author, ReceivedMessage
from tests.unit.services.ingest.samples import OWN, TOKENS

HOUSE = House(TOKENS, lambda address: address in OWN, frozenset({"forms@builder.example"}))
ANNA = Author("Anna", "anna@client.example")


def _read(sender: str, *lines: str) -> ReceivedMessage:
    head = "\r\n".join((f"From: {sender}", "To: support@demo.example", "Subject: s", *lines))
    return read_mail(f"{head}\r\n\r\nwords\r\n".encode(), None, HOUSE)


@pytest.mark.parametrize("sender", ["forms@builder.example", "Shop <NoReply@shop.example>"])
def test_the_person_of_a_form_is_in_reply_to_and_is_no_machine(sender: str) -> None:
    message = _read(sender, "Reply-To: Anna <anna@client.example>")
    assert (message.author, message.is_automatic, message.flags) == (ANNA, False, ("claimed_requester",))


def test_reply_to_of_anybody_else_does_not_change_who_wrote() -> None:
    message = _read("Anna <anna@client.example>", "Reply-To: kate@demo.example")
    assert message.author == ANNA


@pytest.mark.parametrize(
    "sender", ["support@demo.example", "SUPPORT@Demo.Example", "Us <support+t.aa.bb@demo.example>"]
)
def test_a_mailbox_of_ours_is_known_in_any_case_and_with_any_tag(sender: str) -> None:
    assert _read(sender).flags[:1] == ("own_address",)


def test_reply_to_of_a_form_that_names_a_mailbox_of_ours_names_nobody() -> None:
    message = _read("noreply@shop.example", "Reply-To: support@demo.example")
    assert message.author.email == "noreply@shop.example"
    assert "own_address" in message.flags


@pytest.mark.parametrize(
    "sender",
    ["Anna <ANNA@Client.Example>", '"support@demo.example" <anna@client.example>', "anna@client.example."],
)
def test_the_address_counts_and_neither_its_case_nor_the_display_name(sender: str) -> None:
    assert _read(sender).author.email == "anna@client.example"
    assert _read(sender).flags == ()


@pytest.mark.parametrize("domain", ["bücher.example", "BÜCHER.example", "xn--bcher-kva.example"])
def test_a_domain_is_the_same_in_its_own_script_and_in_ascii(domain: str) -> None:
    assert _read(f"anna@{domain}").author.email == "anna@xn--bcher-kva.example"


def test_dots_and_plus_tags_of_people_are_kept() -> None:
    assert _read("anna.b+shop@client.example").author.email == "anna.b+shop@client.example"
