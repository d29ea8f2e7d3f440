"""Connections to a mail server are kept for some seconds, and a mail never leaves twice for it."""

import pytest

from services.ingest.channels._smtp import Sender
from services.ingest.channels._smtp_server import Server
from services.ingest.domain.sending import Composed, Sent
from tests.unit.services.ingest.channels.inboxes import anywhere
from tests.unit.services.ingest.channels.mail_server import MailServer, mail_server
from tests.waiting import wait_until

MAIL = Composed(b"Subject: x\r\n\r\nx\r\n", "anna@client.example", "support@demo.example", "<1@demo.example>")


class Hand:
    """Sends mails and says what became of them."""

    def __init__(self, server: MailServer, keep_seconds: int = 30) -> None:
        self.now = 1000.0
        self.begun = 0
        settings = Server(
            host="127.0.0.1",
            port=server.port,
            security="none",
            user="",
            password_secret="",
            timeout_seconds=60,
            secret=lambda name: name,
            addresses=anywhere,
            keep_seconds=keep_seconds,
        )
        self.sender = Sender(settings, now=lambda: self.now)

    def send(self) -> Sent:
        def begin() -> None:
            self.begun += 1

        return self.sender.send(MAIL, begin).outcome


def test_the_next_mail_leaves_by_the_same_connection_after_a_reset() -> None:
    with mail_server() as server:
        hand = Hand(server)
        assert [hand.send(), hand.send()] == [Sent.SENT, Sent.SENT]
        assert [len(server.heard), server.mails] == [1, 2]
        assert server.verbs(0) == ["EHLO", "MAIL", "RCPT", "DATA", ".", "RSET", "MAIL", "RCPT", "DATA", "."]


def test_each_mail_has_its_own_connection_where_none_is_kept() -> None:
    with mail_server() as server:
        hand = Hand(server, keep_seconds=0)
        assert [hand.send(), hand.send()] == [Sent.SENT, Sent.SENT]
        assert len(server.heard) == 2


def test_a_connection_that_waited_too_long_is_not_used_again() -> None:
    with mail_server() as server:
        hand = Hand(server)
        hand.send()
        hand.now += 31
        assert hand.send() is Sent.SENT
        assert len(server.heard) == 2


def test_a_kept_connection_that_died_is_replaced_and_the_mail_leaves_once() -> None:
    with mail_server() as server:
        hand = Hand(server)
        hand.send()
        server.drop_all()
        assert hand.send() is Sent.SENT
        assert [len(server.heard), server.mails, hand.begun] == [2, 2, 2]


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
def test_a_kept_connection_that_dies_before_the_data_is_replaced(verb: str) -> None:
    scripts: list[dict[str, str | None]] = [{}, {}]
    with mail_server(*scripts) as server:
        hand = Hand(server)
        hand.send()
        scripts[0][verb] = None
        assert hand.send() is Sent.SENT
        assert [len(server.heard), server.mails, hand.begun] == [2, 2, 2]


def test_a_server_that_closes_a_kept_connection_gets_the_mail_by_a_new_one() -> None:
    scripts: list[dict[str, str | None]] = [{}, {}]
    with mail_server(*scripts) as server:
        hand = Hand(server)
        hand.send()
        scripts[0]["MAIL"] = "421 4.7.0 too many mails, closing"
        assert hand.send() is Sent.SENT
        assert [len(server.heard), server.mails] == [2, 2]


def test_a_new_connection_that_dies_before_the_data_is_not_tried_at_once_again() -> None:
    with mail_server({"MAIL": None}) as server:
        assert Hand(server).send() is Sent.TEMPORARY
        assert len(server.heard) == 1


def test_a_kept_connection_that_dies_after_the_data_leaves_the_outcome_unknown() -> None:
    scripts: list[dict[str, str | None]] = [{}, {}]
    with mail_server(*scripts) as server:
        hand = Hand(server)
        hand.send()
        scripts[0]["."] = None
        assert hand.send() is Sent.UNKNOWN
        assert len(server.heard) == 1


def test_a_refused_recipient_does_not_cost_the_connection() -> None:
    scripts: list[dict[str, str | None]] = [{"RCPT": "550 5.1.1 no such user"}]
    with mail_server(*scripts) as server:
        hand = Hand(server)
        assert hand.send() is Sent.PERMANENT
        del scripts[0]["RCPT"]
        assert hand.send() is Sent.SENT
        assert len(server.heard) == 1


def test_a_connection_that_carried_many_mails_is_replaced() -> None:
    with mail_server() as server:
        hand = Hand(server)
        assert {hand.send() for _ in range(51)} == {Sent.SENT}
        assert [len(server.heard), server.mails] == [2, 51]


def test_goodbye_is_said_on_a_connection_that_nobody_uses() -> None:
    with mail_server() as server:
        hand = Hand(server, keep_seconds=1)
        hand.send()
        hand.now += 2
        wait_until(lambda: "QUIT" in server.verbs(0))
