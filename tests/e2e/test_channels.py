"""A mailbox from its form to its first ticket and its pause, through the whole system."""

import smtplib
import uuid

import pytest
from playwright.sync_api import Page, expect

from local.demo import AGENTS
from tests.e2e.letters import letter, ticket_of
from tests.e2e.relaydesk import relaydesk
from tests.e2e.system import System
from tests.waiting import wait_until

pytestmark = pytest.mark.browser


def test_a_mailbox_that_is_connected_by_hand_takes_mail_at_once_and_rests_when_it_is_paused(
    admin: Page, system: System
) -> None:
    name = f"returns-{uuid.uuid4().hex[:8]}"
    address = f"{name}@demo.example"
    host, port = system.endpoints.sink_address
    admin.goto("/channels/new?kind=email")
    for field, value in (
        ("#c-id", name),
        ("#c-name", "Returns"),
        ("#s-address", address),
        ("#s-smtp_host", host),
        ("#s-smtp_port", "many"),
    ):
        admin.fill(field, value)
    admin.get_by_role("button", name="Save").click()
    expect(admin.locator(".wrong")).to_contain_text("Port: a whole number")
    admin.fill("#s-smtp_port", str(port))
    admin.get_by_role("button", name="Test without saving").click()
    expect(admin.locator("#checks")).to_contain_text("Sending (SMTP): all is well")
    admin.get_by_role("button", name="Save").click()
    admin.wait_for_url(f"**/channels/{name}")

    subject = f"It does not fit {uuid.uuid4().hex[:8]}"
    wait_until(lambda: _answer(system, address) == 250)
    mail = letter(subject, "May I send it back?", sender="Hannah Becker <hannah@b.example>")
    del mail["To"]
    mail["To"] = address
    with smtplib.SMTP("127.0.0.1", system.ports.smtp, timeout=60) as client:
        client.send_message(mail)
    assert ticket_of(system, subject).channel == name

    admin.get_by_role("button", name="Pause").click()
    expect(admin.get_by_text("Nothing is lost.")).to_be_visible()
    wait_until(lambda: _answer(system, address) == 451)
    admin.get_by_role("button", name="Resume").click()
    wait_until(lambda: _answer(system, address) == 250)
    told = relaydesk(system, "channel", "history", name).splitlines()
    assert [line.split()[0] for line in told[1:3]] == ["3", "2"]
    assert AGENTS[0][1] in told[1]


def _answer(system: System, address: str) -> int:
    with smtplib.SMTP("127.0.0.1", system.ports.smtp, timeout=60) as client:
        client.ehlo()
        client.mail("anna@client.example")
        return client.rcpt(address)[0]
