"""Asking providers for access tokens: what they are asked, and what becomes of what they say."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from services.ingest.adapters.oauth import providers
from services.ingest.adapters.oauth.providers import Refused
from services.ingest.domain.errors import ClosedPlace
from services.ingest.domain.sign_in import NoToken, TokenSource
from tests.fakes.token_server import SECRET, TokenServer, giving_tokens
from tests.own_certificate import certificate
from tests.unit.services.ingest.channels.inboxes import anywhere

ask = partial(providers.ask, addresses=anywhere)


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenServer]:
    own = certificate(tmp_path_factory.mktemp("certificate"))
    with giving_tokens(own) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(own[0]))
        yield server


@pytest.fixture(autouse=True)
def _anew(provider: TokenServer) -> None:
    provider.answer = None
    provider.lasts = 3600
    provider.asked.clear()
    provider.refresh_tokens = {"refresh-0"}


def microsoft(provider: TokenServer, tenant: str = "example.com", **more: str) -> TokenSource:
    return TokenSource("microsoft", "app", tenant=tenant, url=provider.authority, **more)  # type: ignore[arg-type]


def google(provider: TokenServer) -> TokenSource:
    return TokenSource("google", "app", url=provider.token_url)


def test_a_microsoft_application_asks_in_its_own_right(provider: TokenServer) -> None:
    issued = ask(microsoft(provider), SECRET, "")
    assert (issued.lasts, issued.refresh_token) == (timedelta(hours=1), "")
    (asked,) = provider.asked
    assert asked["grant_type"] == "client_credentials"
    assert asked["scope"] == "https://outlook.office365.com/.default"


def test_at_microsoft_a_person_s_refresh_token_is_changed_for_the_next(provider: TokenServer) -> None:
    issued = ask(microsoft(provider), SECRET, "refresh-0")
    assert issued.refresh_token == "refresh-1"
    (asked,) = provider.asked
    assert asked["refresh_token"] == "refresh-0"
    assert "https://outlook.office.com/IMAP.AccessAsUser.All" in asked["scope"].split()
    assert "https://outlook.office.com/SMTP.Send" in asked["scope"].split()


def test_google_is_asked_with_a_refresh_token_that_stays(provider: TokenServer) -> None:
    issued = ask(google(provider), SECRET, "refresh-0")
    assert issued.access_token
    assert issued.refresh_token == ""
    assert provider.asked == [
        {
            "grant_type": "refresh_token",
            "client_id": "app",
            "client_secret": SECRET,
            "refresh_token": "refresh-0",
        }
    ]


def test_a_wrong_secret_is_one_plain_line(provider: TokenServer) -> None:
    with pytest.raises(NoToken) as refused:
        ask(microsoft(provider), "wrong", "")
    assert str(refused.value) == (
        "127.0.0.1 gives no token: the application's id or secret is wrong or has run out: "
        "AADSTS7000215: Invalid client secret provided."
    )


@pytest.mark.parametrize("make", [microsoft, google])
def test_a_refresh_token_that_was_revoked_is_told_apart(provider: TokenServer, make: object) -> None:
    with pytest.raises(Refused, match="sign in again and give the new refresh token"):
        ask(make(provider), SECRET, "refresh-gone")  # type: ignore[operator]


def test_an_unknown_tenant_is_told(provider: TokenServer) -> None:
    with pytest.raises(NoToken, match=r"127\.0\.0\.1 does not know the tenant"):
        ask(microsoft(provider, "unknown"), SECRET, "")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((503, b"later"), "status 503"),
        ((302, b"https://elsewhere.example/"), "status 302"),
        ((200, b"<html>"), None),
        ((200, b"[1]"), None),
        ((200, b"null"), None),
        ((200, b'{"access_token": ["x"]}'), None),
        ((200, b'{"access_token": "x\\r\\nA1 DELETE INBOX"}'), None),
        ((200, b'{"access_token": "x", "expires_in": "soon"}'), None),
        ((200, b"{" * 300_000), "more than anybody reads"),
        ((200, b"[" * 200_000), None),
    ],
)
@pytest.mark.parametrize("make", [microsoft, google])
def test_whatever_is_no_token_is_refused_in_words(
    provider: TokenServer, make: object, answer: tuple[int, bytes], said: str | None
) -> None:
    provider.answer = answer
    with pytest.raises(NoToken, match=said) as refused:
        ask(make(provider), SECRET, "refresh-0")  # type: ignore[operator]
    assert str(refused.value).startswith("127.0.0.1 ")
    assert "\n" not in str(refused.value)


def test_a_provider_that_is_not_there_is_told() -> None:
    with pytest.raises(NoToken, match="cannot be reached"):
        ask(TokenSource("google", "app", url="http://127.0.0.1:9/token"), SECRET, "refresh-0")


def test_a_certificate_that_nobody_vouches_for_is_refused(
    provider: TokenServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other, _ = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(other))
    with pytest.raises(NoToken, match="cannot be reached"):
        ask(microsoft(provider), SECRET, "")
    assert not provider.asked


@pytest.mark.parametrize("make", [microsoft, google])
def test_a_provider_inside_is_not_asked_for_anything(provider: TokenServer, make: object) -> None:
    def closed(host: str, port: int) -> list[str]:
        raise ClosedPlace(host, port)

    with pytest.raises(NoToken, match="MAIL_INSIDE"):
        providers.ask(make(provider), SECRET, "refresh-0", addresses=closed)  # type: ignore[operator]
    assert not provider.asked
