"""Real troubles of real mails, each with the one fact that must come out right."""

from datetime import UTC, datetime

import pytest

from services.ingest.domain.errors import CannotRead
from services.ingest.domain.headers import message_ids
from services.ingest.domain.mail import read_mail
from services.ingest.domain.received import Author
from tests.unit.services.ingest.samples import FOLDER, HOUSE, mail, raw, read

TEXTS = {
    "plain-text": "Hello,\n\nmy parcel 4711 has not come yet.\n\nAnna",
    "cyrillic-koi8-r": "Здравствуйте! Где мой заказ 1234?",
    "windows-1251-called-latin-1": "Добрый день! Посылка не пришла, помогите пожалуйста.",
    "windows-1251-called-utf-8": "Добрый день! Посылка не пришла, помогите пожалуйста.",
    "eight-bit-headers-latin-1": "Ich möchte die Ware zurückgeben.",
    "gb2312-with-gbk-characters": "你好，我的订单在哪里？镕基 €",
    "ks-c-5601-alias": "안녕하세요. 주문이 어디에 있습니까?",
    "iso-2022-jp": "注文はどこですか。",
    "unknown-charset": "Прошу вернуть деньги за заказ номер 77.",
    "multipart-with-attachment": "Hello *there*",
    "broken-boundary": "Text in a part",
    "boundary-that-never-comes": "Just a line of text.",
    "missing-final-boundary": "Text in a part",
    "blank-line-missing": "Hello, this is the text already.\nSecond line.",
    "lone-carriage-returns": "line one\nline two",
    "line-feeds-only": "line one\nline two",
    "nul-bytes": "before and after",
    "winmail-dat": "See attached.",
    "calendar-invite": "You are invited.",
    "signed": "Signed words.",
    "base64-with-bad-padding": "Привет, это я!!",
    "no-from": "I wrote this.",
    "html-only": "Заказ\n\nГде он?\n\n- один\n- два\n\na b\n\nOrder 1 <https://shop.example/o/1>",
    "forwarded-as-attachment": "Please look.",
    "encrypted": "",
}

SUBJECTS = {
    "cyrillic-koi8-r": "Где мой заказ?",
    "eight-bit-headers-latin-1": "Rückgabe für Müller",
    "eight-bit-headers-windows-1251": "Вопрос по оплате заказа",
    "utf-8-headers-unencoded": "Заказ №5 — вопрос",
    "gb2312-with-gbk-characters": "订单问题",
    "iso-2022-jp": "お問い合わせ",
    "encoded-words-cut-inside-a-character": "Привет из Москвы",
    "encoded-word-broken": "Where is my order? =?bad?Q",
    "nul-bytes": "Nuls",
    "blank-line-missing": "No blank line",
    "mbox-separator": "Mbox",
}

AUTHORS = {
    "cyrillic-koi8-r": Author("Анна Петрова", "anna@client.example"),
    "eight-bit-headers-latin-1": Author("Jürgen Groß", "anna@client.example"),
    "from-with-unquoted-comma": Author("Petrova, Anna", "anna@client.example"),
    "from-with-address-as-name": Author("boss@bank.example", "anna@client.example"),
    "no-from": Author("", "anna@client.example"),
    "form-with-reply-to": Author("Ivan", "ivan@client.example"),
}

# Name, type, is it shown inside the text.
FILES = {
    "multipart-with-attachment": [("receipt.pdf", "application/pdf", False)],
    "missing-final-boundary": [("receipt.pdf", "application/pdf", False)],
    "winmail-dat": [("winmail.dat", "application/ms-tnef", False)],
    "calendar-invite": [("invite.ics", "text/calendar", False)],
    "signed": [("signature.asc", "application/pgp-signature", False)],
    "encrypted": [("encrypted.eml", "message/rfc822", False)],
    "smime-encrypted": [("smime.p7m", "application/pkcs7-mime", False)],
    "inline-image": [("logo.png", "image/png", True), ("part-2.png", "image/png", False)],
    "file-name-rfc-2231": [("Счёт 5.pdf", "application/pdf", False)],
    "file-name-encoded-word": [("Счёт.pdf", "application/pdf", False)],
    "file-name-that-climbs": [("_.._etc_passwd", "application/pdf", False)],
    "forwarded-as-attachment": [("The inner mail.eml", "message/rfc822", False)],
    "uuencoded": [("a.bin", "application/octet-stream", False)],
    "plain-text": [],
}

