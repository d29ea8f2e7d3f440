"""What a mail server's refusal means."""

import pytest

from services.ingest.domain.sending import Sent
from services.ingest.domain.smtp_answers import Said, refused


@pytest.mark.parametrize(
    ("code", "text", "to", "words"),
    [
        (550, "5.1.1 unknown user", Said.RECIPIENT, "the recipient's address does not exist"),
        (
            550,
            "5.1.10 RESOLVER.ADR.RecipientNotFound",
            Said.RECIPIENT,
            "the recipient's address does not exist",
        ),
        (552, "5.2.2 over quota", Said.RECIPIENT, "the recipient's mailbox is full"),
        (
            550,
            "5.7.1 this message violates our policy",
            Said.DATA,
            "the server's rules do not allow this mail",
        ),
        (550, "5.7.26 not authenticated", Said.DATA, "neither by SPF nor by DKIM"),
        (550, "5.7.60 not allowed to send as this sender", Said.SENDER, "may not send in the mailbox's name"),
        (553, "sorry", Said.SENDER, "the server does not allow this address"),
    ],
)
def test_a_refusal_is_final_and_said_in_words(code: int, text: str, to: Said, words: str) -> None:
    result = refused(code, text, to)
    assert result.outcome is Sent.PERMANENT
    assert words in result.reason
    assert result.reason.endswith(f"{code} {text}")


def test_a_code_that_nobody_knows_is_shown_as_it_came() -> None:
    assert refused(554, b"no\r\n  thanks", Said.DATA).reason == "554 no thanks"


@pytest.mark.parametrize(
    ("code", "text", "to"),
    [
        (421, "closing", Said.SENDER),
        (421, "4.7.28 unusual rate of mail", Said.DATA),
        (450, "4.7.1 too fast", Said.RECIPIENT),
        (451, "later", Said.DATA),
        (452, "4.3.1 no room", Said.RECIPIENT),
        (454, "4.7.0 cannot check the password now", Said.HELLO),
        (450, "later", Said.SENDER),
    ],
)
def test_a_server_that_asks_for_less_makes_the_mailbox_wait(code: int, text: str, to: Said) -> None:
    result = refused(code, text, to)
    assert (result.outcome, result.slows_down) == (Sent.TEMPORARY, True)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (452, "4.2.2 mailbox full"),
        (450, "4.2.1 receives too much"),
        (450, "mailbox busy"),
        (451, "4.1.8 x"),
    ],
)
def test_one_recipient_s_trouble_does_not_make_the_mailbox_wait(code: int, text: str) -> None:
    result = refused(code, text, Said.RECIPIENT)
    assert (result.outcome, result.slows_down) == (Sent.TEMPORARY, False)


@pytest.mark.parametrize(
    ("code", "text", "to"),
    [
        (535, "5.7.8 bad password", Said.HELLO),
        (554, "no service for you", Said.HELLO),
        (530, "5.7.0 sign in first", Said.SENDER),
        (550, "5.4.5 daily limit", Said.DATA),
    ],
)
def test_what_is_wrong_with_the_mailbox_loses_no_mail(code: int, text: str, to: Said) -> None:
    result = refused(code, text, to)
    assert (result.outcome, result.slows_down) == (Sent.TEMPORARY, True)


def test_a_number_in_the_words_is_not_taken_for_a_code() -> None:
    assert refused(550, "5.1.1 no mail from 4.2.2.1", Said.RECIPIENT).outcome is Sent.PERMANENT
    assert refused(451, "see rule 5.1.1", Said.DATA).reason == "451 see rule 5.1.1"
