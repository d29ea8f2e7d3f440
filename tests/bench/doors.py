"""Load through the doors that others use, with as little work of its own as can be."""

import json
import smtplib
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from email.message import EmailMessage
from itertools import count


class Posting:
    """One kept-alive connection that posts messages to the JSON channel."""

    def __init__(self, port: int, channel: str, key: str) -> None:
        self._port = port
        self._head = (
            f"POST /v1/channels/{channel}/messages HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\n"
        ).encode()
        self._socket: socket.socket | None = None

    def post(self, name: str) -> int:
        """Post one message of about 600 bytes; answers the HTTP status."""
        body = json.dumps(
            {
                "client_message_id": name,
                "author": {
                    "external_id": f"u-{name}",
                    "name": "Load Somebody",
                    "email": f"{name}@load.example",
                },
                "subject": f"Order {name} has not arrived",
                "text": f"text of {name} " + "where is my order? " * 20,
            }
        ).encode()
        request = b"%sIdempotency-Key: %s\r\nContent-Length: %d\r\n\r\n%s" % (
            self._head,
            name.encode(),
            len(body),
            body,
        )
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=60)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(request)
        return self._answer()

    def _answer(self) -> int:
        assert self._socket is not None
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._read()
        head, _, rest = data.partition(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        missing = int(lengths[0].split(b":")[1]) - len(rest) if lengths else 0
        while missing > 0:
            missing -= len(self._read())
        if b"connection: close" in head.lower():
            self._socket.close()
            self._socket = None
        return int(head.split(b" ", 2)[1])

    def _read(self) -> bytes:
        assert self._socket is not None
        piece = self._socket.recv(65536)
        if not piece:
            raise ConnectionError("the edge closed the connection in mid-answer")
        return piece


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


def poster(port: int, channel: str, key: str) -> Callable[[], Callable[[str], None]]:
    """Connections to the JSON channel that insist: a 503 is asked again, as its sender should."""

    def connect() -> Callable[[str], None]:
        posting = Posting(port, channel, key)

        def send(name: str) -> None:
            for _ in range(600):
                status = posting.post(name)
                if 200 <= status < 300:
                    return
                if status != 503:
                    raise RuntimeError(f"{name}: HTTP {status}")
                time.sleep(0.1)
            raise RuntimeError(f"{name}: refused for a minute")

        return send

    return connect


def mailer(port: int, make: Callable[[str], bytes]) -> Callable[[], Callable[[str], None]]:
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

    return connect


def names(prefix: str, number: int) -> Iterator[str]:
    """So many names, each once."""
    return (f"{prefix}{n:06d}" for n in range(number))
