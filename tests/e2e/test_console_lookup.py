"""The part of a ticket's page that asks outside: late, hostile, or away, and the page around it stands."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from services.console.domain.outside import RESTING, LookupFailed
from tests.browser import chromium, person
from tests.console_over_fakes import serve_console
from tests.fakes.console import MemoryDesk, memory_desk
from tests.fakes.outside import CUSTOMER

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def whole() -> Iterator[tuple[MemoryDesk, Page]]:
    fakes = memory_desk()
    server = serve_console(fakes)
    server.start()
    with chromium() as browser:
        context, page = person(browser, f"http://127.0.0.1:{server.port}")
        yield fakes, page
        context.close()
    server.stop(timedelta(seconds=5))


@pytest.fixture
def fakes(whole: tuple[MemoryDesk, Page]) -> Iterator[MemoryDesk]:
    fakes = whole[0]
    yield fakes
    fakes.outside.customers, fakes.outside.failure, fakes.outside.meanwhile = (CUSTOMER,), None, lambda: None


@pytest.fixture
def page(whole: tuple[MemoryDesk, Page]) -> Page:
    return whole[1]


def test_the_page_stands_while_the_answer_is_awaited(page: Page, fakes: MemoryDesk) -> None:
    answered = threading.Event()

    def wait() -> None:
        answered.wait(30)

    fakes.outside.meanwhile = wait
    page.goto("/tickets/48163")
    expect(page.locator("#line .msg").first).to_be_visible()
    expect(page.locator("#live")).to_have_text("live")
    expect(page.locator("#outside-shop")).to_contain_text("Asking…")
    answered.set()
    expect(page.locator("#outside-shop")).to_contain_text("NL-2205-718")


def test_a_link_opens_beside_the_console_and_knows_nothing_of_it(page: Page, fakes: MemoryDesk) -> None:
    page.goto("/tickets/48163")
    page.context.route("https://shop.northline.example/**", lambda route: route.fulfill(body="the shop"))
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="NL-2205-718").click()
    shop = opened.value
    shop.wait_for_load_state()
    assert shop.url == "https://shop.northline.example/orders/718"
    assert shop.evaluate("() => [window.opener, document.referrer]") == [None, ""]
    shop.close()


def test_what_a_system_says_is_only_text(page: Page, fakes: MemoryDesk) -> None:
    bad = "<img src=x onerror=\"document.title='hostile'\"><b hx-get=/hostile hx-trigger=load>x</b>"
    fakes.outside.customers = (replace(CUSTOMER, name=bad, fields=(), links=()),)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/tickets/48163")
    expect(page.locator("#outside-shop")).to_contain_text("<img src=x onerror")
    assert "hostile" not in page.title()
    assert not [url for url in asked if "hostile" in url]


def test_who_is_away_can_be_asked_again_by_keyboard(page: Page, fakes: MemoryDesk) -> None:
    fakes.outside.failure = LookupFailed(RESTING, retry_in=12)
    page.goto("/tickets/48163")
    expect(page.locator("#outside-shop")).to_contain_text("asked again in 12 s")
    fakes.outside.failure = None
    again = page.locator("#outside-shop").get_by_role("button", name="Try again")
    again.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#outside-shop")).to_contain_text("NL-2205-718")
