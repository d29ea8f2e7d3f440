"""When a mailbox says that the author is who they say: O4."""

import pytest
from pydantic import ValidationError

from services.ingest.channels.email import Settings, build
from services.ingest.domain.intake import Envelope
from tests.unit.services.ingest.channels.inboxes import inbox

PROVEN = "Authentication-Results: mx.demo.example; dmarc=pass header.from=demo.example"
KATE = "From: kate@demo.example"


def _flags(*lines: str, **settings: object) -> tuple[str, ...]:
    told = {"authserv_id": "mx.demo.example", "agents_answer": "public", **settings}
    mailbox = build(Settings.model_validate({"address": "support@demo.example", **told}), inbox())
    raw = "\r\n".join((*lines, "To: support@demo.example", "Subject: s", "", "words", "")).encode()
    return mailbox.read(raw, Envelope()).flags


def test_the_author_is_proven_by_what_our_own_server_found() -> None:
    assert _flags(PROVEN, KATE) == ("author_proven",)


@pytest.mark.parametrize(
    "result",
    ["dkim=pass header.d=demo.example", "spf=pass smtp.mailfrom=kate@demo.example"],
)
def test_a_signature_or_a_sending_server_of_the_domain_proves_the_author(result: str) -> None:
    assert _flags(f"Authentication-Results: mx.demo.example; {result}", KATE) == ("author_proven",)


@pytest.mark.parametrize(
    "lines",
    [
        (KATE,),
        ("Authentication-Results: mx.evil.example; dmarc=pass header.from=demo.example", KATE),
        ("Authentication-Results: mx.demo.example; dmarc=fail header.from=demo.example", KATE),
        ("Authentication-Results: mx.demo.example; dkim=pass header.d=evil.example", KATE),
        (f"{PROVEN.replace('pass', 'fail')}; dkim=pass header.d=demo.example", KATE),
        (PROVEN, KATE, "From: mallory@evil.example"),
        (PROVEN, "From: kate@demo.example, mallory@evil.example"),
        (PROVEN, "Sender: kate@demo.example"),
    ],
)
def test_nothing_else_proves_the_author(lines: tuple[str, ...]) -> None:
    assert "author_proven" not in _flags(*lines)


def test_whom_a_form_names_is_not_proven() -> None:
    form = ("From: web@demo.example", "Reply-To: kate@demo.example")
    assert "author_proven" not in _flags(PROVEN, *form, form_senders="web@demo.example")


def test_nobody_is_proven_where_the_mailbox_lets_no_agent_answer() -> None:
    assert _flags(PROVEN, KATE, agents_answer="note") == ()


def test_a_mailbox_lets_agents_answer_only_where_it_believes_a_server() -> None:
    with pytest.raises(ValidationError, match="authserv_id"):
        _flags(KATE, authserv_id="")
