"""What is wrong with a mailbox's server is said in one line."""

import pytest

from services.ingest.channels.email import Settings, build
from services.ingest.domain.channel import ServerCheck
from tests.unit.services.ingest.channels.inboxes import inbox
from tests.unit.services.ingest.channels.mail_server import Answers, mail_server

AUTH = "250-mail.example\n250 AUTH PLAIN"


def _check(port: int, password: str, **settings: object) -> ServerCheck:
    wanted = {
        "address": "support@demo.example",
        "smtp_host": "127.0.0.1",
        "smtp_port": port,
        "smtp_timeout_seconds": 2,
    }
    mailbox = build(Settings.model_validate({**wanted, **settings}), inbox({"mail": password}))
    (check,) = mailbox.check_servers()
    return check


def _said(answers: Answers, **settings: object) -> ServerCheck:
    with mail_server(answers) as server:
        return _check(server.port, "secret", **settings)


LOGIN = {"smtp_user": "support", "smtp_password_secret": "mail"}


def test_all_is_well_and_nothing_was_sent() -> None:
    with mail_server({"EHLO": AUTH, "AUTH": "235 ok"}) as server:
        check = _check(server.port, "secret", **LOGIN)
        assert check.is_well
        assert check.text.endswith("takes mail from support@demo.example; signed in as support")
        assert server.verbs(0) == ["EHLO", "AUTH", "MAIL", "QUIT"]


def test_a_password_may_have_letters_of_any_script() -> None:
    with mail_server({"EHLO": AUTH, "AUTH": "235 ok"}) as server:
        assert _check(server.port, "пароль-ß", **LOGIN).is_well
    with mail_server({"EHLO": AUTH, "AUTH": "535 5.7.8 no"}) as server:
        check = _check(server.port, "пароль-ß", **LOGIN)
    assert "does not take the mailbox's user or password" in check.text


@pytest.mark.parametrize(
    ("answers", "settings", "words"),
    [
        ({"EHLO": AUTH, "AUTH": "535 5.7.8 no"}, LOGIN, "does not take the mailbox's user or password: 535"),
        ({}, LOGIN, "offers no sign-in (AUTH)"),
        ({"EHLO": "250-x\n250 AUTH XOAUTH2"}, LOGIN, "offers no way of signing in that we know"),
        ({}, {"smtp_security": "starttls"}, "offers no STARTTLS"),
        ({}, {"smtp_security": "tls"}, "does not speak TLS from the first byte"),
        ({"MAIL": "553 not yours"}, {}, "the sender address support@demo.example is refused"),
        ({"": "554 go away"}, {}, "554 go away"),
        ({"EHLO": None}, {}, "ends the connection"),
        ({"EHLO": AUTH}, {**LOGIN, "smtp_password_secret": "gone"}, "the secret gone is not mounted"),
    ],
)
def test_what_is_wrong_is_said(answers: Answers, settings: dict[str, object], words: str) -> None:
    check = _said(answers, **settings)
    assert not check.is_well
    assert words in check.text


def test_a_port_where_nobody_listens_refuses() -> None:
    assert _check(1, "secret").text == "127.0.0.1:1 refuses the connection"


def test_a_name_that_nobody_has_is_not_found() -> None:
    assert _check(25, "secret", smtp_host="mail.invalid").text == "the name mail.invalid is not found"


def test_a_mailbox_that_only_receives_has_no_server_to_ask() -> None:
    assert build(Settings.model_validate({"address": "support@demo.example"}), inbox()).check_servers() == []


def test_the_password_is_never_said() -> None:
    assert "secret" not in _said({"EHLO": AUTH, "AUTH": "535 no"}, **LOGIN).text
