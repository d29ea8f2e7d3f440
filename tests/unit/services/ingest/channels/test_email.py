"""What leaves by mail, and what is known of it afterwards."""

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from pydantic import ValidationError

from services.ingest.channels.email import Mailbox, Settings, build
from services.ingest.domain.history import Earlier
from services.ingest.domain.intake import Envelope
from services.ingest.domain.sending import Composed, OutgoingFile, Reply, Sent
from tests.unit.services.ingest.channels.inboxes import inbox
from tests.unit.services.ingest.channels.mail_server import mail_server
from tests.unit.services.ingest.samples import TOKENS, raw

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
REPLY = Reply(
    ticket_id="aa11",
    message_id="bb22",
    channel_id="mail",
    to=("anna@client.example",),
    cc=("boris@client.example",),
    subject="Re: Где мой заказ?",
    text="Уже в пути.\n\nС уважением",
    in_reply_to="<two@client.example>",
    references=("<one@client.example>", "<two@client.example>"),
)


def _mailbox(**settings: object) -> Mailbox:
    return build(Settings.model_validate({"address": "support@demo.example", **settings}), inbox())


def _compose(reply: Reply = REPLY, files: tuple[OutgoingFile, ...] = ()) -> tuple[EmailMessage, Composed]:
    composed = _mailbox(display_name="Demo Поддержка").compose(reply, "anna@client.example", files, (), NOW)
    parsed = message_from_bytes(composed.data, policy=default)
    assert isinstance(parsed, EmailMessage)
    return parsed, composed


def test_a_reply_is_threaded() -> None:
    mail, composed = _compose()
    assert mail["In-Reply-To"] == "<two@client.example>"
    assert mail["References"].split() == ["<one@client.example>", "<two@client.example>"]
    assert TOKENS.ticket_of(mail["Message-ID"]) == "aa11"
    assert composed.provider_message_id == mail["Message-ID"]


def test_answers_come_back_to_the_ticket() -> None:
    mail, _ = _compose()
    assert TOKENS.prove([str(mail["Reply-To"])], "", ()).ticket_ids == ("aa11",)


def test_a_reply_says_in_whose_name_and_to_whom() -> None:
    mail, _ = _compose()
    assert str(mail["From"]) == "Demo Поддержка <support@demo.example>"
    assert str(mail["To"]) == "anna@client.example"
    assert str(mail["Cc"]) == "boris@client.example"
    assert str(mail["Subject"]) == "Re: Где мой заказ?"


def test_a_reply_has_text_and_html() -> None:
    mail, _ = _compose()
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert text.get_content().split() == REPLY.text.split()
    assert html is not None
    assert "Уже в пути." in html.get_content()


def test_what_a_person_wrote_does_not_call_itself_automatic() -> None:
    mail, composed = _compose()
    assert mail["Auto-Submitted"] is None
    assert composed.sender == "support@demo.example"


def test_what_a_machine_wrote_says_so_and_wants_no_bounce() -> None:
    mail, composed = _compose(replace(REPLY, is_automatic=True))
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["Precedence"] == "auto_reply"
    assert composed.sender == ""


def test_everything_that_leaves_carries_the_loop_header() -> None:
    mail, _ = _compose()
    assert mail["X-Relaydesk-Loop"] == TOKENS.instance_id


def test_our_own_mail_coming_back_is_a_loop() -> None:
    _, composed = _compose()
    assert {"loop", "own_address"} <= set(_mailbox().read(composed.data, Envelope()).flags)


def test_a_file_goes_along_unchanged() -> None:
    mail, _ = _compose(files=(OutgoingFile("счёт.pdf", "application/pdf", b"%PDF\n\r\n\0"),))
    (attached,) = mail.iter_attachments()
    assert attached.get_filename() == "счёт.pdf"
    assert attached.get_content() == b"%PDF\n\r\n\0"


def test_a_subject_cannot_add_header_fields() -> None:
    mail, _ = _compose(replace(REPLY, subject="x\r\nBcc: evil@x.example"))
    assert mail["Bcc"] is None


def test_composed_again_a_mail_has_the_same_id() -> None:
    assert _compose()[1].provider_message_id == _compose()[1].provider_message_id


