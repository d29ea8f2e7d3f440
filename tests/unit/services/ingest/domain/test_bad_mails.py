"""Mails that were made to harm cost no more than their size, counted in calls and bytes, and are read all the same."""

import unicodedata

from services.ingest.domain.intake import mail_dedupe_key
from services.ingest.domain.mail import read_mail
from services.ingest.domain.received import ReceivedMessage
from tests.counting import Work, work_of
from tests.unit.services.ingest import bad_mails
from tests.unit.services.ingest.samples import HOUSE, mail


def _read(raw: bytes) -> ReceivedMessage:
    return read_mail(raw, "anna@client.example", HOUSE)


def _work(raw: bytes) -> Work:
    return work_of(lambda: (mail_dedupe_key(raw), _read(raw)))


def test_of_fifty_thousand_references_the_newest_hundred_are_kept() -> None:
    kept = _read(bad_mails.references(50_000)).thread.references
    assert len(kept) == 100
    assert kept[-1].startswith("<049999.")
    assert kept[0].startswith("<049900.")


def test_references_beyond_the_cap_cost_no_further_step() -> None:
    few, many = _work(bad_mails.references(5_000)), _work(bad_mails.references(50_000))
    assert many.calls < few.calls * 1.2 + 100
    assert many.peak < 12 * len(bad_mails.references(50_000))


def test_a_zip_bomb_is_kept_as_it_is_and_never_unpacked() -> None:
    bomb = bad_mails.zip_bomb()
    raw = bad_mails.with_file(bomb)
    assert len(bomb) < bad_mails.BOMB_SIZE / 500
    (file,) = _read(raw).attachments
    assert file.content == bomb
    work = _work(raw)
    assert not {"zlib", "zipfile", "_bz2", "_lzma"} & set(work.modules)
    assert work.peak < 10 * len(raw)


def test_five_thousand_links_cost_as_much_as_their_number() -> None:
    few, many = _work(bad_mails.links(1_000)), _work(bad_mails.links(5_000))
    assert many.calls < few.calls * 6
    assert many.peak < 60 * len(bad_mails.links(5_000))
    message = _read(bad_mails.links(5_000))
    assert "offer 4 " in message.text
    assert len(message.text.encode()) <= 256 * 1024


def test_of_two_hundred_nested_mails_some_are_looked_into_and_the_rest_is_a_file() -> None:
    message = _read(bad_mails.nested(200))
    (file,) = message.attachments
    assert file.mime_type == "message/rfc822"
    assert b"the innermost words" in file.content
    assert "the innermost words" in _read(bad_mails.nested(5)).text
    few, many = _work(bad_mails.nested(20)), _work(bad_mails.nested(200))
    # Recursion goes no deeper, and what is not looked into is not read.
    assert many.calls < few.calls * 1.2
    assert many.peak < 12 * len(bad_mails.nested(200))


def test_a_name_with_a_path_and_controls_is_a_plain_name() -> None:
    (file,) = _read(bad_mails.with_file(b"PK", bad_mails.HOSTILE_NAME)).attachments
    assert not set(file.name) & set('/\\:*?"<>|')
    assert not any(unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp") for letter in file.name)
    assert not file.name.startswith(".")
    assert file.name.endswith("gpj.exe")
    assert file.content == b"PK"


def test_one_message_id_with_other_content_is_another_mail_to_the_ledger() -> None:
    one, other = (mail("Message-ID: <twice@b.example>", text=text) for text in ("first", "second"))
    keys = [mail_dedupe_key(raw) for raw in (one, other, one)]
    assert keys[0].provider_id == keys[1].provider_id
    assert keys[0].fingerprint != keys[1].fingerprint
    assert keys[0] == keys[2]
    assert [_read(raw).text for raw in (one, other)] == ["first", "second"]
