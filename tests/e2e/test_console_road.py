"""The console in front of the whole system: a real mail in, a real answer out, everything between by hand."""

import uuid

import pytest
from playwright.sync_api import Page, expect

from local.demo import AGENTS
from tests.e2e.letters import letter, send, ticket_of
from tests.e2e.system import System
from tests.waiting import wait_until

pytestmark = pytest.mark.browser

PATHS = (
    "/tickets", "/tickets?view=overdue", "/board", "/board?span=1h", "/rules", "/sla", "/sla/calendars", "/sla/at-risk",
    "/channels/support", "/ledger", "/quarantine", "/sends", "/sink", "/settings",
)  # fmt: skip


def test_a_mail_is_answered_by_hand_and_its_answer_is_seen_in_the_sink(admin: Page, system: System) -> None:
    subject = f"Parcel held in customs {uuid.uuid4().hex[:8]}"
    mail = letter(subject, "Which documents do you need?", sender="Hannah Becker <hannah@b.example>")
    mail.add_attachment(b"%PDF-1.4 receipt", maintype="application", subtype="pdf", filename="receipt.pdf")
    # By the clock it may stand below the first page of a system that others used before.
    admin.goto("/tickets?sort=newest")
    expect(admin.locator("#live")).to_have_text("live")
    send(system, mail)
    # It comes by the stream, behind the pill, without a reload.
    expect(admin.locator("#fresh")).to_be_visible()
    admin.keyboard.press(".")
    row = admin.locator(".ticket", has_text=subject)
    expect(row).to_be_visible()
    row.click()
    expect(admin.locator("#thead .title")).to_have_text(subject)
    expect(admin.locator("#line")).to_contain_text("Which documents do you need?")
    # A rule set its group, and says why.
    expect(admin.locator(".fact", has_text="group").first).to_be_visible()
    admin.locator(".why").first.click()
    expect(admin.locator(".reason")).to_contain_text("matched")
    with admin.expect_download() as download:
        admin.click(".file >> text=receipt.pdf")
    assert download.value.path().read_bytes() == b"%PDF-1.4 receipt"

    words = f"Please sign the proforma {uuid.uuid4().hex[:8]}"
    admin.locator("#list").focus()
    admin.keyboard.press("r")
    admin.keyboard.type(words)
    admin.keyboard.press("Control+Shift+Enter")
    expect(admin.locator("#line .ours").last).to_contain_text(words)
    wait_until(
        lambda: any(words in kept.text for kept in system.sink.mails()),
        describe="the answer in the sink",
    )
    admin.goto("/sink")
    admin.click(f"text=Re: {subject} >> nth=0")
    expect(admin.locator("#main pre")).to_contain_text(words)
    ticket = ticket_of(system, subject)
    admin.goto(f"/tickets/{ticket.number}")
    expect(admin.locator("#line .ours").last).to_contain_text("sent")


def test_a_change_by_hand_is_the_agents_in_the_log(admin: Page, system: System) -> None:
    subject = f"Who did it {uuid.uuid4().hex[:8]}"
    send(system, letter(subject))
    ticket = ticket_of(system, subject)
    admin.goto(f"/tickets/{ticket.number}")
    admin.keyboard.press("i")
    admin.keyboard.press("s")
    admin.keyboard.press("3")
    name = AGENTS[0][1]
    expect(admin.locator(".fact", has_text=f"{name} set status Pending")).to_be_visible()
    expect(admin.locator(".fact", has_text=f"{name} set agent {name}")).to_be_visible()


def test_every_page_stands_on_the_real_services(admin: Page) -> None:
    failed = []
    for path in PATHS:
        answer = admin.goto(path)
        if answer is None or answer.status != 200 or admin.locator(".failed").count():
            failed.append(path)
    assert failed == []


def test_the_board_and_the_ledger_add_up(admin: Page) -> None:
    admin.goto("/ledger")
    expect(admin.locator(".bar")).to_contain_text("nothing lost, nothing doubled")
    admin.goto("/board")
    expect(admin.locator("#ledger")).to_contain_text("difference 0")


def test_a_rule_is_switched_off_and_on(admin: Page) -> None:
    admin.goto("/rules")
    switch = admin.locator(".rulelist .switch").first
    before = switch.get_attribute("aria-checked")
    after = "false" if before == "true" else "true"
    switch.click()
    expect(switch).to_have_attribute("aria-checked", after)
    switch.click()
    expect(switch).to_have_attribute("aria-checked", before or "")
