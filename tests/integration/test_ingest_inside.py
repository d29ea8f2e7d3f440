"""Whoever may change channels tests a connection into our own network: only to what is opened there."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from relaydesk.ingest.v1 import channels_pb2 as pb
from relaydesk.ingest.v1 import service_pb2
from relaydesk.ingest.v1.channels_pb2_grpc import ChannelsServiceStub
from tests.integration.ingest_desk import ingest_on


class Listener:
    """A server inside that counts who comes."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.came = 0
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.came += 1
            connection.sendall(b"-ERR a secret of ours\r\n")
            connection.close()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


@pytest.fixture
def listener() -> Iterator[Listener]:
    listening = Listener()
    yield listening
    listening.close()


def _tested(
    nodes: tuple[str, str, str], folder: Path, settings: dict[str, str], inside: tuple[str, ...]
) -> list[service_pb2.ServerCheck]:
    broker_url, broker_management_url, mongo_url = nodes
    with ingest_on(broker_url, broker_management_url, mongo_url, folder, mail_inside=inside) as desk:
        channels = ChannelsServiceStub(desk.desk.channel(desk.serve().rpc_port))
        draft = service_pb2.Channel(
            id="probe",
            name="Probe",
            kind="email",
            lane="email",
            settings={"address": "a@b.example", **settings},
        )
        return list(channels.TestDraft(pb.TestDraftRequest(channel=draft)).checks)


@pytest.fixture
def nodes(broker_url: str, broker_management_url: str, mongo_url: str) -> tuple[str, str, str]:
    return broker_url, broker_management_url, mongo_url


def _of(listener: Listener, security: str, host: str = "localhost") -> dict[str, str]:
    """Both servers of a mailbox, and who gives it tokens."""
    port = str(listener.port)
    return {
        "imap_host": host,
        "imap_port": port,
        "imap_security": security,
        "imap_user": "x",
        "smtp_host": host,
        "smtp_port": port,
        "smtp_security": security,
    }


@pytest.mark.parametrize("security", ["none", "tls"])
def test_nothing_is_connected_to_and_nothing_is_told_of_what_listens_there(
    nodes: tuple[str, str, str], tmp_path: Path, listener: Listener, security: str
) -> None:
    secrets: dict[str, Any] = {"imap_password_secret": "mailbox"}
    (tmp_path / "mailbox").write_text("a password")
    checks = _tested(nodes, tmp_path, {**_of(listener, security), **secrets}, ("10.0.0.0/8",))
    assert [one.name for one in checks] == ["smtp", "imap"]
    for one in checks:
        assert not one.is_well
        assert "is inside, and not among what MAIL_INSIDE lets us call" in one.text
        assert "secret of ours" not in one.text
    assert listener.came == 0


def test_what_is_opened_is_called(nodes: tuple[str, str, str], tmp_path: Path, listener: Listener) -> None:
    (tmp_path / "mailbox").write_text("a password")
    inside = (f"127.0.0.1:{listener.port}", f"[::1]:{listener.port}")
    settings = {**_of(listener, "none"), "imap_password_secret": "mailbox"}
    checks = _tested(nodes, tmp_path, settings, inside)
    assert not any("MAIL_INSIDE" in one.text for one in checks)
    assert listener.came == 2
