"""Reading from an IMAP server that says too much, too little, or nothing any more."""

import imaplib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from services.ingest.adapters.imap.bounded import PlainClient
from tests.unit.services.ingest.channels.inboxes import anywhere

GREETING = b"* OK [CAPABILITY IMAP4rev1] here\r\n"


@contextmanager
def served(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port at which one connection is talked to."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def run() -> None:
            connection, _ = listening.accept()
            with connection:
                talk(connection)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(60)


def greeted(connection: socket.socket) -> None:
    connection.sendall(GREETING)
    tag = connection.recv(1000).split()[0]
    connection.sendall(b"* CAPABILITY IMAP4rev1\r\n" + tag + b" OK done\r\n")


def test_a_connection_that_has_ended_is_not_taken_for_silence() -> None:
    with served(greeted) as port:
        client = PlainClient("127.0.0.1", port, addresses=anywhere, timeout=60)
        with pytest.raises(imaplib.IMAP4.abort, match="ended"):
            client.news(60)
        client.shutdown()


def test_silence_is_no_news_and_a_line_in_pieces_is_one() -> None:
    may_go_on = threading.Event()

    def talk(connection: socket.socket) -> None:
        greeted(connection)
        may_go_on.wait(60)
        for piece in (b"* 5 EX", b"ISTS\r\n* 6 EXISTS\r\n"):
            connection.sendall(piece)

    with served(talk) as port:
        client = PlainClient("127.0.0.1", port, addresses=anywhere, timeout=60)
        assert client.news(0.01) == b""
        may_go_on.set()
        assert [client.news(60), client.news(0)] == [b"* 5 EXISTS\r\n", b"* 6 EXISTS\r\n"]
        client.shutdown()


def test_a_greeting_that_comes_byte_after_byte_gives_no_byte_more_time() -> None:
    gone = threading.Event()

    def talk(connection: socket.socket) -> None:
        while not gone.wait(0.05):
            connection.sendall(b"x")

    with served(talk) as port:
        with pytest.raises(imaplib.IMAP4.abort, match="did not end it in time"):
            PlainClient("127.0.0.1", port, addresses=anywhere, timeout=3)
        gone.set()


def test_what_the_server_says_unasked_is_not_kept() -> None:
    def talk(connection: socket.socket) -> None:
        greeted(connection)
        for _ in range(2):
            tag = connection.recv(1000).split()[0]
            connection.sendall(b"* 1 EXPUNGE\r\n" * 100 + tag + b" OK done\r\n")

    with served(talk) as port:
        client = PlainClient("127.0.0.1", port, addresses=anywhere, timeout=60)
        for _ in range(2):
            client.begin()
            client.noop()
        assert len(client.untagged_responses["EXPUNGE"]) == 100
        client.shutdown()


def test_a_mail_that_comes_just_as_news_are_asked_for_is_no_refusal() -> None:
    def talk(connection: socket.socket) -> None:
        greeted(connection)
        tag = connection.recv(1000).split()[0]
        connection.sendall(b"* 7 EXISTS\r\n+ idling\r\n")
        assert connection.recv(1000) == b"DONE\r\n"
        connection.sendall(b"* 8 EXISTS\r\n" + tag + b" OK done\r\n")

    with served(talk) as port:
        client = PlainClient("127.0.0.1", port, addresses=anywhere, timeout=60)
        client.state = "SELECTED"
        tag = client.idle()
        assert client.untagged_responses["EXISTS"] == [b"7"]
        client.done(tag)
        client.shutdown()


def test_a_server_that_gives_no_news_is_told() -> None:
    def talk(connection: socket.socket) -> None:
        greeted(connection)
        connection.sendall(connection.recv(1000).split()[0] + b" NO not today\r\n")

    with served(talk) as port:
        client = PlainClient("127.0.0.1", port, addresses=anywhere, timeout=60)
        client.state = "SELECTED"
        with pytest.raises(imaplib.IMAP4.error, match="not today"):
            client.idle()
        client.shutdown()


def test_short_lines_without_end_are_not_kept_without_end() -> None:
    gone = threading.Event()

    def talk(connection: socket.socket) -> None:
        greeted(connection)
        connection.recv(1000)
        with suppress(OSError):
            while not gone.is_set():
                connection.sendall(b"* 5 EXISTS\r\n" * 1000)

    with served(talk) as port:
        client = PlainClient("127.0.0.1", port, addresses=anywhere, timeout=60)
        client.begin()
        with pytest.raises(imaplib.IMAP4.abort, match="more than it said"):
            client.noop()
        assert len(client.untagged_responses["EXISTS"]) < 300_000
        gone.set()
        client.shutdown()
