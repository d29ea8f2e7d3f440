"""Whom a mailbox lets in, keeps out, or takes for spam."""

import pytest
from pydantic import ValidationError

from services.ingest.channels.email import Settings, build
from services.ingest.domain.intake import Envelope
from services.ingest.domain.lists import entries_of
from services.ingest.domain.received import ReceivedMessage
from tests.unit.services.ingest.channels.inboxes import inbox
from tests.unit.services.ingest.samples import TOKENS, raw


def _read(
    *lines: str, sender: str = "anna@client.example", envelope: str = "", **settings: str
) -> ReceivedMessage:
    mailbox = build(Settings.model_validate({"address": "support@demo.example", **settings}), inbox())
    head = "\r\n".join((f"From: {sender}", "To: support@demo.example", "Subject: s", *lines))
    return mailbox.read(f"{head}\r\n\r\nwords\r\n".encode(), Envelope(sender=envelope or sender))


def _verdict(message: ReceivedMessage) -> tuple[str, str, str]:
    one = message.screening
    return (one.verdict, one.by, one.entry) if one is not None else ("", "", "")


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ("Anna@Client.Example", ("spam", "address", "anna@client.example")),
        ("client.example", ("spam", "domain", "client.example")),
        ("*.example", ("spam", "domain", "example")),
        ("X-Spam-Flag: YES", ("spam", "header", "X-Spam-Flag: YES")),
        ("X-Spam-Status: yes*", ("spam", "header", "X-Spam-Status: yes*")),
        ("X-Spam-Status: *score=9*rules*", ("spam", "header", "X-Spam-Status: *score=9*rules*")),
        ("lient.example", ("", "", "")),
        ("anna@client", ("", "", "")),
        ("X-Spam-Flag: Y", ("", "", "")),
        ("X-Spam-Status: *rules*score=9*", ("", "", "")),
    ],
)
def test_an_entry_is_an_address_a_domain_or_a_header_field(entry: str, found: tuple[str, str, str]) -> None:
    message = _read("X-Spam-Flag: YES", "X-Spam-Status: Yes, score=9.1, rules=A,B", spam_list=entry)
    assert _verdict(message) == found
    assert ("spam" in message.flags) is bool(found[0])


def test_what_is_taken_for_spam_says_why() -> None:
    assert (
        _read(spam_list="client.example").explanation
        == "Taken for spam: the domain client.example is on the list."
    )


def test_entries_stand_on_lines_between_commas_or_in_a_list() -> None:
    assert _verdict(_read(block_list="a@b.example, client.example\nX-A: b, c")) == (
        "block",
        "domain",
        "client.example",
    )
    assert _verdict(_read("X-A: b, c", block_list="a@b.example\nX-A: b, c"))[1] == "header"
    assert _verdict(_read("X-A: b, c", block_list='["a@b.example", "X-A: b, c"]'))[1] == "header"


def test_the_envelopes_sender_counts_for_what_is_kept_out() -> None:
    assert _verdict(_read(envelope="x@casino.example", block_list="casino.example"))[:2] == (
        "block",
        "domain",
    )


def test_who_is_let_in_is_never_kept_out_and_a_block_goes_before_spam() -> None:
    both = {"block_list": "client.example", "spam_list": "anna@client.example"}
    assert _verdict(_read(**both))[0] == "block"
    let_in = _read(**both, allow_list="anna@client.example")
    assert (_verdict(let_in)[0], let_in.flags, let_in.explanation) == ("allow", (), "")


def test_where_our_server_tells_who_mail_is_from_a_forged_sender_is_not_let_in() -> None:
    lists = {"authserv_id": "mx.demo.example", "allow_list": "client.example", "spam_list": "dmarc=fail"}
    proven = _read("Authentication-Results: mx.demo.example; dmarc=pass header.from=client.example", **lists)
    forged = _read("Authentication-Results: mx.demo.example; dmarc=fail header.from=client.example", **lists)
    lied = _read("Authentication-Results: evil.example; dmarc=pass header.from=client.example", **lists)
    assert _verdict(proven)[0] == "allow"
    assert _verdict(forged) == ("spam", "authentication", "dmarc=fail")
    assert _verdict(lied) == ("", "", "")


def test_a_result_counts_only_where_our_server_is_named() -> None:
    with pytest.raises(ValidationError, match="only where authserv_id names the server"):
        _read(block_list="spf=fail")


@pytest.mark.parametrize("entry", ["a b", "dmarc=maybe", "@", ": x", "a@b@"])
def test_what_is_no_entry_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="and not"):
        entries_of([entry])


def test_an_answer_with_our_proof_is_kept_out_by_its_sender_alone() -> None:
    proof = f"In-Reply-To: {TOKENS.message_id('aa11', 'bb22', 'demo.example')}"
    assert _verdict(_read(proof, "X-Spam-Flag: YES", block_list="X-Spam-Flag: YES"))[0] == "spam"
    assert _verdict(_read("X-Spam-Flag: YES", block_list="X-Spam-Flag: YES"))[0] == "block"
    assert _verdict(_read(proof, block_list="client.example"))[0] == "block"


def test_a_bounce_is_heard_from_a_server_that_is_kept_out() -> None:
    settings = {"address": "support@demo.example", "block_list": "gmail.com, googlemail.com"}
    mailbox = build(Settings.model_validate(settings), inbox())
    message = mailbox.read(raw("bounce-gmail"), Envelope(sender=""))
    assert message.bounce is not None
    assert message.screening is None


def test_whom_a_form_names_can_be_kept_out_too() -> None:
    forms = "- {name: F, from: forms.example, pick: {email: {in: reply_to}}}"
    message = _read(
        "Reply-To: x@casino.example",
        sender="robot@forms.example",
        mail_patterns=forms,
        block_list="casino.example",
    )
    assert _verdict(message)[0] == "block"
