"""Whom a ticket's page asks about, where it may lead, and what it shows."""

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from services.console.domain import outside
from services.console.domain.outside import (
    EMAIL,
    EXTERNAL_ID,
    PHONE,
    Customer,
    LookupFailed,
    Order,
    OutsideField,
    Sought,
    Source,
    openable,
    sought_of,
)
from services.console.domain.tickets import Requester
from tests.console_over_fakes import Visitor
from tests.fakes.console import MemoryDesk
from tests.fakes.console_samples import NOW, TICKETS
from tests.fakes.outside import SHOP

HOSTS = ("shop.example.com",)
PATH = "/tickets/48163/outside/shop"


def person(**known: str) -> Requester:
    return Requester("p1", known.get("name", ""), known.get("email", ""), known.get("phone", ""), None,
                     known.get("external_id", ""))  # fmt: skip


def test_somebody_is_looked_for_by_address_and_then_by_number() -> None:
    ticket = replace(TICKETS[0], requester=person(email="a@b.example", phone="+351912345678"))
    assert sought_of(ticket, SHOP) == (Sought(EMAIL, "a@b.example"), Sought(PHONE, "+351912345678"))


def test_a_number_that_is_no_whole_number_is_not_sent() -> None:
    assert sought_of(replace(TICKETS[0], requester=person(phone="912 345")), SHOP) == ()


def test_an_external_id_is_sent_only_where_it_is_the_systems_own() -> None:
    ticket = replace(TICKETS[0], channel_id="app", requester=person(external_id="77"))
    assert sought_of(ticket, SHOP) == ()
    own = Source("shop", "Shop", frozenset({"app"}))
    assert sought_of(ticket, own) == (Sought(EXTERNAL_ID, "77"),)


def test_a_link_to_a_host_of_the_list_may_be_opened() -> None:
    url = "https://shop.example.com/orders/7?tab=items#3"
    assert openable(url, HOSTS) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://shop.example.com/orders/7",
        "https://evil.example/orders/7",
        "https://shop.example.com.evil.example/",
        "https://evil.example/?shop.example.com",
        "https://shop.example.com@evil.example/",
        "https://kate@shop.example.com/",
        "https://shop.example.com:8443/",
        "https://shop.example.com:99999/",
        "https:\\\\evil.example\\shop.example.com",
        "https://evil.example\\@shop.example.com/",
        "https://shop.example.com/\nx",
        " https://shop.example.com/",
        "javascript:alert(1)//shop.example.com",
        "//shop.example.com/",
        "https://shop.example.соm/",
        "https://[::1",
        "https://shop.example.com/<x>",
    ],
)
def test_any_other_link_is_not_opened(url: str) -> None:
    assert openable(url, HOSTS) == ""


def test_a_page_stands_before_the_system_outside_is_asked(kate: Visitor, fakes: MemoryDesk) -> None:
    answer = kate.get("/tickets/48163")
    assert 'hx-get="/tickets/48163/outside/shop"' in answer.text
    assert fakes.outside.asked == []


def test_the_part_shows_who_it_is_and_what_they_ordered(kate: Visitor) -> None:
    answer = kate.get(PATH, part=True)
    assert answer.status_code == 200
    for shown in ("Hannah Becker", "Loyalty", "Gold", "NL-2205-718", "in customs", "€412.90", "Returns"):
        assert shown in answer.text
    assert 'href="https://shop.northline.example/orders/718" target="_blank"' in answer.text
    assert answer.text.count('rel="noopener noreferrer nofollow"') == answer.text.count("<a ")


def test_what_a_system_says_is_text(kate: Visitor, fakes: MemoryDesk) -> None:
    bad = "<img src=x onerror=alert(1)>"
    fakes.outside.customers = (
        Customer(bad, fields=(OutsideField(bad, bad),), orders=(Order(bad, NOW, bad),)),
    )
    text = kate.get(PATH, part=True).text
    assert "<img" not in text
    assert text.count("&lt;img") >= 5


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (outside.TIMEOUT, "did not answer within 2 seconds"),
        (outside.UNREACHABLE, "No connection"),
        (outside.RESTING, "asked again in 12 s"),
        (outside.DENIED, "does not accept our key"),
        (outside.MALFORMED, "could not be read"),
        (outside.BLOCKED, "may not be called"),
    ],
)
def test_a_failure_is_said_in_words_with_a_way_to_try_again(
    kate: Visitor, fakes: MemoryDesk, outcome: str, said: str
) -> None:
    fakes.outside.failure = LookupFailed(outcome, "10.0.0.1 secret detail", 12.4)
    answer = kate.get(PATH, part=True)
    assert answer.status_code == 200
    assert said in answer.text
    assert "secret detail" not in answer.text
    assert f'hx-get="{PATH}"' in answer.text
    assert "Try again" in answer.text


@pytest.mark.parametrize("language", ["en", "pt", "ru"])
def test_every_outcome_has_a_sentence(kate: Visitor, fakes: MemoryDesk, language: str) -> None:
    kate.client.set_cookie("prefs", f"lang={language}")
    outcomes = [value for name, value in vars(outside).items() if name.isupper() and isinstance(value, str)]
    for outcome in set(outcomes) - {EMAIL, PHONE, EXTERNAL_ID}:
        fakes.outside.failure = LookupFailed(outcome, retry_in=3)
        assert kate.get(PATH, part=True).text.count('class="hint"') == 1


def test_nobody_found_and_nothing_to_look_for_are_said(kate: Visitor, fakes: MemoryDesk) -> None:
    fakes.outside.customers = ()
    assert "Nobody is known there" in kate.get(PATH, part=True).text
    ticket = fakes.tickets.tickets["id48163"]
    fakes.tickets.tickets["id48163"] = replace(ticket, requester=person(name="Anonymous"))
    assert "neither an address nor a number" in kate.get(PATH, part=True).text


def test_where_the_ticket_cannot_be_read_the_part_says_so(kate: Visitor, fakes: MemoryDesk) -> None:
    with fakes.outages.of("tickets"):
        answer = kate.get(PATH, part=True)
    assert answer.status_code == 200
    assert "Northline shop cannot be shown" in answer.text
    assert "Try again" in answer.text
    assert fakes.outside.asked == []


def test_a_source_that_is_none_is_not_found(kate: Visitor) -> None:
    assert kate.get("/tickets/48163/outside/crm", part=True).status_code == 404


def test_the_log_holds_nothing_of_the_person(kate: Visitor, fakes: MemoryDesk) -> None:
    fakes.outside.failure = LookupFailed(outside.REFUSED, "it refuses", said="no +351912345678 here")
    with capture_logs() as lines:
        kate.get(PATH, part=True)
    [line] = [line for line in lines if line["event"] == "lookup_failed"]
    assert line == {
        "event": "lookup_failed", "log_level": "warning", "source": "shop", "outcome": "refused", "detail": "it refuses",
    }  # fmt: skip


def test_who_is_not_signed_in_learns_nothing(stranger: Visitor, fakes: MemoryDesk) -> None:
    assert stranger.get(PATH, part=True).status_code == 401
    assert fakes.outside.asked == []
