"""When two messages are one, and how a row is closed."""

from services.ingest.domain.intake import (
    Closing,
    ClosingOutcome,
    DedupeKey,
    State,
    close,
    first_key,
    mail_dedupe_key,
)
from tests.unit.services.ingest.samples import mail


def test_a_mail_is_known_by_its_message_id() -> None:
    assert mail_dedupe_key(mail("Message-ID: <a@b>")).provider_id == "<a@b>"


def test_a_folded_message_id_is_found() -> None:
    assert mail_dedupe_key(mail("Message-ID:\r\n <a@b>")).provider_id == "<a@b>"


def test_a_message_id_in_the_body_is_not_the_mails() -> None:
    assert mail_dedupe_key(mail(text="\r\nMessage-ID: <a@b>")).provider_id == ""


def test_two_roads_of_one_mail_make_one_message() -> None:
    one = mail("Received: from a by b;\r\n Mon", "Message-ID: <a@b>")
    two = mail("Received: from c by d", "Delivered-To: help@demo.example", "Message-ID: <a@b>")
    assert mail_dedupe_key(one) == mail_dedupe_key(two)


def test_another_text_under_the_same_id_is_another_message() -> None:
    one, two = mail("Message-ID: <a@b>"), mail("Message-ID: <a@b>", text="other")
    assert mail_dedupe_key(one).fingerprint != mail_dedupe_key(two).fingerprint


def test_without_an_id_the_content_is_the_key() -> None:
    assert first_key(DedupeKey("", "f"), "abc") == "sha256:abc"
    assert first_key(DedupeKey("<a@b>", "f"), "abc") == "id:<a@b>"


def _closing(state: State = State.TICKETED, by: str = "t:1") -> Closing:
    return Closing("i", state, by)


def test_an_open_row_closes() -> None:
    assert close(State.ACCEPTED, "", _closing()) is ClosingOutcome.CLOSED


def test_the_same_closing_again_is_a_repeat() -> None:
    assert close(State.TICKETED, "t:1", _closing()) is ClosingOutcome.REPEATED


def test_a_closing_by_another_commit_is_twice() -> None:
    assert close(State.TICKETED, "t:1", _closing(by="u:1")) is ClosingOutcome.TWICE


def test_a_stronger_word_of_the_same_commit_stays() -> None:
    assert close(State.APPLIED, "t:1", _closing(State.TICKETED)) is ClosingOutcome.UPGRADED
    assert close(State.TICKETED, "t:1", _closing(State.APPLIED)) is ClosingOutcome.REPEATED
