"""Reports are asked for where the server knows how, and for people's mails alone."""

import pytest

from services.ingest.channels._smtp import Sender
from services.ingest.channels._smtp_server import Server
from services.ingest.domain.sending import Composed
from tests.unit.services.ingest.channels.inboxes import anywhere
from tests.unit.services.ingest.channels.mail_server import mail_server

KNOWS_DSN = {"EHLO": "250-mail.example\n250 DSN"}


def _commands(
    answers: dict[str, str | None], sender: str, message_id: str = "<t.aa.bb.00@demo.example>"
) -> list[str]:
    with mail_server(answers) as server:
        settings = Server(
            "127.0.0.1", server.port, "none", "", "", 3, secret=lambda name: name, addresses=anywhere
        )
        mail = Composed(b"Subject: x\r\n\r\nx\r\n", "anna@client.example", sender, message_id)
        Sender(settings).send(mail, lambda: None)
        return [line for line in server.heard[0] if line.upper().startswith(("MAIL", "RCPT"))]


def test_failures_and_delays_are_reported_by_our_id() -> None:
    assert _commands({**KNOWS_DSN}, "support@demo.example") == [
        "mail FROM:<support@demo.example> RET=HDRS ENVID=t.aa.bb.00",
        "rcpt TO:<anna@client.example> NOTIFY=FAILURE,DELAY",
    ]


def test_nobody_is_asked_to_answer_a_machine() -> None:
    assert _commands({**KNOWS_DSN}, "") == ["mail FROM:<>", "rcpt TO:<anna@client.example> NOTIFY=NEVER"]


def test_a_server_that_does_not_know_reports_is_not_asked() -> None:
    assert _commands({}, "support@demo.example") == [
        "mail FROM:<support@demo.example>",
        "rcpt TO:<anna@client.example>",
    ]


@pytest.mark.parametrize(("name", "wanted"), [("a+b=c", " ENVID=a+2Bb+3Dc"), ("x" * 101, "")])
def test_an_id_is_written_as_the_standard_wants_it(name: str, wanted: str) -> None:
    (mail, _) = _commands({**KNOWS_DSN}, "support@demo.example", f"<{name}@demo.example>")
    assert mail == f"mail FROM:<support@demo.example> RET=HDRS{wanted}"
