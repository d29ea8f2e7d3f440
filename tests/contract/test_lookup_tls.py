"""Systems outside over TLS: who they say they are is checked, whatever address they have."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.console.adapters.lookup.reading import JsonReader
from services.console.application.look_up import Deadline
from services.console.domain import outside
from services.console.domain.outside import LookupFailed
from tests.fakes.outside import OutsideServer, answer_json, outside_server
from tests.lookup_contract import LOOPBACK, NOBODY
from tests.own_certificate import certificate as own_certificate
from tests.own_certificate import serving

NAME = "shop.example.com"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Of the name; it vouches for itself."""
    return own_certificate(tmp_path_factory.mktemp("tls"), (NAME,))


@pytest.fixture
def shop(certificate: tuple[Path, Path]) -> Iterator[OutsideServer]:
    with outside_server(answer_json(NOBODY), serving(certificate)) as served:
        yield served


def ask(port: int, name: str = NAME, ca_file: Path | None = None, patience: float = 60.0) -> bytes:
    reader = JsonReader(
        f"https://{name}:{port}",
        allowed=LOOPBACK,
        ca_file=str(ca_file) if ca_file else None,
        resolve=lambda host, at: ["127.0.0.1"],
    )
    return reader.get("/customers", {}, Deadline(time.monotonic() + patience))


def failure(port: int, name: str = NAME, ca_file: Path | None = None, patience: float = 60.0) -> LookupFailed:
    with pytest.raises(LookupFailed) as failed:
        ask(port, name, ca_file, patience)
    return failed.value


def test_who_is_vouched_for_is_asked(shop: OutsideServer, certificate: tuple[Path, Path]) -> None:
    assert b'"customers"' in ask(shop.port, ca_file=certificate[0])
    assert shop.headers[0]["host"] == f"{NAME}:{shop.port}"


def test_who_is_not_vouched_for_is_not_asked(shop: OutsideServer) -> None:
    failed = failure(shop.port)
    assert failed.outcome == outside.UNREACHABLE
    assert "certificate" in failed.detail
    assert shop.targets == []


def test_who_has_another_name_is_not_asked(shop: OutsideServer, certificate: tuple[Path, Path]) -> None:
    failed = failure(shop.port, "other.example.com", certificate[0])
    assert failed.outcome == outside.UNREACHABLE
    assert shop.targets == []


def test_who_does_not_speak_tls_is_not_asked() -> None:
    with outside_server(answer_json(NOBODY)) as plain:
        assert failure(plain.port).outcome == outside.UNREACHABLE
        assert plain.targets == []


def test_a_handshake_that_never_ends_ends_with_the_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert failure(silent.getsockname()[1], patience=0.3).outcome == outside.TIMEOUT
