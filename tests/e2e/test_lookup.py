"""A shop beside a ticket, through the whole system: the page stands, the shop answers, and says nothing when it is away."""

import uuid

import pytest
from playwright.sync_api import Page, expect

from local.shop import NAME
from tests.e2e.letters import letter, send, ticket_of
from tests.e2e.relaydesk import relaydesk
from tests.e2e.system import System
from tests.waiting import wait_until

pytestmark = pytest.mark.browser


def test_orders_stand_beside_a_ticket_and_a_shop_that_is_away_is_said_to_be(
    admin: Page, system: System
) -> None:
    subject = f"Where is NL-2205-718 {uuid.uuid4().hex[:8]}"
    send(system, letter(subject, "Hello?", sender="Hannah Becker <hannah.becker@post.example>"))
    number = ticket_of(system, subject).number
    assert "shop: all is well: found 1 customer, 2 orders" in relaydesk(
        system, "lookup", "test", "--email", "hannah.becker@post.example"
    )
    admin.goto(f"/tickets/{number}")
    beside = admin.locator("#outside-shop")
    expect(beside).to_contain_text("NL-2205-718")
    expect(beside).to_contain_text("in customs")
    # An address that is not remembered, and a shop that has gone.
    other = f"Invoice {uuid.uuid4().hex[:8]}"
    send(system, letter(other, "Hello?", sender="Accounts <accounts@brightwave.example>"))
    number = ticket_of(system, other).number
    system.supervisor.stop_one(NAME)
    try:
        admin.goto(f"/tickets/{number}")
        expect(admin.locator("h1")).to_contain_text(other)
        expect(beside).to_contain_text("Northline shop is not reachable")
    finally:
        system.supervisor.start_one(NAME)
    wait_until(lambda: system.supervisor.is_ready(NAME))
    beside.get_by_role("button", name="Try again").click()
    expect(beside).to_contain_text("Nobody is known there")
