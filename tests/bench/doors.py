"""Load through the doors that others use, with as little work of its own as can be."""

import json
import re
import selectors
import smtplib
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from email.message import EmailMessage
from functools import partial
from itertools import count

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


# Sends every name through so many connections; answers the seconds until the last yes.
Flood = Callable[[Iterable[str], int], float]


class Posting:
    """One kept-alive connection that posts messages of about 600 bytes to the JSON channel."""

    def __init__(self, port: int, channel: str, key: str) -> None:
        self._port = port
        body = json.dumps(
            {
                "client_message_id": "THENAME",
                "author": {
                    "external_id": "u-THENAME",
                    "name": "Load Somebody",
                    "email": "THENAME@load.example",
                },
                "subject": "Order THENAME has not arrived",
                "text": "text of THENAME " + "where is my order? " * 20,
            }
        )
        self._body = body.encode()
        self._head = (
            f"POST /v1/channels/{channel}/messages HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\nIdempotency-Key: "
        ).encode()
        self._socket: socket.socket | None = None
        self._read = b""

    def post(self, name: str) -> int:
        """Post one message; answers the HTTP status."""
        self.ask(name)
        while (status := self.answer()) == 0:
            pass
        return status

    def ask(self, name: str) -> socket.socket:
        """Send one message; answers the socket on which its answer will come."""
        body = self._body.replace(b"THENAME", name.encode())
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=60)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(
            b"%s%s\r\nContent-Length: %d\r\n\r\n%s" % (self._head, name.encode(), len(body), body)
        )
        self._read = b""
        return self._socket

    def answer(self) -> int:
        """Read what is there; the HTTP status once the answer is whole, 0 before."""
        assert self._socket is not None
        piece = self._socket.recv(65536)
        if not piece:
            raise ConnectionError("the edge closed the connection in mid-answer")
        self._read += piece
        head, end, rest = self._read.partition(b"\r\n\r\n")
        if not end:
            return 0
        length = _LENGTH.search(head)
        if length is not None and len(rest) < int(length[1]):
            return 0
        if b"connection: close" in head.lower():
            self._socket.close()
            self._socket = None
        return int(head.split(b" ", 2)[1])


class PostFlood:
    """Posts from many connections and one thread: who sends must not take the cores from what is measured.

    A 503 is asked again after a moment, as its sender should.
    """

    def __init__(self, port: int, channel: str, key: str) -> None:
        self._make = partial(Posting, port, channel, key)

    def __call__(self, names: Iterable[str], lines: int) -> float:
        """Send every name; answers the seconds until the last yes."""
        todo = iter(names)
        begun = time.monotonic()
        later: list[tuple[float, str]] = []
        with selectors.DefaultSelector() as selector:
            idle = [self._make() for _ in range(lines)]
            while True:
                now = time.monotonic()
                while idle:
                    name = later.pop(0)[1] if later and later[0][0] <= now else next(todo, "")
                    if not name:
                        break
                    line = idle.pop()
                    selector.register(line.ask(name), selectors.EVENT_READ, (line, name))
                if not selector.get_map() and not later:
                    return time.monotonic() - begun
                for key, _ in selector.select(0.05 if later else 60):
                    line, name = key.data
                    status = line.answer()
                    if status == 0:
                        continue
                    selector.unregister(key.fileobj)
                    idle.append(line)
                    if status == 503:
                        later.append((time.monotonic() + 0.1, name))
                    elif not 200 <= status < 300:
                        raise RuntimeError(f"{name}: HTTP {status}")


def mails(size: int = 10_000) -> Callable[[str], bytes]:
    """Makes mails of about `size` bytes: plain text, HTML and an attachment."""
    draft = EmailMessage()
    draft["From"] = "Load Somebody <THENAME@load.example>"
    draft["To"] = "support@demo.example"
    draft["Subject"] = "Order THENAME has not arrived"
    draft["Message-ID"] = "<THENAME@load.example>"
    draft["Date"] = "Fri, 20 Nov 2026 10:00:00 +0000"
    draft.set_content("text of THENAME\n" + "Where is my order? I have waited since Thursday.\n" * 20)
    draft.add_alternative("<p>text of THENAME</p>" + "<p>Where is my <b>order</b>?</p>" * 40, subtype="html")
    draft.add_attachment(
        bytes(range(256)) * ((size - 4_500) // 350), maintype="image", subtype="png", filename="photo.png"
    )
    raw = draft.as_bytes().replace(b"\n", b"\r\n")
    return lambda name: raw.replace(b"THENAME", name.encode())


def flood(names: Iterable[str], lines: int, connect: Callable[[], Callable[[str], None]]) -> float:
    """Send every name through so many connections as fast as they take them; answers the seconds until the last yes."""
    todo = iter(names)
    lock = threading.Lock()
    faults: list[BaseException] = []

    def work() -> None:
        try:
            send = connect()
            while True:
                with lock:
                    name = next(todo, None)
                if name is None:
                    return
                send(name)
        except BaseException as fault:  # noqa: BLE001 - a benchmark that lost a message must say so
            faults.append(fault)

    begun = time.monotonic()
    threads = [threading.Thread(target=work, daemon=True) for _ in range(lines)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise RuntimeError(f"{len(faults)} connections failed, first: {faults[0]!r}")
    return time.monotonic() - begun


def mailer(port: int, make: Callable[[str], bytes]) -> Flood:
    """Connections that send mails, a hundred each before they begin anew, as a relay does."""

    def connect() -> Callable[[str], None]:
        numbers = count()
        state: dict[str, smtplib.SMTP] = {}

        def send(name: str) -> None:
            if next(numbers) % 100 == 0:
                if "smtp" in state:
                    state.pop("smtp").quit()
                state["smtp"] = smtplib.SMTP("127.0.0.1", port, timeout=60)
            smtp = state["smtp"]
            smtp.sendmail(f"{name}@load.example", ["support@demo.example"], make(name))

        return send

    return lambda names, lines: flood(names, lines, connect)


def names(prefix: str, number: int) -> Iterator[str]:
    """So many names, each once."""
    return (f"{prefix}{n:06d}" for n in range(number))
