"""Systems outside, in memory and as a real server on loopback that behaves as badly as one likes."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from services.console.application.look_up import Deadline
from services.console.domain.outside import (
    Customer,
    LookupFailed,
    Order,
    OutsideField,
    OutsideLink,
    Sought,
    Source,
)
from tests.fakes.console_samples import NOW

SHOP = Source("shop", "Northline shop")
CUSTOMER = Customer(
    name="Hannah Becker",
    url="https://shop.northline.example/customers/812",
    fields=(OutsideField("Loyalty", "Gold"),),
    links=(OutsideLink("Returns", "https://shop.northline.example/returns?customer=812"),),
    orders=(
        Order("NL-2205-718", NOW - timedelta(days=6), "in customs", Decimal("412.90"), "EUR",
              "https://shop.northline.example/orders/718"),
        Order("NL-1984-003", NOW - timedelta(days=90), "delivered", Decimal("18"), "EUR"),
    ),
)  # fmt: skip


@dataclass
class MemorySystem:
    """Implements OutsideSystem: answers what it was told to, or fails, and notes what it was asked."""

    source: Source = SHOP
    customers: tuple[Customer, ...] = (CUSTOMER,)
    failure: LookupFailed | None = None
    asked: list[Sought] = field(default_factory=list)
    # What happens while a question is under way.
    meanwhile: Callable[[], None] = lambda: None

    def find(self, sought: Sought, deadline: Deadline) -> tuple[Customer, ...]:
        self.asked.append(sought)
        self.meanwhile()
        if self.failure is not None:
            raise self.failure
        return self.customers


@dataclass
class MemoryLookups:
    """Implements the port Lookups without keeping anything."""

    system: MemorySystem = field(default_factory=MemorySystem)

    @property
    def sources(self) -> tuple[Source, ...]:
        return (self.system.source,)

    def find(self, source_id: str, sought: Sequence[Sought]) -> tuple[Customer, ...]:
        return self.system.find(sought[0], Deadline(0))


@dataclass
class MemoryMeasures:
    """Implements Measures."""

    outcomes: list[str] = field(default_factory=list)
    lengths: list[float] = field(default_factory=list)

    def count(self, source_id: str, outcome: str) -> None:
        self.outcomes.append(outcome)

    def took(self, source_id: str, seconds: float) -> None:
        self.lengths.append(seconds)


Behaviour = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class OutsideServer:
    """HTTP on loopback. `behave` answers each request; `targets` and `headers` are what came by `connections`."""

    behave: Behaviour
    port: int = 0
    connections: int = 0
    targets: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/desk"


@contextmanager
def outside_server(behave: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[OutsideServer]:
    served = OutsideServer(behave)

    class Requests(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            served.connections += 1
            super().setup()

        def do_GET(self) -> None:
            served.targets.append(self.path)
            served.headers.append({name.lower(): value for name, value in self.headers.items()})
            try:
                served.behave(self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """Nothing: a test says what went wrong."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Requests)
    server.daemon_threads = True
    if tls is not None:
        # The handshake is the thread's that answers: one that hangs keeps nobody else.
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    served.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answer_json(answer: object, status: int = 200, kind: str = "application/json", **more: str) -> Behaviour:
    """Answer with this, whatever was asked."""
    return answer_bytes(json.dumps(answer).encode(), status, kind, **more)


def answer_bytes(body: bytes, status: int = 200, kind: str = "application/json", **more: str) -> Behaviour:
    def behave(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(body)))
        for name, value in more.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return behave