FLAGS = {
    "broken-boundary": {"broken_mime"},
    "missing-final-boundary": {"broken_mime"},
    "blank-line-missing": {"broken_mime"},
    "windows-1251-called-utf-8": {"guessed_charset"},
    "unknown-charset": {"guessed_charset"},
    "encrypted": {"encrypted"},
    "read-receipt": {"read_receipt"},
    "form-with-reply-to": {"claimed_requester"},
    "typed-in-outlook": {"suppress_answer"},
    "plain-text": set[str](),
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_text_is_what_the_person_wrote(name: str) -> None:
    assert read(name).text == TEXTS[name]


@pytest.mark.parametrize("name", SUBJECTS)
def test_the_subject_is_readable(name: str) -> None:
    assert read(name).subject == SUBJECTS[name]


@pytest.mark.parametrize("name", AUTHORS)
def test_the_author_is_the_person(name: str) -> None:
    assert read(name).author == AUTHORS[name]


@pytest.mark.parametrize("name", FILES)
def test_files_are_attachments_with_safe_names(name: str) -> None:
    assert [(file.name, file.mime_type, file.is_inline) for file in read(name).attachments] == FILES[name]


@pytest.mark.parametrize("name", FLAGS)
def test_what_was_wrong_is_flagged(name: str) -> None:
    assert set(read(name).flags) == FLAGS[name]


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.eml")))
def test_only_what_shows_nothing_is_quarantined(name: str) -> None:
    try:
        read(name)
        was_read = True
    except CannotRead:
        was_read = False
    assert was_read == (not name.startswith("quarantine-"))


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.eml")))
def test_no_mail_leaves_a_nul_or_a_lone_surrogate(name: str) -> None:
    if name.startswith("quarantine-"):
        return
    message = read(name)
    whole = "".join((message.subject, message.text, message.html, message.author.name, *message.to))
    assert "\0" not in whole
    assert whole.encode("utf-8").decode("utf-8") == whole


def test_an_encrypted_mail_is_kept_whole() -> None:
    assert read("encrypted").attachments[0].content == raw("encrypted")


def test_an_enclosed_mail_keeps_its_exact_bytes() -> None:
    enclosed = read("forwarded-as-attachment").attachments[0].content
    assert enclosed in raw("forwarded-as-attachment")
    assert enclosed.startswith(b"Received: ")


def test_an_attachment_is_decoded() -> None:
    assert read("uuencoded").attachments[0].content == b"Cat"


def test_a_date_that_makes_no_sense_is_left_out() -> None:
    assert read("date-that-makes-no-sense").sent_at is None


def test_the_senders_clock_is_kept_in_utc() -> None:
    assert read("plain-text").sent_at == datetime(2026, 11, 23, 9, 12, tzinfo=UTC)


def test_references_are_understood_folded_and_with_commas() -> None:
    thread = read("references-folded-and-with-commas").thread
    assert thread.references == ("<one@demo.example>", "<two@demo.example>", "<three@demo.example>")
    assert thread.in_reply_to == "<three@demo.example>"


def test_references_are_understood_without_brackets() -> None:
    assert read("references-without-brackets").thread.references == (
        "<one@demo.example>",
        "<two@demo.example>",
    )


def test_an_empty_message_id_is_none() -> None:
    assert read("empty-message-id").thread.message_id == ""


def test_a_message_id_without_brackets_gets_them() -> None:
    assert read("message-id-without-brackets").thread.message_id == "<bare.1@client.example>"


def test_a_thousand_references_are_cut_to_the_newest_hundred() -> None:
    many = "\r\n ".join(f"<{n}@x.example>" for n in range(1000))
    references = read_mail(mail(f"References: {many}"), None, HOUSE).thread.references
    assert len(references) == 100
    assert references[-1] == "<999@x.example>"


def test_ten_thousand_recipients_are_capped_and_flagged() -> None:
    everybody = ",\r\n ".join(f"Person {n} <p{n}@many.example>" for n in range(10_000))
    message = read_mail(mail(f"Cc: {everybody}"), None, HOUSE)
    assert len(message.cc) == 100
    assert "too_many_recipients" in message.flags


def test_a_header_of_a_megabyte_is_cut_and_the_mail_read() -> None:
    message = read_mail(mail("X-Long: " + "x" * 1_000_000), None, HOUSE)
    assert message.text == "words"
    assert "broken_mime" in message.flags


def test_fifty_thousand_header_fields_are_cut_and_the_mail_read() -> None:
    assert read_mail(mail(*(f"X-{n}: y" for n in range(50_000))), None, HOUSE).text == "words"


def test_a_hundred_nested_multiparts_do_not_cost_the_mail() -> None:
    nested = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n" for n in range(100))
    message = read_mail(f"From: a@b.example\r\nSubject: deep\r\n{nested}\r\ninside".encode(), None, HOUSE)
    assert message.subject == "deep"
    assert "too_many_parts" in message.flags


def test_ten_thousand_parts_are_capped_and_flagged() -> None:
    parts = "".join(f"--b\r\nContent-Type: application/x-{n}\r\n\r\nx\r\n" for n in range(10_000))
    source = f"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b--\r\n"
    message = read_mail(source.encode(), None, HOUSE)
    assert len(message.attachments) < 400
    assert "too_many_parts" in message.flags


def test_a_text_beyond_256_kib_is_cut_and_says_so() -> None:
    message = read_mail(mail(text="я" * 300_000), None, HOUSE)
    assert len(message.text.encode()) <= 256 * 1024
    assert message.is_truncated


def test_html_beyond_256_kib_is_cut_and_stays_well_formed() -> None:
    rows = "<p>row <b>bold</b></p>" * 20_000
    message = read_mail(mail("Content-Type: text/html", text=f"<div>{rows}</div>"), None, HOUSE)
    assert len(message.html.encode()) <= 256 * 1024
    assert message.html.endswith("</div>")
    assert message.is_truncated


def test_a_subject_can_name_tickets_without_proving_them() -> None:
    thread = read("subject-names-a-number").thread
    assert thread.mentioned_numbers == (10234, 88)
    assert thread.proven_ticket_ids == ()


def test_more_than_thirty_hops_are_flagged() -> None:
    hops = [f"Received: from a{n} by b{n}; Mon, 23 Nov 2026 09:12:01 +0000" for n in range(31)]
    assert "too_many_hops" in read_mail(mail(*hops), None, HOUSE).flags


def test_our_own_loop_header_is_flagged() -> None:
    looped = mail(f"X-Relaydesk-Loop: {HOUSE.tokens.instance_id}")
    assert "loop" in read_mail(looped, None, HOUSE).flags


def test_another_instances_loop_header_is_not_ours() -> None:
    assert "loop" not in read_mail(mail("X-Relaydesk-Loop: somebody-else"), None, HOUSE).flags


def test_a_mail_from_our_mailbox_with_our_message_id_is_a_loop() -> None:
    own_id = HOUSE.tokens.message_id("aa", "bb", "demo.example")
    source = f"From: Support+t.1.2@Demo.example\r\nMessage-ID: {own_id}\r\nSubject: s\r\n\r\nx"
    assert {"loop", "own_address"} <= set(read_mail(source.encode(), None, HOUSE).flags)


def test_a_colleague_who_writes_from_our_mailbox_is_no_loop() -> None:
    message = read_mail(b"From: support@demo.example\r\nSubject: s\r\n\r\nx", None, HOUSE)
    assert message.flags == ("own_address",)


def test_an_identifier_in_encoded_words_is_still_an_identifier() -> None:
    # As Python's `email` writes one that is longer than a line.
    raw = "=?utf-8?q?=3Ct=2Eaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?=\r\n =?utf-8?q?bbbb=40demo=2Eexample=3E?="
    assert message_ids(raw) == (f"<t.{'a' * 46}bbbb@demo.example>",)
