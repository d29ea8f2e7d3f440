"""The console for everybody: axe finds nothing serious, nothing spills over the edge, no page complains."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import chromium, person, serious
from tests.console_over_fakes import serve_console
from tests.fakes.console import MemoryDesk, memory_desk

pytestmark = pytest.mark.browser

PAGES = (
    "/tickets?sel=48198", "/tickets?sel=48205", "/tickets?priority=urgent&q=customs", "/tickets/48163",
    "/tickets/48198?tab=changes",
    "/sla/what-if?policy=money&calendar=lisbon", "/sla/what-if/counted", "/sla/what-if/running", "/sla/what-if/failed",
    "/board", "/rules", "/rules/money", "/sla", "/sla/calendars", "/sla/at-risk", "/channels", "/channels/support",
    "/channels/new", "/channels/new?kind=email", "/channels/support/edit", "/ledger", "/ledger?channel=support",
    "/customers", "/customers/r48163", "/customers/r48163/merge?other=r48198",
    "/organisations/brightwave", "/agents", "/agents/ana",
    "/quarantine/q1", "/blocked", "/channels/support/patterns", "/sends", "/sink", "/settings", "/nowhere",
)  # fmt: skip
LOOKS = [("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)]


@pytest.fixture(scope="module")
def fakes() -> MemoryDesk:
    return memory_desk()


@pytest.fixture(scope="module")
def address(fakes: MemoryDesk) -> Iterator[str]:
    from datetime import timedelta

    server = serve_console(fakes)
    server.start()
    yield f"http://127.0.0.1:{server.port}"
    server.stop(timedelta(seconds=5))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def complaints(page: Page) -> list[str]:
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("console", lambda line: heard.append(line.text) if line.type in ("error", "warning") else None)
    return heard


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_axe_finds_nothing_serious_on_any_page(
    browser: Browser, address: str, theme: str, width: int
) -> None:
    context, page = person(browser, address, theme=theme, width=width)
    found = {}
    for path in PAGES:
        page.goto(path)
        page.wait_for_load_state("networkidle") if path == "/board" else page.wait_for_timeout(100)
        if problems := serious(page):
            found[path] = problems
    context.close()
    assert found == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_at_the_door(browser: Browser, address: str, theme: str) -> None:
    context = browser.new_context(base_url=address, color_scheme="dark" if theme == "dark" else "light")
    page = context.new_page()
    page.goto("/sign-in")
    assert serious(page) == []
    context.close()


def test_axe_finds_nothing_serious_in_menus_and_dialogs(browser: Browser, address: str) -> None:
    context, page = person(browser, address)
    page.goto("/tickets?sel=48198")
    for key, shown in (
        ("s", "#menu-status"),
        ("a", "#menu-assign"),
        ("t", "#menu-tags"),
        ("?", "#keys"),
        ("Control+k", "#palette"),
    ):
        page.keyboard.press(key)
        page.wait_for_selector(shown, state="visible")
        assert serious(page) == [], shown
        page.keyboard.press("Escape")
        page.wait_for_selector(shown, state="hidden")
    context.close()


@pytest.mark.parametrize("width", [1440, 1280, 390, 320])
@pytest.mark.parametrize("language", ["en", "pt", "ru"])
def test_no_page_spills_over_the_edge(browser: Browser, address: str, width: int, language: str) -> None:
    context, page = person(browser, address, width=width, language=language)
    wide = []
    for path in PAGES:
        page.goto(path)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(path)
    context.close()
    assert wide == []


def test_no_page_breaks_its_own_policy_or_throws(browser: Browser, address: str) -> None:
    context, page = person(browser, address)
    heard = complaints(page)
    for path in PAGES[:-1]:
        page.goto(path)
        page.wait_for_timeout(150)
    context.close()
    assert heard == []


def test_a_service_that_is_away_takes_a_part_and_not_the_page(
    browser: Browser, address: str, fakes: MemoryDesk
) -> None:
    context, page = person(browser, address)
    with fakes.outages.of("sla", "reports"):
        page.goto("/board")
        expect(page.locator(".failed").nth(1)).to_be_visible()
        assert page.locator("#ledger").inner_text().startswith("4,275")
        assert serious(page) == []
    page.locator("[data-reload]").first.click()
    page.wait_for_selector("#figs dl, dl#figs")
    context.close()
