"""What became of one mail, asked of the ledger by page and by command."""

import uuid

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.letters import letter, send, ticket_of
from tests.e2e.relaydesk import relaydesk
from tests.e2e.system import System
from tests.waiting import wait_until

pytestmark = pytest.mark.browser


def test_a_mail_is_found_by_channel_time_and_outcome_and_leads_to_its_ticket(
    admin: Page, system: System
) -> None:
    sender = f"{uuid.uuid4().hex[:10]}@client.example"
    subject = f"Two parcels {uuid.uuid4().hex[:8]}"
    send(system, letter(subject, "Which is mine?", sender=f"Anna <{sender}>"))
    ticket = ticket_of(system, subject)

    def listed(*more: str) -> str:
        return relaydesk(system, "ledger", "--list", "--channel", "support", "--from", "15m", *more)

    wait_until(lambda: sender in listed("--outcome", "ticketed"))
    line = next(line for line in listed().splitlines() if sender in line)
    assert ticket.id in line
    assert sender not in listed("--outcome", "ignored", "--outcome", "appended")
    assert sender not in relaydesk(system, "ledger", "--list", "--channel", "support", "--to", "15m")
    assert "support" in relaydesk(system, "ledger", "--channel", "support", "--from", "15m")

    admin.goto("/ledger")
    admin.get_by_label("Channel").select_option("support")
    admin.get_by_label("Outcome").select_option("ticketed")
    admin.get_by_role("button", name="Show").click()
    row = admin.locator("#rows tr", has_text=sender)
    expect(row).to_be_visible()
    row.get_by_role("link", name="ticketed").click()
    admin.wait_for_url(f"**/tickets/{ticket.number}")
    expect(admin.locator("h1")).to_contain_text(subject)
