"""Systems outside over TLS: who they say they are is checked, whatever address they have."""

import socket
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from services.console.adapters.lookup.reading import JsonReader
from services.console.application.look_up import Deadline
from services.console.domain import outside
from services.console.domain.outside import LookupFailed
from tests.fakes.outside import OutsideServer, answer_json, outside_server
from tests.lookup_contract import LOOPBACK, NOBODY

NAME = "shop.example.com"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificate and key of the name, in one file; it vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begun)
        .not_valid_after(begun + timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "shop.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return path


@pytest.fixture
def shop(certificate: Path) -> Iterator[OutsideServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with outside_server(answer_json(NOBODY), context) as served:
        yield served


def ask(port: int, name: str = NAME, ca_file: Path | None = None, patience: float = 2.0) -> bytes:
    reader = JsonReader(
        f"https://{name}:{port}",
        allowed=LOOPBACK,
        ca_file=str(ca_file) if ca_file else None,
        resolve=lambda host, at: ["127.0.0.1"],
    )
    return reader.get("/customers", {}, Deadline(time.monotonic() + patience))


def failure(port: int, name: str = NAME, ca_file: Path | None = None, patience: float = 2.0) -> LookupFailed:
    with pytest.raises(LookupFailed) as failed:
        ask(port, name, ca_file, patience)
    return failed.value


def test_who_is_vouched_for_is_asked(shop: OutsideServer, certificate: Path) -> None:
    assert b'"customers"' in ask(shop.port, ca_file=certificate)
    assert shop.headers[0]["host"] == f"{NAME}:{shop.port}"


def test_who_is_not_vouched_for_is_not_asked(shop: OutsideServer) -> None:
    failed = failure(shop.port)
    assert failed.outcome == outside.UNREACHABLE
    assert "certificate" in failed.detail
    assert shop.targets == []


def test_who_has_another_name_is_not_asked(shop: OutsideServer, certificate: Path) -> None:
    failed = failure(shop.port, "other.example.com", certificate)
    assert failed.outcome == outside.UNREACHABLE
    assert shop.targets == []


def test_who_does_not_speak_tls_is_not_asked() -> None:
    with outside_server(answer_json(NOBODY)) as plain:
        assert failure(plain.port).outcome == outside.UNREACHABLE
        assert plain.targets == []


def test_a_handshake_that_never_ends_ends_with_the_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begun = time.monotonic()
        assert failure(silent.getsockname()[1], patience=0.3).outcome == outside.TIMEOUT
        assert time.monotonic() - begun < 0.3 + 0.5
