"""What our own MAC proves, and what it does not."""

import pytest

from services.ingest.domain.mail import read_mail
from services.ingest.domain.tokens import Tokens
from tests.unit.services.ingest.samples import HOUSE, TOKENS, mail

TICKET = "0193a1b2c3d4e5f60718293a4b5c6d7e"
OTHER = "0193a1b2c3d4e5f60718293a4b5c6d7f"


def test_a_reply_address_proves_its_ticket() -> None:
    address = TOKENS.reply_address("support@demo.example", TICKET)
    assert TOKENS.prove([f"Support <{address}>"], "", ()).ticket_ids == (TICKET,)


def test_a_reply_address_in_capitals_proves_its_ticket() -> None:
    address = TOKENS.reply_address("support@demo.example", TICKET).upper()
    assert TOKENS.prove([address], "", ()).ticket_ids == (TICKET,)


def test_a_token_with_another_ticket_proves_nothing_and_is_spoofed() -> None:
    address = TOKENS.reply_address("support@demo.example", TICKET).replace(TICKET, OTHER)
    proof = TOKENS.prove([address], "", ())
    assert proof.ticket_ids == ()
    assert proof.is_spoofed


def test_a_token_of_another_instance_proves_nothing() -> None:
    address = Tokens(b"another instance's key").reply_address("support@demo.example", TICKET)
    assert TOKENS.prove([address], "", ()).is_spoofed


def test_a_reply_address_fits_into_a_local_part() -> None:
    assert len(TOKENS.reply_address("support@demo.example", TICKET).partition("@")[0]) <= 64


def test_a_long_mailbox_answers_with_its_plain_address() -> None:
    long = "customer-relations-worldwide@demo.example"
    assert TOKENS.reply_address(long, TICKET) == long


def test_an_own_message_id_proves_its_ticket() -> None:
    own = TOKENS.message_id(TICKET, "ab12", "demo.example")
    assert TOKENS.prove([], own, ()).ticket_ids == (TICKET,)
    assert TOKENS.is_own_message_id(own)
    assert TOKENS.ticket_of(own) == TICKET


def test_a_forged_message_id_is_spoofed() -> None:
    forged = TOKENS.message_id(TICKET, "ab12", "demo.example").replace("ab12", "ab13")
    assert TOKENS.prove([], "", (forged,)).is_spoofed
    assert not TOKENS.is_own_message_id(forged)


def test_the_address_is_stronger_than_ids_and_later_ids_than_earlier() -> None:
    by_address = TOKENS.reply_address("support@demo.example", "aa")
    answered = TOKENS.message_id("bb", "1", "demo.example")
    older, newer = TOKENS.message_id("cc", "1", "d.example"), TOKENS.message_id("dd", "1", "d.example")
    proof = TOKENS.prove([by_address], answered, (older, newer))
    assert proof.ticket_ids == ("aa", "bb", "dd", "cc")


def test_a_mail_with_a_wrong_token_is_new_and_flagged() -> None:
    message = read_mail(mail(f"Delivered-To: support+t.{TICKET}.{'0' * 16}@demo.example"), None, HOUSE)
    assert message.thread.proven_ticket_ids == ()
    assert "spoofed_token" in message.flags


def test_a_token_in_cc_is_found() -> None:
    address = TOKENS.reply_address("support@demo.example", TICKET)
    assert read_mail(mail(f"Cc: {address}"), None, HOUSE).thread.proven_ticket_ids == (TICKET,)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        Tokens(b"short")
