"""Mail under TLS, on real nodes."""

import contextlib
import smtplib
import socket
import ssl
from collections.abc import Iterator

import pytest

from relaydesk.ingest.v1 import service_pb2 as pb
from tests.integration.ingest_desk import MAILBOX, IngestDesk, Sockets, ingest_on, letter, send
from tests.own_certificate import certificate


@pytest.fixture(scope="module")
def desk(
    broker_url: str, broker_management_url: str, mongo_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[IngestDesk]:
    folder = tmp_path_factory.mktemp("secrets")
    cert, key = certificate(folder, ("mx.demo.example",))
    with ingest_on(
        broker_url, broker_management_url, mongo_url, folder, smtp_tls_cert=cert, smtp_tls_key=key
    ) as desk:
        yield desk


@pytest.fixture(scope="module")
def sockets(desk: IngestDesk) -> Sockets:
    return desk.serve()


def test_a_mail_under_tls_is_kept(desk: IngestDesk, sockets: Sockets) -> None:
    with smtplib.SMTP("127.0.0.1", sockets.smtp, timeout=60) as client:
        client.starttls(context=trusting())
        client.ehlo()
        assert not client.has_extn("starttls")
        for name in ("one", "two"):
            client.sendmail("a@client.example", [MAILBOX], letter(f"<{name}@b>", "x" * 100_000))
    assert [row["key"] for row in desk.rows()] == ["id:<one@b>", "id:<two@b>"]


def test_what_was_said_before_the_handshake_is_forgotten(desk: IngestDesk, sockets: Sockets) -> None:
    with socket.create_connection(("127.0.0.1", sockets.smtp), timeout=60) as plain:
        plain.recv(1000)
        plain.sendall(b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nSTARTTLS\r\nRSET\r\n")
        said = b""
        while b"220 " not in said:
            said += plain.recv(1000)
        with trusting().wrap_socket(plain) as secure:
            secure.sendall(b"RCPT TO:<support@demo.example>\r\n")
            assert secure.recv(1000).startswith(b"503")


def test_a_handshake_that_is_none_costs_only_its_own_connection(desk: IngestDesk, sockets: Sockets) -> None:
    with socket.create_connection(("127.0.0.1", sockets.smtp), timeout=60) as plain:
        plain.recv(1000)
        plain.sendall(b"STARTTLS\r\n")
        plain.recv(1000)
        plain.sendall(b"EHLO x\r\n" * 10)
        with contextlib.suppress(ConnectionResetError):
            while plain.recv(1000):
                pass
    assert send(sockets.smtp, letter("<after@b>")) == {}


def test_a_certificate_that_nobody_vouches_for_is_told_to_who_asks(
    desk: IngestDesk, sockets: Sockets
) -> None:
    channel = sockets.rpc.GetChannel(pb.GetChannelRequest(channel_id="support")).channel
    channel.settings.update(
        {"smtp_host": "127.0.0.1", "smtp_port": str(sockets.smtp), "smtp_security": "starttls"}
    )
    sockets.rpc.SaveChannel(pb.SaveChannelRequest(channel=channel, expected_version=channel.version))
    (check,) = sockets.rpc.TestChannel(pb.TestChannelRequest(channel_id="support")).checks
    assert (check.name, check.is_well) == ("smtp", False)
    assert check.text.startswith(f"the certificate of 127.0.0.1:{sockets.smtp} is not accepted")


def trusting() -> ssl.SSLContext:
    """What a sending server uses: it encrypts, and asks nobody who we are."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
