"""RetailCRM's API version 5 over real HTTP: what is asked, and what of its answers is taken."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest

from services.console.adapters.lookup.reading import JsonReader
from services.console.adapters.lookup.retailcrm import Manners, RetailCrm
from services.console.application.look_up import Deadline
from services.console.domain import outside
from services.console.domain.outside import EMAIL, EXTERNAL_ID, PHONE, Customer, LookupFailed, Sought, Source
from tests.fakes.outside import OutsideServer, answer_bytes, answer_json, outside_server
from tests.lookup_contract import LOOPBACK

IGOR = {
    "type": "customer", "id": 4215, "externalId": "77", "isContact": False, "createdAt": "2024-02-03 12:00:01",
    "vip": True, "bad": False, "site": "northline", "firstName": "Игорь", "lastName": "Лапшин", "patronymic": None,
    "email": "Igor.Lapshin@pochta.example", "phones": [{"number": "8 (921) 123-45-67"}], "totalSumm": 41230.500000000004,
    "ordersCount": 2, "tags": [], "customFields": [],
}  # fmt: skip
NAMESAKE = {**IGOR, "id": 99, "externalId": "771", "email": "xigor.lapshin@pochta.example", "phones": []}
ORDERS = [
    {"id": 8001, "number": "8001A", "createdAt": "2026-10-01 09:30:00", "status": "complete", "totalSumm": 18,
     "currency": "RUB", "items": [{"id": 1}]},
    {"id": 8002, "number": "8002A", "createdAt": "2026-11-20 23:30:00", "status": "assembling",
     "totalSumm": 41212.5, "currency": "RUB", "customFields": {"a": 1}},
]  # fmt: skip
PAGINATION = {"limit": 20, "totalCount": 2, "currentPage": 1, "totalPageCount": 1}
BY_MAIL = Sought(EMAIL, "igor.lapshin@pochta.example")


@dataclass
class Account:
    """An account of RetailCRM with these customers, however they are filtered."""

    customers: list[dict[str, object]] = field(default_factory=lambda: [NAMESAKE, IGOR])
    orders: list[dict[str, object]] = field(default_factory=lambda: list(ORDERS))

    def __call__(self, request: BaseHTTPRequestHandler) -> None:
        if request.headers["X-API-KEY"] != "key1":
            answer_json({"success": False, "errorMsg": 'Wrong "apiKey" value.'}, 403)(request)
            return
        what = urlsplit(request.path).path.rpartition("/")[2]
        rows = self.customers if what == "customers" else self.orders
        answer_json({"success": True, "pagination": PAGINATION, what: rows})(request)


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def server(account: Account) -> Iterator[OutsideServer]:
    with outside_server(account) as served:
        yield served


def crm(server: OutsideServer, key: str = "key1") -> RetailCrm:
    manners = Manners(
        "https://example.retailcrm.ru", ZoneInfo("Europe/Moscow"), {"assembling": "Комплектуется"}
    )
    reader = JsonReader(f"http://127.0.0.1:{server.port}", allowed=LOOPBACK)
    return RetailCrm(Source("crm", "RetailCRM"), reader, ("example.retailcrm.ru",), lambda: key, manners)


def find(server: OutsideServer, sought: Sought) -> tuple[Customer, ...]:
    return crm(server).find(sought, Deadline(time.monotonic() + 60))


def failure(server: OutsideServer, key: str = "key1") -> LookupFailed:
    with pytest.raises(LookupFailed) as failed:
        crm(server, key).find(BY_MAIL, Deadline(time.monotonic() + 60))
    return failed.value


def test_a_customer_comes_with_their_orders_the_newest_first(server: OutsideServer) -> None:
    [customer] = find(server, BY_MAIL)
    assert customer.name == "Игорь Лапшин"
    assert customer.url == "https://example.retailcrm.ru/customers/4215"
    assert [(one.name, one.value) for one in customer.fields] == [
        ("VIP", "✓"), ("Orders", "2"), ("Total", "41230.50"),
    ]  # fmt: skip
    newest, older = customer.orders
    assert (newest.number, newest.status, newest.total, newest.currency) == (
        "8002A", "Комплектуется", Decimal("41212.5"), "RUB",
    )  # fmt: skip
    assert newest.placed_at.isoformat() == "2026-11-20T20:30:00+00:00"
    assert newest.url == "https://example.retailcrm.ru/orders/8002/edit"
    assert older.status == "complete"


@pytest.mark.parametrize(
    ("sought", "name"),
    [
        (BY_MAIL, "filter[email]"),
        (Sought(PHONE, "+79211234567"), "filter[name]"),
        (Sought(EXTERNAL_ID, "77"), "filter[externalIds][]"),
    ],
)
def test_it_is_asked_by_its_own_filters_and_with_its_key(
    server: OutsideServer, sought: Sought, name: str
) -> None:
    assert [customer.url[-4:] for customer in find(server, sought)] == ["4215"]
    people, orders = (urlsplit(target) for target in server.targets)
    assert people.path == "/api/v5/customers"
    assert parse_qs(people.query) == {name: [sought.value], "limit": ["20"], "page": ["1"]}
    assert orders.path == "/api/v5/orders"
    assert parse_qs(orders.query)["filter[customerId]"] == ["4215"]
    assert all("key1" not in target for target in server.targets)


def test_all_that_is_asked_of_one_person_goes_over_one_connection(server: OutsideServer) -> None:
    find(server, BY_MAIL)
    assert (len(server.targets), server.connections) == (2, 1)


def test_who_only_looks_alike_is_not_shown_and_their_orders_are_not_asked_for(
    server: OutsideServer, account: Account
) -> None:
    account.customers = [NAMESAKE]
    assert find(server, BY_MAIL) == ()
    assert find(server, Sought(PHONE, "+79211234567")) == ()
    assert len(server.targets) == 2


def test_an_email_that_is_empty_is_nobodys(server: OutsideServer, account: Account) -> None:
    account.customers = [{**IGOR, "email": None, "phones": None}]
    assert find(server, BY_MAIL) == ()


def test_a_key_that_is_not_accepted_is_said(server: OutsideServer) -> None:
    assert failure(server, "key2").outcome == outside.DENIED


def test_why_it_refuses_is_said(server: OutsideServer) -> None:
    server.behave = answer_json({"success": False, "errorMsg": "Account does not exist."})
    failed = failure(server)
    assert failed.outcome == outside.REFUSED
    assert failed.said == "Account does not exist."
    assert failed.detail == "it refuses"


def test_more_than_it_can_do_counts_as_unwell(server: OutsideServer) -> None:
    server.behave = answer_json({"success": False, "errorMsg": "Too many requests"}, 503)
    assert failure(server).outcome == outside.FAILED


@pytest.mark.parametrize(
    "row",
    [
        {"createdAt": "yesterday"},
        {"createdAt": "0001-01-01 00:00:00"},
        {"id": "8003/../../admin"},
        {"totalSumm": "much"},
        {"totalSumm": "1E+9999"},
        {"totalSumm": "NaN"},
    ],
)
def test_an_order_of_another_form_is_no_answer(
    server: OutsideServer, account: Account, row: dict[str, object]
) -> None:
    account.orders = [{**ORDERS[0], **row}]
    assert failure(server).outcome == outside.MALFORMED


def test_what_is_not_its_form_is_no_answer(server: OutsideServer) -> None:
    server.behave = answer_bytes(json.dumps([IGOR]).encode())
    assert failure(server).outcome == outside.MALFORMED
