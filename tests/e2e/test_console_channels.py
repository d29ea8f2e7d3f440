"""A mailbox is connected by hand: typed, tried, saved, tested, paused."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import chromium, person
from tests.console_over_fakes import serve_console
from tests.fakes.console import MemoryDesk, memory_desk

pytestmark = pytest.mark.browser


@pytest.fixture
def fakes() -> MemoryDesk:
    return memory_desk()


@pytest.fixture
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def kate(browser: Browser, fakes: MemoryDesk) -> Iterator[Page]:
    server = serve_console(fakes)
    server.start()
    context, page = person(browser, f"http://127.0.0.1:{server.port}")
    yield page
    context.close()
    server.stop(timedelta(seconds=2))


def test_a_mailbox_is_tried_while_it_is_typed_then_saved_tested_and_paused(
    kate: Page, fakes: MemoryDesk
) -> None:
    kate.goto("/channels")
    kate.get_by_role("link", name="Connect a channel").click()
    kate.locator("a[href='/channels/new?kind=email']").click()
    kate.get_by_label("Id", exact=True).fill("returns")
    kate.get_by_label("Name", exact=True).fill("Returns")
    kate.get_by_label("Address", exact=False).first.fill("returns@northline.example")
    kate.locator("#s-imap_host").fill("imap.northline.example")
    kate.locator("#s-imap_password_secret").fill("correct horse")
    kate.get_by_role("button", name="Test without saving").click()
    expect(kate.locator("#checks")).to_contain_text("Fetching (IMAP): does not work: refuses the password")
    expect(kate.locator("#s-imap_password_secret")).to_have_value("correct horse")
    assert fakes.channels.applied == []

    kate.get_by_role("button", name="Save").click()
    kate.wait_for_url("**/channels/returns")
    assert fakes.channels.applied[0][0].secrets == {"imap_password_secret": "correct horse"}
    assert "correct horse" not in kate.content()
    kate.get_by_role("button", name="Sign in at its servers").click()
    expect(kate.locator("#checks")).to_contain_text("Sending (SMTP): all is well")
    kate.get_by_role("button", name="Pause").click()
    expect(kate.get_by_text("Nothing is lost.")).to_be_visible()
    kate.get_by_role("button", name="Resume").click()
    expect(kate.get_by_role("button", name="Pause")).to_be_visible()
    assert not fakes.ingest.channels["returns"].is_paused
