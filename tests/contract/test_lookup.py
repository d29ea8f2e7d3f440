"""The lookup contract over real HTTP: what is sent, and what is taken of the answers."""

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from services.console.adapters.lookup.signing import keys_of, signature_headers
from services.console.application.look_up import Deadline
from services.console.domain import outside
from tests.fakes.outside import OutsideServer, answer_bytes, answer_json, outside_server
from tests.lookup_contract import HANNAH, NOBODY, SECRET, contract_system, failure

PAGE = (Path(__file__).parents[2] / "docs/lookup.md").read_text()


def example(name: str) -> str:
    """The code block of docs/lookup.md under the comment with this name."""
    found = re.search(rf"<!-- {name} -->\n+```\w*\n(.*?)\n```", PAGE, re.DOTALL)
    assert found is not None, name
    return found[1]


@pytest.fixture
def shop() -> Iterator[OutsideServer]:
    with outside_server(answer_json(NOBODY)) as served:
        yield served


def test_the_question_is_one_signed_get(shop: OutsideServer) -> None:
    assert contract_system(shop).find(HANNAH, Deadline(time.monotonic() + 60)) == ()
    [target], [headers] = shop.targets, shop.headers
    assert urlsplit(target).path == "/desk/customers"
    assert parse_qs(urlsplit(target).query) == {"email": ["hannah+shop@post.example"]}
    assert headers["relaydesk-lookup-version"] == "1"
    assert headers["host"] == f"127.0.0.1:{shop.port}"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{target}".encode()
    digest = hmac.new(b"k" * 32, signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"


def test_a_signature_fits_one_question_only(shop: OutsideServer) -> None:
    keys = keys_of(SECRET)
    one = signature_headers(keys, "msg_1", 1_795_000_000, "/desk/customers?email=a%40b.example")
    other = signature_headers(keys, "msg_1", 1_795_000_000, "/desk/customers?email=c%40b.example")
    assert one["webhook-signature"] != other["webhook-signature"]


def test_the_example_of_the_page_is_signed_as_the_page_says() -> None:
    request = example("request").splitlines()
    headers = dict(line.split(": ", 1) for line in request[1:])
    made = signature_headers(
        keys_of(example("secret")),
        headers["webhook-id"],
        int(headers["webhook-timestamp"]),
        request[0].split(" ")[1],
    )
    assert made == {name: headers[name] for name in made}


def test_the_check_of_the_page_lets_the_example_in_and_nothing_else() -> None:
    known: dict[str, object] = {}
    exec(example("check"), known)  # noqa: S102 - the page's own example
    is_ours = known["is_ours"]
    assert callable(is_ours)
    request = example("request").splitlines()
    headers = dict(line.split(": ", 1) for line in request[1:])
    target, at = request[0].split(" ")[1], int(headers["webhook-timestamp"])
    secret = example("secret")
    assert is_ours(secret, headers, target, at + 10)
    assert not is_ours(secret, headers, target.replace("hannah", "igor"), at + 10)
    assert not is_ours(secret, headers, target, at + 3600)
    assert not is_ours(SECRET, headers, target, at + 10)


def test_the_answer_of_the_page_is_read_whole(shop: OutsideServer) -> None:
    shop.behave = answer_bytes(example("answer").encode())
    [customer] = contract_system(shop).find(HANNAH, Deadline(time.monotonic() + 60))
    assert customer.name == "Hannah Becker"
    assert customer.url == "https://shop.example.com/customers/812"
    assert [(field.name, field.value) for field in customer.fields] == [("Loyalty", "Gold")]
    assert [link.title for link in customer.links] == ["Returns"]
    newest, older = customer.orders
    assert (newest.number, newest.status, newest.total, newest.currency) == (
        "NL-2205-718", "in customs", Decimal("412.90"), "EUR",
    )  # fmt: skip
    assert newest.placed_at.isoformat() == "2026-11-18T08:12:00+00:00"
    assert older.total is None


def test_links_to_other_hosts_are_left_out_and_the_rest_is_shown(shop: OutsideServer) -> None:
    evil = "https://evil.example/"
    order = {"number": "1", "date": "2026-11-18T08:12:00Z", "url": evil}
    customer = {
        "name": "H",
        "url": evil,
        "links": [{"title": "x", "url": "javascript:alert(1)"}],
        "orders": [order],
    }
    shop.behave = answer_json({"version": 1, "customers": [customer]})
    [found] = contract_system(shop).find(HANNAH, Deadline(time.monotonic() + 60))
    assert (found.url, found.links, found.orders[0].url) == ("", (), "")


def test_more_than_anybody_reads_is_cut(shop: OutsideServer) -> None:
    orders = [{"number": str(day), "date": f"2026-10-{day:02}T00:00:00Z"} for day in range(1, 29)]
    customer = {"name": "H" * 9999, "orders": orders}
    shop.behave = answer_json({"version": 1, "customers": [customer] * 9})
    found = contract_system(shop).find(HANNAH, Deadline(time.monotonic() + 60))
    assert len(found) == outside.MOST_CUSTOMERS
    assert len(found[0].name) == outside.LONGEST
    assert [order.number for order in found[0].orders][:2] == ["28", "27"]
    assert len(found[0].orders) == outside.MOST_ORDERS


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not JSON",
        b"[]",
        b'{"customers": []}',
        b'{"version": 2, "customers": []}',
        b'{"version": 1, "customers": {}}',
        b'{"version": 1, "customers": [7]}',
        b'{"version": 1, "customers": [{"orders": [{"number": "1", "date": "yesterday"}]}]}',
        b'{"version": 1, "customers": [{"orders": [{"number": "1", "date": "2026-11-18T08:12:00"}]}]}',
        b'{"version": 1, "customers": [{"orders": [{"number": "1", "date": "0001-01-01T00:00:00+14:00"}]}]}',
        b'{"version": 1, "customers": [{"orders": [{"number": "1", "date": "2026-11-18T08:12:00Z", "sum": "1E+99999"}]}]}',
        b'{"version": 1, "customers": [{"orders": [{"number": "1", "date": "2026-11-18T08:12:00Z", "sum": "NaN"}]}]}',
        b'{"version": 1, "customers": [{"name": "\xff"}]}',
        b'{"version": 1, "customers": ' + b"[" * 50_000,
    ],
)
def test_an_answer_of_another_form_is_refused_by_its_place_and_not_its_content(
    shop: OutsideServer, body: bytes
) -> None:
    shop.behave = answer_bytes(body)
    failed = failure(contract_system(shop))
    assert failed.outcome == outside.MALFORMED
    assert "agreed form" in failed.detail
    assert "yesterday" not in failed.detail


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (204, outside.REFUSED),
        (301, outside.REDIRECTED),
        (302, outside.REDIRECTED),
        (308, outside.REDIRECTED),
        (400, outside.REFUSED),
        (401, outside.DENIED),
        (403, outside.DENIED),
        (404, outside.REFUSED),
        (429, outside.FAILED),
        (500, outside.FAILED),
        (503, outside.FAILED),
    ],
)
def test_every_status_but_200_is_no_answer(shop: OutsideServer, status: int, outcome: str) -> None:
    shop.behave = answer_bytes(b"" if status == 204 else b"{}", status)
    assert failure(contract_system(shop)).outcome == outcome
