"""Mails of forms, marketplaces and payment systems are read by the patterns of their mailbox."""

import pytest
from pydantic import TypeAdapter, ValidationError

from services.ingest.channels._patterns import Patterns
from services.ingest.channels.email import Settings, build
from services.ingest.domain.intake import Envelope
from services.ingest.domain.mail import House, read_mail
from services.ingest.domain.picking import behind_label
from services.ingest.domain.received import Author, ReceivedMessage
from tests.unit.services.ingest.channels.inboxes import inbox
from tests.unit.services.ingest.samples import OWN, TOKENS

SITE_FORM = """
- name: Site form
  from: robot@forms.example
  subject: '^new request'
  region: RU
  pick:
    name: {label: Имя}
    email: {label: E-mail}
    phone: {label: Телефон}
    subject: {label: Тема, required: true}
    text: {label: Сообщение, until: '--'}
    fields.order_number: {pattern: 'order\\s+#?([0-9-]+)'}
- name: Market chat
  from: ['market.example']
  headers: {X-Chat: '.'}
  pick:
    external_id: {in: 'header:X-Chat-User'}
    email: {in: reply_to}
    conversation: {in: 'header:X-Chat'}
- name: Payments
  kind: notice
  from: pay@bank.example
  pick:
    fields.order_number: {in: subject, pattern: 'order ([0-9]+)', required: true}
    fields.amount: {pattern: 'Amount: *([0-9., ]+)'}
"""
FILLED_IN = """Новая заявка с сайта (order #77-12)

Имя: Анна Ким
E-mail: Anna@Client.example
Телефон: 8 (912) 345-67-89
Тема: Где чемодан?
Сообщение:
Заказ оплачен,
а чемодана нет.

--
This form was sent by robot.example
"""


def _house(written: str = SITE_FORM) -> House:
    settings = TypeAdapter(Patterns).validate_python(written)
    return House(TOKENS, lambda address: address in OWN, patterns=tuple(one.made() for one in settings))


def _read(
    text: str = FILLED_IN,
    *lines: str,
    sender: str = "Robot <robot@forms.example>",
    subject: str = "New request",
) -> ReceivedMessage:
    head = "\r\n".join(
        (f"From: {sender}", "To: support@demo.example", f"Subject: {subject}", "Content-Type: text/plain; charset=utf-8",
         *lines)
    )  # fmt: skip
    return read_mail(f"{head}\r\n\r\n{text}".encode(), None, _house())


def test_the_person_who_filled_the_form_in_is_the_author_and_the_fields_are_picked() -> None:
    message = _read()
    assert message.author == Author("Анна Ким", "anna@client.example", "+79123456789")
    assert message.subject == "Где чемодан?"
    assert message.fields == {"order_number": "77-12"}
    assert message.explanation == (
        "Form “Site form”: picked name, email, phone, subject, text, fields.order_number."
    )


def test_what_the_person_wrote_stands_without_the_forms_own_words_and_the_whole_is_kept() -> None:
    message = _read()
    assert message.said == "Заказ оплачен,\nа чемодана нет."
    assert "This form was sent by" in message.text


def test_the_author_of_a_form_is_a_claim_and_no_machine_whatever_the_program_says_of_itself() -> None:
    message = _read(
        FILLED_IN, "Auto-Submitted: auto-generated", "X-Auto-Response-Suppress: All", "Precedence: bulk"
    )
    assert not message.is_automatic
    assert message.flags == ("claimed_requester",)


def test_a_form_without_what_its_pattern_needs_is_ordinary_mail_and_says_so() -> None:
    message = _read("Тема: привет\nИмя: Анна\nE-mail:\nТелефон: нет\n")
    assert message.author.email == "robot@forms.example"
    assert message.flags == ("pattern_missed",)
    assert message.explanation == (
        "Read as ordinary mail, although a pattern is meant for it: “Site form” found no e-mail, phone or external id of"
        " whoever wrote."
    )


def test_a_required_value_that_is_missing_is_named() -> None:
    assert "“Site form” found no subject" in _read("E-mail: anna@client.example\n").explanation


def test_other_mail_is_none_of_the_patterns() -> None:
    message = _read(sender="Anna <anna@client.example>")
    assert (message.flags, message.explanation, message.fields) == ((), "", {})
    assert _read(subject="Your invoice").flags == ()


