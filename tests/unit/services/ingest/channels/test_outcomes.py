"""What became of a mail, by what its server answered (RFC 5321, 4.2): sent, to be tried again, failed, or unknown."""

import pytest

from chassis.mongo import Raced
from services.ingest.channels._smtp import Sender
from services.ingest.channels._smtp_server import Server
from services.ingest.domain.sending import Composed, SendResult, Sent
from tests.unit.services.ingest.channels.inboxes import anywhere
from tests.unit.services.ingest.channels.mail_server import mail_server

MAIL = Composed(b"Subject: x\r\n\r\nx\r\n", "anna@client.example", "support@demo.example", "<1@demo.example>")


def _send(answers: dict[str, str | None]) -> tuple[SendResult, int]:
    """The outcome, and how often the content was about to leave."""
    begun = 0

    def begin() -> None:
        nonlocal begun
        begun += 1

    with mail_server(answers) as server:
        return _sender(server.port).send(MAIL, begin), begun


def _sender(port: int) -> Sender:
    return Sender(
        Server(
            host="127.0.0.1",
            port=port,
            security="none",
            user="",
            password_secret="",
            timeout_seconds=60,
            secret=lambda name: name,
            addresses=anywhere,
            keep_seconds=30,
        )
    )


@pytest.mark.parametrize("answer", ["250 kept", "251 passed on", "200 fine", "250-one\n250 two"])
def test_any_yes_to_the_content_is_sent(answer: str) -> None:
    assert _send({".": answer})[0].outcome is Sent.SENT


@pytest.mark.parametrize("answer", ["kept", "", "354 more", "999 what", "2 50"])
def test_an_answer_to_the_content_that_nobody_understands_is_unknown(answer: str) -> None:
    result, _ = _send({".": answer})
    assert result.outcome is Sent.UNKNOWN
    assert result.reason.startswith("the server's answer to the mail is not understood")


@pytest.mark.parametrize("yes", ["250 ok", "251 passed on", "252 we shall see"])
def test_any_yes_to_a_recipient_is_one(yes: str) -> None:
    assert _send({"RCPT": yes})[0].outcome is Sent.SENT


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("answer", [None, "what", "451 later"])
def test_what_goes_wrong_before_any_content_left_is_tried_again(verb: str, answer: str | None) -> None:
    result, begun = _send({verb: answer})
    assert (result.outcome, begun) == (Sent.TEMPORARY, 0)


@pytest.mark.parametrize(
    ("verb", "code"), [("MAIL", ""), ("RCPT", "5.1.1"), ("DATA", "5.1.1"), (".", "5.1.1")]
)
def test_a_refused_sender_blames_no_recipient(verb: str, code: str) -> None:
    result, _ = _send({verb: "550 5.1.1 no such user"})
    assert (result.outcome, result.code) == (Sent.PERMANENT, code)
    assert ("recipient" in result.reason) is bool(code)


def test_a_mail_whose_sending_cannot_be_noted_does_not_leave_and_its_connection_is_not_used_again() -> None:
    def refuse() -> None:
        raise Raced("another has the row by now")

    with mail_server() as server:
        sender = _sender(server.port)
        with pytest.raises(Raced):
            sender.send(MAIL, refuse)
        assert sender.send(MAIL, lambda: None).outcome is Sent.SENT
        assert [len(server.heard), server.mails] == [2, 1]
