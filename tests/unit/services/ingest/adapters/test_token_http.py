"""Asking a token endpoint that means no good."""

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from services.ingest.adapters.oauth.http import Http, HttpFailure
from services.ingest.adapters.oauth.providers import ask
from services.ingest.domain.sign_in import NoToken, TokenSource
from tests.own_certificate import certificate, serving
from tests.unit.services.ingest.channels.inboxes import anywhere

Talk = Callable[[socket.socket, threading.Event], None]


@contextmanager
def served(talk: Talk, own: tuple[Path, Path] | None = None) -> Iterator[str]:
    """A place at which each connection is talked to until the event, which says that all is over."""
    over = threading.Event()

    def run() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                with suppress(OSError), connection:
                    if own is None:
                        talk(connection, over)
                    else:
                        with serving(own).wrap_socket(connection, server_side=True) as tls:
                            talk(tls, over)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=run, daemon=True).start()
        scheme = "http" if own is None else "https"
        yield f"{scheme}://127.0.0.1:{listening.getsockname()[1]}/token"
        over.set()


def drip(beginning: bytes) -> Talk:
    """Byte after byte, for ever."""

    def talk(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(beginning)
        while not over.wait(0.05):
            connection.sendall(b"x")

    return talk


def say(answer: bytes, *headers: bytes) -> Talk:
    def talk(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(65536)
        head = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(answer), *headers]
        connection.sendall(b"\r\n".join(head) + b"\r\n\r\n" + answer)
        over.wait(60)

    return talk


DRIPS = [b"HTTP/1.1 200 OK\r\nX-", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"]


@pytest.mark.parametrize("beginning", DRIPS, ids=["headers", "body"])
def test_an_answer_that_comes_byte_after_byte_gives_no_byte_more_time(beginning: bytes) -> None:
    with (
        served(drip(beginning)) as url,
        closing(Http(anywhere, timedelta(seconds=2))) as http,
        pytest.raises(HttpFailure, match="in time"),
    ):
        http.post(url, data={"a": "b"})


def test_so_it_is_where_the_bytes_are_encrypted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(own[0]))
    with (
        served(drip(DRIPS[0]), own) as url,
        closing(Http(anywhere, timedelta(seconds=2))) as http,
        pytest.raises(HttpFailure, match="in time"),
    ):
        http.get(url)


def test_all_that_is_asked_for_one_token_has_one_time() -> None:
    with served(drip(DRIPS[0])) as url, closing(Http(anywhere, timedelta(seconds=1))) as http:
        for _ in range(2):
            with pytest.raises(HttpFailure, match="in time"):
                http.get(url)


def test_a_packed_answer_is_not_unpacked() -> None:
    packed = gzip.compress(b'{"access_token": "token"}')
    with (
        served(say(packed, b"Content-Encoding: gzip")) as url,
        pytest.raises(NoToken, match="is no provider of tokens"),
    ):
        ask(TokenSource("google", "app", url=url), "secret", "refresh", addresses=anywhere)


def test_a_token_that_lasts_for_ever_is_refused_in_words() -> None:
    with (
        served(say(b'{"access_token": "token", "expires_in": Infinity}')) as url,
        pytest.raises(NoToken, match="is no provider of tokens"),
    ):
        ask(TokenSource("google", "app", url=url), "secret", "refresh", addresses=anywhere)