def test_a_mailbox_of_ours_is_nobody_who_filled_a_form_in() -> None:
    message = _read("Тема: x\nE-mail: support@demo.example\n")
    assert "pattern_missed" in message.flags


def test_what_a_program_writes_into_every_mail_joins_no_thread_but_our_proof_does() -> None:
    own = TOKENS.message_id("aa11", "bb22", "demo.example")
    message = _read(
        FILLED_IN, "Message-ID: <1@robot>", "References: <same@robot>", "In-Reply-To: <same@robot>"
    )
    assert (message.thread.references, message.thread.in_reply_to) == ((), "")
    assert message.thread.message_id == "<1@robot>"
    assert _read(FILLED_IN, f"In-Reply-To: {own}").thread.proven_ticket_ids == ("aa11",)


def test_mails_of_one_marketplace_chat_are_one_conversation() -> None:
    def chat(number: str) -> ReceivedMessage:
        lines = (f"X-Chat: {number}", "X-Chat-User: u-5", "Reply-To: Boris <relay+5@market.example>")
        return _read("Where is it?", *lines, sender="no-reply@chat.market.example", subject="Message")

    first, other = chat("c-1"), chat("c-2")
    assert first.author == Author("Boris", "relay+5@market.example", external_id="u-5")
    assert first.thread.conversation_id == chat("c-1").thread.conversation_id != other.thread.conversation_id


def test_a_notice_is_automatic_and_its_sender_stays() -> None:
    message = _read(
        "Paid.\nAmount: 1 200,50 RUB", sender="Bank <pay@bank.example>", subject="Paid: order 5512"
    )
    assert message.author == Author("Bank", "pay@bank.example")
    assert message.is_automatic
    assert "notice" in message.flags
    assert message.fields == {"order_number": "5512", "amount": "1 200,50"}


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("mx.demo.example; dmarc=pass header.from=bank.example", "notice"),
        ("mx.demo.example; dmarc=fail header.from=bank.example", "missed"),
        ("evil.example; dmarc=pass header.from=bank.example", "missed"),
    ],
)
def test_a_pattern_that_wants_proof_reads_only_what_our_own_server_found_to_come_from_its_sender(
    said: str, status: str
) -> None:
    written = "- {name: Payments, kind: notice, from: pay@bank.example, proven: true}"
    settings = {"address": "support@demo.example", "authserv_id": "mx.demo.example", "mail_patterns": written}
    raw = f"From: pay@bank.example\r\nSubject: Paid\r\nAuthentication-Results: {said}\r\n\r\nThanks\r\n"
    message = build(Settings.model_validate(settings), inbox()).read(raw.encode(), Envelope())
    assert message.read_as == status
    assert ("found no proof that it comes from its sender" in message.explanation) is (status == "missed")


def test_a_pattern_wants_proof_only_where_our_server_is_named() -> None:
    written = "- {name: Payments, kind: notice, from: bank.example, proven: true}"
    with pytest.raises(ValidationError, match="proven only where authserv_id names the server"):
        Settings.model_validate({"address": "support@demo.example", "mail_patterns": written})


def test_an_answer_of_a_machine_or_a_bounce_from_the_forms_address_is_no_form() -> None:
    assert "claimed_requester" not in _read(FILLED_IN, "Auto-Submitted: auto-replied").flags


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("Name: Anna", "Anna"),
        ("*Name:* Anna", "Anna"),
        ("> NAME = Anna", "Anna"),
        ("| Name | Anna |", "Anna"),
        ("Name    Anna", "Anna"),
        ("Name - Anna", "Anna"),
        ("Name：Анна", "Анна"),
        ("Name:\nAnna\n", "Anna"),
        ("Name\r\nAnna\r\n", "Anna"),
        ("Name:\nPhone:\n+1", ""),
        ("Name:\nPhone\n+1", ""),
        ("Name:\n\nBye", ""),
        ("Nameplate: brass", ""),
        ("Name day is today", ""),
    ],
)
def test_a_value_stands_behind_its_label_however_the_form_writes_it(source: str, value: str) -> None:
    assert (behind_label(source, "Name", ("name", "phone"), is_long=False) or "") == value
