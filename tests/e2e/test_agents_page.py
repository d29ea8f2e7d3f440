"""An agent from the form to the first page, to a right, and to the door; what was done stands in the log."""

import uuid

import pytest
from playwright.sync_api import Page, expect

from local.demo import AGENTS
from tests.browser import person
from tests.e2e.relaydesk import relaydesk
from tests.e2e.system import System
from tests.waiting import wait_until

pytestmark = pytest.mark.browser


def test_an_agent_is_added_gets_a_right_and_leaves(admin: Page, system: System) -> None:
    name = f"Olga {uuid.uuid4().hex[:8]}"
    email = f"{name.split()[1]}@demo.example"
    address = f"http://127.0.0.1:{system.ports.console}"
    admin.goto("/agents")
    admin.get_by_label("Full name").fill(name)
    admin.get_by_label("E-mail").fill(email)
    admin.get_by_label("Password").fill("a password of hers")
    admin.get_by_role("button", name="Add").click()
    expect(admin.locator("h1")).to_have_text(name)
    admin.get_by_label("Manage channels").check()
    admin.get_by_role("button", name="Save").click()
    expect(admin.locator("#log")).to_contain_text("Rights: Manage channels")
    browser = admin.context.browser
    assert browser is not None
    context, theirs = person(browser, address, email=email, password="a password of hers")
    theirs.goto("/channels/new")
    expect(theirs.locator("h1")).to_be_visible()
    admin.get_by_role("button", name="Deactivate").click()
    expect(admin.get_by_role("button", name="Activate again")).to_be_visible()

    def is_out() -> bool:
        theirs.goto("/tickets")
        return "/sign-in" in theirs.url

    # Each replica remembers who is there for half a minute.
    wait_until(is_out, timeout=90)
    context.close()
    agent_id = admin.url.rpartition("/")[2]
    told = relaydesk(system, "agent", "history", agent_id).splitlines()
    assert "is_deactivated" in told[1]
    assert "channels" in told[2]
    assert all(AGENTS[0][1] in line for line in told[1:3])
    relaydesk(system, "agent", "change", agent_id, "--activate", "--take-right", "channels")
    assert "active" in next(line for line in relaydesk(system, "agent", "list").splitlines() if email in line)
