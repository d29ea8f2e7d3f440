"""Bounces, and what only looks like one."""

import pytest

from services.ingest.domain.mail import read_mail
from services.ingest.domain.received import Bounce
from tests.unit.services.ingest.samples import HOUSE, raw, read

ORIGINAL = "<t.aa11.bb22.0123456789abcdef@demo.example>"

KNOWN = {
    "bounce-postfix-unknown-user": ("gone@client.example", "hard", "5.1.1"),
    "bounce-postfix-delayed": ("gone@client.example", "soft", "4.4.1"),
    "bounce-exchange": ("gone@client.example", "hard", "5.1.10"),
    "bounce-gmail": ("gone@client.example", "hard", "5.1.1"),
    "bounce-mailbox-full": ("full@client.example", "soft", "4.2.2"),
    "bounce-qmail": ("gone@client.example", "hard", "5.1.1"),
}


def _bounce(name: str) -> Bounce:
    bounce = read(name, "").bounce
    assert bounce is not None
    return bounce


@pytest.mark.parametrize("name", KNOWN)
def test_a_bounce_says_who_how_and_why(name: str) -> None:
    bounce = _bounce(name)
    assert (bounce.failed_recipient, bounce.kind, bounce.code) == KNOWN[name]


@pytest.mark.parametrize("name", KNOWN)
def test_a_bounce_names_what_did_not_arrive(name: str) -> None:
    assert _bounce(name).original_message_id == ORIGINAL


def test_the_reason_is_what_the_server_said() -> None:
    assert _bounce("bounce-postfix-unknown-user").reason == (
        "550 5.1.1 <gone@client.example>: Recipient address rejected: User unknown"
    )


def test_the_address_of_a_server_is_no_code() -> None:
    raw_mail = (
        b"From: MAILER-DAEMON@mx.example\r\nReturn-Path: <>\r\nSubject: failure notice\r\n"
        b"Received: from x (192.4.2.1) by mx.example (10.4.12.5)\r\nX-Failed-Recipients: gone@client.example\r\n"
        b"\r\n<gone@client.example>: 550 5.1.1 no such user\r\n"
    )
    bounce = read_mail(raw_mail, "", HOUSE).bounce
    assert bounce is not None
    assert (bounce.kind, bounce.code) == ("hard", "5.1.1")


@pytest.mark.parametrize(
    "name",
    [
        "read-receipt",
        "complaint-feedback-report",
        "out-of-office-exchange",
        "out-of-office-gmail",
        "plain-text",
        "forwarded-as-attachment",
        "mailing-list",
    ],
)
def test_other_mails_are_no_bounces(name: str) -> None:
    assert read(name).bounce is None


def test_an_out_of_office_with_an_empty_sender_is_no_bounce() -> None:
    assert read("out-of-office-gmail", "").bounce is None


@pytest.mark.parametrize("damage", [b"\0", b"\x80"])
def test_a_damaged_report_names_a_recipient_that_can_be_written_down(damage: bytes) -> None:
    damaged = raw("bounce-mailbox-full").replace(b"full@client", damage + b"full@client")
    bounce = read_mail(damaged, "", HOUSE).bounce
    assert bounce is not None
    assert (bounce.failed_recipient, bounce.code) == ("full@client.example", "4.2.2")


OLD_SERVER = "Hi. This is the qmail-send program at x.example.\n\n<gone@client.example>:\nSorry, no mailbox by that name.\n"


@pytest.mark.parametrize("author", [b"Zustellung f\xfcr <mailer-daemon@x.example>", b"", b"<>"])
def test_a_bounce_with_a_damaged_author_still_names_its_recipient(author: bytes) -> None:
    raw = (
        b"Return-Path: <>\nFrom: "
        + author
        + b"\nX-Failed-Recipients: \nSubject: failure notice\n\n"
        + OLD_SERVER.encode()
    )
    bounce = read_mail(raw, "", HOUSE).bounce
    assert bounce is not None
    assert bounce.failed_recipient == "gone@client.example"
