"""A real Chromium: Debian's, driven by Playwright; and what axe finds on a page."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.console_over_fakes import KATE, PASSWORD

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-sync",
    "--disable-component-update",
    "--no-first-run",
)
AXE = Path(__file__).parent / "vendor/axe.min.js"
# Milliseconds for what a page is expected to come to: it may share two cores with a whole system.
PATIENCE = 60_000
SIZES = {1440: 900, 1280: 800, 390: 844}


@contextmanager
def chromium() -> Iterator[Browser]:
    """One browser; a test takes contexts of its own from it."""
    path = shutil.which("chromium")
    assert path, "Debian's chromium is needed: apt-get install chromium"
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def person(
    browser: Browser,
    address: str,
    *,
    width: int = 1440,
    theme: str = "light",
    language: str = "en",
    email: str = KATE,
    password: str = PASSWORD,
) -> tuple[BrowserContext, Page]:
    """Somebody who has just signed in, with a window of that width."""
    context = browser.new_context(
        base_url=address,
        viewport={"width": width, "height": SIZES.get(width, 844)},
        color_scheme="dark" if theme == "dark" else "light",
        locale=language,
        timezone_id="Europe/Lisbon",
        has_touch=width < 500,
    )
    page = context.new_page()
    page.goto(f"/language?to={language}")
    page.fill("input[name=email]", email)
    page.fill("input[name=password]", password)
    page.click("main button[type=submit]")
    page.wait_for_url("**/tickets")
    return context, page


def serious(page: Page) -> list[str]:
    """What axe finds of serious or critical impact, a line each with the element."""
    page.evaluate(AXE.read_text())
    found = page.evaluate(
        """async () => (await axe.run(document, {resultTypes: ['violations'], iframes: false})).violations
            .filter(v => ['serious', 'critical'].includes(v.impact))
            .flatMap(v => v.nodes.map(n => `${v.id}: ${n.target.join(' ')}: ${n.failureSummary}`))"""
    )
    return list(found)
