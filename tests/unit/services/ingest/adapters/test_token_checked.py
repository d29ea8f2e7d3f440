"""Who gives tokens is called at checked addresses, or by the proxy that the environment names."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

import pytest

from services.ingest.adapters.oauth.http import Http, HttpFailure
from services.ingest.domain.errors import ClosedPlace

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


class Heard:
    """What came to a server, and where it is."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.port = 0


@contextmanager
def answering() -> Iterator[Heard]:
    heard = Heard()

    def listen() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                heard.lines.append(connection.recv(4096).decode().splitlines()[0])
                connection.sendall(_ANSWER)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        heard.port = listening.getsockname()[1]
        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        try:
            yield heard
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def _closed(host: str, port: int) -> Sequence[str]:
    raise ClosedPlace(host, port)


def test_the_checked_address_is_connected_to_and_no_other() -> None:
    with answering() as server, closing(Http(lambda host, port: ["127.0.0.1"])) as http:
        # Nobody could look the name up.
        assert http.get(f"http://tokens.invalid:{server.port}/x", params={"a": "b c"}).text == "{}"
        assert server.lines == ["GET /x?a=b+c HTTP/1.1"]


def test_an_address_that_takes_no_connection_is_passed_by() -> None:
    with answering() as server, closing(Http(lambda host, port: ["127.0.0.2", "127.0.0.1"])) as http:
        assert http.get(f"http://tokens.invalid:{server.port}/x").status_code == 200


def test_what_is_closed_is_not_connected_to() -> None:
    with answering() as server, closing(Http(_closed)) as http:
        with pytest.raises(HttpFailure, match=r"is not called: .* MAIL_INSIDE"):
            http.get(f"http://127.0.0.1:{server.port}/x")
        assert server.lines == []


def test_a_name_that_leads_nowhere_is_told() -> None:
    def unknown(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(-2, "Name or service not known")

    with closing(Http(unknown)) as http, pytest.raises(HttpFailure, match="cannot be reached"):
        http.get("http://tokens.invalid/x")


def test_the_environments_proxy_is_asked_and_says_for_itself_what_may_be_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with answering() as proxy, closing(Http(_closed)) as http:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert http.get("http://tokens.invalid/x").text == "{}"
        assert proxy.lines == ["GET http://tokens.invalid/x HTTP/1.1"]
        monkeypatch.setenv("NO_PROXY", "tokens.invalid")
        with pytest.raises(HttpFailure, match="MAIL_INSIDE"):
            http.get("http://tokens.invalid/x")
