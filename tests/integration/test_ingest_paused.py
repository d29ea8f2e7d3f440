"""A pause on real servers: nothing is fetched, nothing is lost, and an encrypted password opens a real mailbox."""

from collections.abc import Iterator

import pytest

from relaydesk.ingest.v1 import channels_pb2 as pb
from relaydesk.ingest.v1 import service_pb2
from relaydesk.ingest.v1.channels_pb2_grpc import ChannelsServiceStub
from tests.dovecot_node import PASSWORD, DovecotNode, dovecot
from tests.integration.fetching_desk import FetchingDesk, fetching_on
from tests.integration.ingest_desk import letter
from tests.own_certificate import certificate
from tests.waiting import wait_until

USER = "resting@fetched.example"


@pytest.fixture
def desk(
    broker_url: str, broker_management_url: str, mongo_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FetchingDesk]:
    folder = tmp_path_factory.mktemp("secrets")
    with fetching_on(broker_url, broker_management_url, mongo_url, folder) as desk:
        yield desk


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DovecotNode]:
    with dovecot(certificate(tmp_path_factory.mktemp("certificate"))) as node:
        yield node


@pytest.fixture
def channels(desk: FetchingDesk) -> ChannelsServiceStub:
    return ChannelsServiceStub(desk.ingest.desk.channel(desk.sockets.rpc_port))


def connect(channels: ChannelsServiceStub, port: int) -> service_pb2.Channel:
    """A mailbox at the server, its password kept encrypted."""
    channel = service_pb2.Channel(
        id="resting",
        name="Resting",
        kind="email",
        lane="email",
        settings={
            "address": USER,
            "imap_host": "127.0.0.1",
            "imap_port": str(port),
            "imap_security": "none",
            "imap_timeout_seconds": "5",
        },
    )
    request = pb.ApplyChannelRequest(channel=channel, secrets={"imap_password_secret": PASSWORD})
    return channels.ApplyChannel(request).channel


def test_a_mailbox_that_is_paused_is_left_alone_and_caught_up_after_it(
    desk: FetchingDesk, server: DovecotNode, channels: ChannelsServiceStub
) -> None:
    connect(channels, server.port)
    request = service_pb2.TestChannelRequest(channel_id="resting")
    (check,) = desk.sockets.rpc.TestChannel(request, timeout=60).checks
    assert (check.name, check.is_well) == ("imap", True)
    server.put(USER, letter("<before@b>"))
    fetcher = desk.fetch()
    desk.await_rows("resting", 1)
    channels.PauseChannel(pb.PauseChannelRequest(channel_id="resting"))
    wait_until(lambda: "resting" not in fetcher.held())
    server.put(USER, letter("<meanwhile-1@b>"), letter("<meanwhile-2@b>"))
    assert len(desk.rows("resting")) == 1
    channels.ResumeChannel(pb.ResumeChannelRequest(channel_id="resting"))
    rows = desk.await_rows("resting", 3, timeout=60)
    assert sorted(row["key"] for row in rows) == ["id:<before@b>", "id:<meanwhile-1@b>", "id:<meanwhile-2@b>"]