def test_the_mailbox_reads_in_its_own_name() -> None:
    message = _mailbox().read(raw("plain-text"), Envelope(sender="anna@client.example"))
    assert message.author.email == "anna@client.example"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("address", "nobody"),
        ("aliases", "a@b.example, what"),
        ("smtp_port", "0"),
        ("smtp_security", "maybe"),
        ("signature", "{agent.mail}"),
        ("quote_history", "all"),
        ("time_zone", "Mars/Olympus"),
        ("colour", "x"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(setting: str, value: str) -> None:
    with pytest.raises(ValidationError, match=setting):
        Settings.model_validate({"address": "support@demo.example", setting: value})


# ----------------------------------------------------------------------------------------- signature and history

ASKED = Earlier("Anna", NOW, "Где мой заказ?\n  № 7", "<two@client.example>")


def _bodies(reply: Reply = REPLY, **settings: object) -> tuple[str, str]:
    composed = _mailbox(**settings).compose(reply, "anna@client.example", (), (ASKED,), NOW)
    mail = message_from_bytes(composed.data, policy=default)
    assert isinstance(mail, EmailMessage)
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    return text.get_content().replace("\r\n", "\n"), html.get_content()


def test_below_the_words_stand_the_signature_and_then_what_is_answered() -> None:
    reply = replace(REPLY, author_name="Борис", ticket_number=42)
    text, html = _bodies(
        reply, signature="{agent.name}, #{ticket.number}", quote_history="last", language="ru"
    )
    assert text == (
        "Уже в пути.\n\nС уважением\n\n-- \nБорис, #42\n\n"
        "23 ноября 2026 г. в 09:00 Anna пишет:\n> Где мой заказ?\n>   № 7\n"
    )
    assert html.index("С уважением") < html.index("Борис, #42") < html.index("<blockquote")
    assert "Где мой заказ?<br>&nbsp; № 7" in html


def test_a_mailbox_that_says_nothing_of_it_repeats_nothing() -> None:
    assert not _mailbox().quotes_history
    assert "заказ" not in "".join(_bodies())


def test_a_machine_repeats_nothing_and_signs_in_the_name_of_the_mailbox() -> None:
    reply = replace(REPLY, author_name="Rule 7", is_automatic=True)
    text, _ = _bodies(reply, signature="{agent.name}", quote_history="thread", display_name="Demo")
    assert text.endswith("-- \nDemo\n")


def test_composed_again_a_mail_repeats_the_same() -> None:
    first, second = (_bodies(quote_history="thread", signature="Demo") for _ in range(2))
    assert first == second


# ------------------------------------------------------------------------------------------------------- sending


def _send(answers: dict[str, str | None]) -> tuple[Sent, str, bool]:
    began: list[bool] = []
    with mail_server(answers) as server:
        mailbox = _mailbox(smtp_host="127.0.0.1", smtp_port=server.port, smtp_timeout_seconds=60)
        composed = mailbox.compose(REPLY, "anna@client.example", (), (), NOW)
        result = mailbox.send(composed, lambda: began.append(True))
    return result.outcome, result.reason, bool(began)


def test_a_yes_is_sent() -> None:
    assert _send({}) == (Sent.SENT, "250 kept", True)


def test_an_unknown_recipient_is_a_permanent_failure() -> None:
    assert _send({"RCPT": "550 5.1.1 no such user"}) == (
        Sent.PERMANENT,
        "the recipient's address does not exist: 550 5.1.1 no such user",
        False,
    )


def test_a_busy_server_is_a_temporary_failure() -> None:
    assert _send({"MAIL": "451 later"})[0] is Sent.TEMPORARY


def test_a_refusal_after_the_data_is_known() -> None:
    assert _send({".": "554 spam"})[:2] == (Sent.PERMANENT, "554 spam")


def test_a_connection_that_dies_before_the_data_is_temporary() -> None:
    assert _send({"RCPT": None})[0] is Sent.TEMPORARY


def test_a_connection_that_dies_between_data_and_yes_is_unknown() -> None:
    outcome, _, began = _send({".": None})
    assert outcome is Sent.UNKNOWN
    assert began


def test_no_server_is_temporary() -> None:
    mailbox = _mailbox(smtp_host="127.0.0.1", smtp_port=1, smtp_timeout_seconds=1)
    result = mailbox.send(mailbox.compose(REPLY, "anna@client.example", (), (), NOW), lambda: None)
    assert result.outcome is Sent.TEMPORARY


def test_long_ids_leave_as_they_are() -> None:
    long = f"<t.{'a' * 32}.{'b' * 32}.{'0' * 16}@demo.example>"
    reply = replace(
        REPLY, ticket_id="c" * 32, message_id="d" * 32, in_reply_to=long, references=(long, "<x@y.example>")
    )
    data = _compose(reply)[1].data
    head = data.partition(b"\r\n\r\n")[0].decode()
    assert f"Message-ID: <t.{'c' * 32}." in head
    assert f"In-Reply-To: {long}\r\n" in head
    assert f"References: {long}\r\n <x@y.example>\r\n" in head
    assert _mailbox().read(data, Envelope()).thread.in_reply_to == long


def test_a_long_thread_keeps_all_its_references() -> None:
    ids = tuple(f"<{number}@client.example>" for number in range(100))
    mail, _ = _compose(replace(REPLY, references=ids, in_reply_to=ids[-1]))
    assert tuple(mail["References"].split()) == ids


def test_references_that_servers_would_cut_keep_both_ends() -> None:
    ids = tuple(f"<{number}.{'x' * 900}@client.example>" for number in range(100))
    data = _compose(replace(REPLY, references=ids, in_reply_to=ids[-1]))[1].data
    kept = message_from_bytes(data)["References"].split()
    assert (kept[0], kept[-1]) == (ids[0], ids[-1])
    assert len(" ".join(kept)) < 17_000
