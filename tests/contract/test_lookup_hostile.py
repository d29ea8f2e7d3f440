"""What no system outside can do to us, over real HTTP: lead us home, keep us, fill us, or lie about what it is."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from services.console.adapters.lookup.reading import LARGEST, JsonReader
from services.console.application.look_up import FAILURES_IN_A_ROW, REST, Deadline, LookUp
from services.console.domain import outside
from services.console.domain.outside import LookupFailed
from tests.fakes.outside import MemoryMeasures, OutsideServer, answer_json, outside_server
from tests.lookup_contract import HANNAH, LOOPBACK, NOBODY, contract_system, failure


@pytest.fixture
def shop() -> Iterator[OutsideServer]:
    with outside_server(answer_json(NOBODY)) as served:
        yield served


def test_a_redirect_to_ourselves_is_not_followed(shop: OutsideServer) -> None:
    shop.behave = answer_json({}, 302, Location=f"http://127.0.0.1:{shop.port}/metrics")
    assert failure(contract_system(shop)).outcome == outside.REDIRECTED
    assert len(shop.targets) == 1


@pytest.mark.parametrize("kind", ["text/html", "application/octet-stream", "application/jsonp", ""])
def test_what_does_not_call_itself_json_is_not_read(shop: OutsideServer, kind: str) -> None:
    shop.behave = answer_json(NOBODY, kind=kind)
    assert failure(contract_system(shop)).outcome == outside.MALFORMED


def test_a_packed_answer_is_not_unpacked(shop: OutsideServer) -> None:
    shop.behave = answer_json(NOBODY, Content_Encoding="gzip")
    assert failure(contract_system(shop)).outcome == outside.MALFORMED


def test_a_huge_answer_is_left_before_it_is_read(shop: OutsideServer) -> None:
    sent = []

    def without_end(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "application/json")
        request.end_headers()
        for _ in range(10_000):
            request.wfile.write(b" " * 65_536)
            sent.append(65_536)

    shop.behave = without_end
    assert failure(contract_system(shop)).outcome == outside.TOO_LARGE
    assert sum(sent) < 100 * LARGEST


@pytest.mark.parametrize("piece", [b"HTTP/1.1 200 OK\r\nX-", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_byte_at_a_time_does_not_lengthen_the_time(shop: OutsideServer, piece: bytes) -> None:
    over, pace = threading.Event(), threading.Event()

    def drip(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(piece)
        while not over.is_set():
            request.wfile.write(b"x")
            pace.wait(0.02)

    shop.behave = drip
    try:
        # The second has no Content-Type and is refused at once; the first never comes to its body.
        assert failure(contract_system(shop), 0.4).outcome in (outside.TIMEOUT, outside.MALFORMED)
    finally:
        over.set()


def test_a_body_that_comes_by_the_byte_ends_with_the_time(shop: OutsideServer) -> None:
    over, pace = threading.Event(), threading.Event()

    def drip(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "application/json")
        request.end_headers()
        while not over.is_set():
            request.wfile.write(b" ")
            pace.wait(0.02)

    shop.behave = drip
    try:
        assert failure(contract_system(shop), 0.4).outcome == outside.TIMEOUT
    finally:
        over.set()


def test_an_address_of_our_own_is_not_called(shop: OutsideServer) -> None:
    failed = failure(contract_system(shop, allowed=False))
    assert failed.outcome == outside.BLOCKED
    assert shop.targets == []


def test_a_name_that_leads_home_is_not_called(shop: OutsideServer) -> None:
    reader = JsonReader(f"http://shop.example.com:{shop.port}", resolve=lambda host, port: ["127.0.0.1"])
    with pytest.raises(LookupFailed) as failed:
        reader.get("/customers", {}, Deadline(time.monotonic() + 60))
    assert failed.value.outcome == outside.BLOCKED
    assert shop.targets == []


def test_what_is_checked_is_what_is_connected_to(shop: OutsideServer) -> None:
    # A name that first leads to the world and then home has one answer: it is asked for once.
    answers = iter([["127.0.0.1"], ["169.254.169.254"]])
    reader = JsonReader(
        f"http://shop.example.com:{shop.port}", allowed=LOOPBACK, resolve=lambda host, port: next(answers)
    )
    reader.get("/customers", {}, Deadline(time.monotonic() + 60))
    assert next(answers) == ["169.254.169.254"]
    assert shop.headers[0]["host"] == f"shop.example.com:{shop.port}"


def test_nobody_there_is_said_at_once() -> None:
    with outside_server(answer_json(NOBODY)) as gone:
        url = gone.url
    assert failure(contract_system(gone, url=url)).outcome == outside.UNREACHABLE


def test_what_is_no_http_is_said(shop: OutsideServer) -> None:
    def greet(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"220 mail.example ESMTP\r\n")
        request.close_connection = True

    shop.behave = greet
    assert failure(contract_system(shop)).outcome == outside.UNREACHABLE


def test_a_system_that_fails_is_left_alone_and_asked_again_after_its_rest(shop: OutsideServer) -> None:
    # Far ahead: however long the answers take here, nobody's patience ends.
    now = [time.monotonic() + 3600]
    look_up = LookUp([contract_system(shop)], MemoryMeasures(), lambda: now[0])
    shop.behave = answer_json({}, 500)
    outcomes = []
    for _ in range(FAILURES_IN_A_ROW + 2):
        with pytest.raises(LookupFailed) as failed:
            look_up.find("shop", [HANNAH])
        outcomes.append(failed.value.outcome)
    assert outcomes == [outside.FAILED] * FAILURES_IN_A_ROW + [outside.RESTING] * 2
    assert len(shop.targets) == FAILURES_IN_A_ROW
    shop.behave = answer_json({"version": 1, "customers": [{"name": "Hannah"}]})
    now[0] += REST + 1
    assert [customer.name for customer in look_up.find("shop", [HANNAH])] == ["Hannah"]
