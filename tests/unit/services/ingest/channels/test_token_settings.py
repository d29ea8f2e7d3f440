"""What the settings of a mailbox say of signing in with tokens, and signing in where mail leaves."""

import base64
from collections.abc import Mapping

import pytest
from pydantic import ValidationError

from services.ingest.channels import email
from services.ingest.channels.email import Settings
from services.ingest.domain.channel_secrets import mistakes_in
from tests.unit.services.ingest.channels.inboxes import MemoryBearer, inbox
from tests.unit.services.ingest.channels.mail_server import mail_server

MICROSOFT = {
    "address": "support@demo.example",
    "oauth_provider": "microsoft",
    "oauth_tenant": "demo.example",
    "oauth_client_id": "app",
    "oauth_client_secret": "application-secret",
}
GOOGLE = {**MICROSOFT, "oauth_provider": "google", "oauth_refresh_secret": "refresh"}
FETCHED = {"imap_host": "imap.example"}
EHLO = "250-hi\n250 AUTH LOGIN XOAUTH2"


@pytest.mark.parametrize("provider", [MICROSOFT, GOOGLE])
def test_a_server_without_a_password_is_opened_with_tokens(provider: Mapping[str, str]) -> None:
    bearer = MemoryBearer("t0")
    settings = Settings.model_validate({**provider, **FETCHED})
    remote = email.build(settings, inbox({}, bearer)).remote
    assert remote is not None
    assert remote.bearer is bearer


def test_a_server_with_a_password_is_opened_with_it() -> None:
    settings = Settings.model_validate({**MICROSOFT, **FETCHED, "imap_password_secret": "mailbox"})
    remote = email.build(settings, inbox({"mailbox": "sesame"})).remote
    assert remote is not None
    assert remote.bearer is None
    assert remote.password() == "sesame"


@pytest.mark.parametrize(
    "wrong",
    [
        {"oauth_tenant": ""},
        {"oauth_tenant": "demo.example/../other"},
        {"oauth_client_id": ""},
        {"oauth_client_secret": ""},
        {"oauth_provider": "google"},
        {"oauth_provider": "yahoo"},
        {"oauth_url": "http://login.example"},
        {"oauth_url": "https://user@login.example"},
        {"oauth_url": "https://login.example/?next=x"},
        {"oauth_scopes": "a b"},
    ],
)
def test_tokens_that_nobody_could_give_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({**MICROSOFT, **wrong})


@pytest.mark.parametrize(
    "moved",
    [
        {"oauth_url": "https://login.thief.example"},
        {"oauth_tenant": "thief.example"},
        {"oauth_provider": "google"},
        {"imap_host": "imap.thief.example"},
        {"smtp_host": "smtp.thief.example"},
        {"imap_user": "director@demo.example"},
        {"smtp_user": "director@demo.example"},
        {"address": "director@demo.example"},
    ],
)
def test_who_points_tokens_elsewhere_gives_the_secrets_again(moved: dict[str, str]) -> None:
    before = {**MICROSOFT, **FETCHED, "oauth_client_secret": "sealed:oauth_client_secret"}
    wanted = {**before, **moved}
    assert [name for name, _ in mistakes_in(wanted, {}, before, may_name=True)] == ["oauth_client_secret"]
    assert not list(mistakes_in({**before, "display_name": "Help"}, {}, before, may_name=False))


def sending(port: int) -> dict[str, str]:
    return {
        **MICROSOFT,
        "smtp_host": "127.0.0.1",
        "smtp_port": str(port),
        "smtp_user": "support@demo.example",
    }


def test_mail_leaves_with_a_token() -> None:
    with mail_server({"EHLO": EHLO, "AUTH": "235 welcome"}) as server:
        bearer = MemoryBearer("t0")
        mailbox = email.build(Settings.model_validate(sending(server.port)), inbox({}, bearer))
        (check,) = mailbox.check_servers()
    assert check.is_well, check.text
    (said,) = [line for line in server.heard[0] if line.upper().startswith("AUTH")]
    mechanism, response = said.split()[1:]
    assert mechanism == "XOAUTH2"
    assert base64.b64decode(response) == b"user=support@demo.example\x01auth=Bearer t0\x01\x01"
    assert not bearer.refusals


def test_a_server_that_does_not_take_the_token_is_told_of_and_the_token_given_up() -> None:
    with mail_server({"EHLO": EHLO, "AUTH": "535 5.7.3 Authentication unsuccessful"}) as server:
        bearer = MemoryBearer("t0")
        mailbox = email.build(Settings.model_validate(sending(server.port)), inbox({}, bearer))
        (check,) = mailbox.check_servers()
    assert not check.is_well
    assert "Authentication unsuccessful" in check.text
    assert bearer.refusals == ["t0"]


def test_who_gets_no_token_is_told_why_and_the_mail_waits() -> None:
    with mail_server({"EHLO": EHLO}) as server:
        trouble = "login.example gives no token: the application's id or secret is wrong"
        mailbox = email.build(
            Settings.model_validate(sending(server.port)), inbox({}, MemoryBearer(trouble=trouble))
        )
        (check,) = mailbox.check_servers()
    assert (check.is_well, check.text) == (False, trouble)


def test_a_server_that_offers_no_tokens_is_told() -> None:
    with mail_server({"EHLO": "250-hi\n250 AUTH LOGIN"}) as server:
        mailbox = email.build(Settings.model_validate(sending(server.port)), inbox({}, MemoryBearer("t0")))
        (check,) = mailbox.check_servers()
    assert check.text == f"127.0.0.1:{server.port} offers no sign-in with a token on this connection"
