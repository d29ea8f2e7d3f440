"""Mailboxes at a real IMAP server that are opened with access tokens."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from chassis.ids import new_id
from relaydesk.ingest.v1 import service_pb2 as pb
from tests.dovecot_node import DovecotNode, dovecot
from tests.fakes.token_server import SECRET, TokenServer, giving_tokens
from tests.integration.fetching_desk import FetchingDesk, fetching_on
from tests.integration.ingest_desk import letter
from tests.own_certificate import certificate


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenServer]:
    own = certificate(tmp_path_factory.mktemp("certificate"))
    with giving_tokens(own) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(own[0]))
        yield server


@pytest.fixture(scope="module", params=["xoauth2", "oauthbearer"])
def server(request: pytest.FixtureRequest, provider: TokenServer) -> Iterator[DovecotNode]:
    with dovecot(None, provider.introspection_url, request.param) as node:
        yield node


@pytest.fixture(scope="module")
def desk(
    broker_url: str, broker_management_url: str, mongo_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FetchingDesk]:
    folder = tmp_path_factory.mktemp("secrets")
    (folder / "application-secret").write_text(SECRET)
    (folder / "refresh-token").write_text("refresh-0")
    (folder / "old-refresh-token").write_text("refresh-gone")
    with fetching_on(broker_url, broker_management_url, mongo_url, folder) as desk:
        yield desk


@pytest.fixture(autouse=True)
def _calm(desk: FetchingDesk) -> Iterator[None]:
    yield
    desk.end_fetchers()
    desk.ingest.database["channels"].update_many(
        {"settings.imap_host": {"$exists": True}}, {"$set": {"is_paused": True}, "$inc": {"version": 1}}
    )
    desk.ingest.database["access_tokens"].delete_many({})


@pytest.fixture
def name() -> str:
    """Of a channel that no other test has."""
    return f"tokens-{new_id().lower()[-12:]}"


def opened(desk: FetchingDesk, server: DovecotNode, provider: TokenServer, name: str, **settings: str) -> str:
    """Make a mailbox that is opened by a token of a Microsoft application; answers its user."""
    provider.user = desk.mailbox(
        name,
        server.port,
        **{
            "imap_password_secret": "",
            "oauth_provider": "microsoft",
            "oauth_tenant": "example.com",
            # What one application was given is shared by all its mailboxes.
            "oauth_client_id": name,
            "oauth_client_secret": "application-secret",
            "oauth_url": provider.authority,
            **settings,
        },
    )
    return provider.user


@pytest.mark.parametrize("provider_name", ["microsoft", "google"])
def test_mail_is_fetched_with_a_token(
    desk: FetchingDesk, server: DovecotNode, provider: TokenServer, name: str, provider_name: str
) -> None:
    google = {
        "oauth_provider": "google",
        "oauth_refresh_secret": "refresh-token",
        "oauth_url": provider.token_url,
    }
    user = opened(desk, server, provider, name, **(google if provider_name == "google" else {}))
    server.put(user, letter(f"<{name}@b>"))
    desk.fetch()
    desk.await_rows(name, 1)
    desk.await_waiting(name, 0)
    (check,) = desk.sockets.rpc.TestChannel(pb.TestChannelRequest(channel_id=name)).checks
    assert (check.is_well, check.text) == (True, f"127.0.0.1:{server.port} lets {user} read INBOX")


def test_a_token_that_was_taken_back_is_replaced_by_a_new_one(
    desk: FetchingDesk, server: DovecotNode, provider: TokenServer, name: str
) -> None:
    user = opened(desk, server, provider, name)
    desk.fetch()
    desk.await_waiting(name, 0)
    asked = len(provider.asked)
    desk.fetchers.pop().stop(timedelta(seconds=5))
    provider.revoke()
    an_hour_ago = datetime.now(UTC) - timedelta(minutes=30)
    desk.ingest.database["access_tokens"].update_many({}, {"$set": {"asked_at": an_hour_ago}})
    server.put(user, letter(f"<{name}@b>"))
    desk.fetch()
    desk.await_rows(name, 1)
    assert len(provider.asked) == asked + 1


def test_who_gets_no_token_is_told_why_in_one_line(
    desk: FetchingDesk, server: DovecotNode, provider: TokenServer, name: str
) -> None:
    opened(desk, server, provider, name, oauth_refresh_secret="old-refresh-token")
    desk.fetch()
    expected = (
        "127.0.0.1 gives no token: the permission was taken back or has run out: sign in again and give the new refresh "
        "token: Token has been revoked."
    )
    assert desk.await_trouble(name) == expected
    (check,) = desk.sockets.rpc.TestChannel(pb.TestChannelRequest(channel_id=name)).checks
    assert (check.is_well, check.text) == (False, expected)


def test_a_token_of_somebody_else_opens_nothing(
    desk: FetchingDesk, server: DovecotNode, provider: TokenServer, name: str
) -> None:
    user = opened(desk, server, provider, name)
    provider.user = "somebody@else.example"
    desk.fetch()
    assert desk.await_trouble(name).startswith(f"127.0.0.1 does not let the user {user} in:")


def test_a_secret_that_is_not_mounted_is_told(
    desk: FetchingDesk, server: DovecotNode, provider: TokenServer, name: str
) -> None:
    opened(desk, server, provider, name, oauth_client_secret="nowhere")
    desk.fetch()
    assert desk.await_trouble(name) == "the secret nowhere is not mounted"


def test_a_server_without_tokens_is_told(desk: FetchingDesk, provider: TokenServer, name: str) -> None:
    with dovecot() as plain:
        opened(desk, plain, provider, name)
        desk.fetch()
        assert desk.await_trouble(name) == ("127.0.0.1 offers no sign-in with a token on this connection")
