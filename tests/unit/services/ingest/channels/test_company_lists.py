"""Lists that one mailbox keeps for all."""

import pytest

from services.ingest.channels.email import Mailbox, Settings, build
from services.ingest.domain.intake import Envelope
from services.ingest.domain.lists import NO_LISTS, Lists
from services.ingest.domain.received import SPAM
from tests.unit.services.ingest.channels.inboxes import inbox

ANNA, CASINO = "anna@client.example", "x@casino.example"
DMARC_FAILED = "Authentication-Results: mx.demo.example; dmarc=fail header.from=client.example"


def _mailbox(*company: Lists, **settings: str) -> Mailbox:
    wanted = Settings.model_validate({"address": "support@demo.example", **settings})
    return build(wanted, inbox(company_lists=company))


def _company(**lists: str) -> Lists:
    return _mailbox(lists_for_all="true", **lists).lists_for_all


def _verdict(mailbox: Mailbox, sender: str, *lines: str) -> tuple[str, str, str]:
    head = "\r\n".join((f"From: {sender}", "To: support@demo.example", "Subject: s", *lines))
    found = mailbox.read(f"{head}\r\n\r\nwords\r\n".encode(), Envelope(sender=sender)).screening
    return (found.verdict, found.by, found.entry) if found is not None else ("", "", "")


def test_what_one_mailbox_keeps_for_all_holds_for_another_and_says_whose_word_it_is() -> None:
    mailbox = _mailbox(_company(block_list="casino.example"))
    assert _verdict(mailbox, CASINO) == ("block", "domain", "casino.example [mail]")
    assert _verdict(mailbox, ANNA) == ("", "", "")


def test_a_mailboxs_own_lists_go_before_the_companys() -> None:
    company = _company(block_list="casino.example, client.example", allow_list="shop.example")
    mailbox = _mailbox(company, allow_list="casino.example", spam_list="shop.example, client.example")
    assert _verdict(mailbox, CASINO)[0] == "allow"
    assert _verdict(mailbox, "shop@shop.example") == ("spam", "domain", "shop.example")
    assert _verdict(mailbox, ANNA) == ("spam", "domain", "client.example")


def test_of_two_that_keep_lists_for_all_the_first_that_says_something_counts() -> None:
    mailbox = _mailbox(_company(block_list="other.example"), _company(spam_list="casino.example"))
    assert _verdict(mailbox, CASINO)[0] == "spam"


def test_a_mailbox_may_keep_to_its_own_lists() -> None:
    mailbox = _mailbox(_company(block_list="casino.example"), company_lists="false")
    assert _verdict(mailbox, CASINO) == ("", "", "")


@pytest.mark.parametrize(("own_server", "verdict"), [("mx.demo.example", "spam"), ("", ""), ("mx.else", "")])
def test_what_a_server_found_counts_only_where_it_is_the_mailboxs_own(own_server: str, verdict: str) -> None:
    company = _company(spam_list="dmarc=fail", authserv_id="mx.demo.example")
    assert _verdict(_mailbox(company, authserv_id=own_server), ANNA, DMARC_FAILED)[0] == verdict


def test_lists_are_the_mailboxs_own_unless_it_says_otherwise() -> None:
    assert _mailbox(block_list="casino.example").lists_for_all == NO_LISTS
    assert not _company()


def test_what_the_companys_list_takes_for_spam_says_why() -> None:
    mailbox = _mailbox(_company(spam_list="casino.example"))
    message = mailbox.read(f"From: {CASINO}\r\nSubject: s\r\n\r\nWin\r\n".encode(), Envelope())
    assert SPAM in message.flags
    assert message.explanation == "Taken for spam: the domain casino.example [mail] is on the list."
