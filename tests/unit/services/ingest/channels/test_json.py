"""Posted messages: what is taken, and what each mistake is told."""

import base64
import json
from typing import Any

import pytest

from services.ingest.channels.json import JsonChannel, Settings, build
from services.ingest.domain.errors import CannotRead, InvalidBody
from services.ingest.domain.intake import Envelope
from tests.unit.services.ingest.channels.inboxes import inbox

CHANNEL: JsonChannel = build(Settings.model_validate({"default_region": "RU"}), inbox())
GOOD: dict[str, Any] = {
    "client_message_id": "3f0c",
    "conversation_id": "c-1",
    "author": {"external_id": "u-17", "name": "Анна", "email": "A@x.example", "phone": "8 (921) 123-45-67"},
    "text": "Где заказ?",
    "subject": "Заказ",
    "attachments": [
        {"name": "a.txt", "mime_type": "text/plain", "content": base64.b64encode(b"abc").decode()}
    ],
    "fields": {"order": 1234, "vip": True},
    "page_url": "https://shop.example/o/1",
    "sent_at": "2026-11-22T10:00:00Z",
}


def _body(**changes: object) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()


def _mistakes(raw: bytes, key: str = "") -> dict[str, str]:
    with pytest.raises(InvalidBody) as caught:
        CHANNEL.check(raw, key)
    return dict(caught.value.mistakes)


def test_a_posted_message_is_read() -> None:
    message = CHANNEL.read(_body(), Envelope())
    assert message.text == "Где заказ?"
    assert message.author.email == "a@x.example"
    assert message.author.phone == "+79211234567"
    assert message.thread.conversation_id == "c-1"
    assert message.fields == {"order": "1234", "vip": "true", "page_url": "https://shop.example/o/1"}
    assert message.attachments[0].content == b"abc"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"author": {"name": "nobody"}}, "author"),
        ({"author": None}, "author"),
        ({"author": {"email": "nobody"}}, "author.email"),
        ({"author": {"phone": "12"}}, "author.phone"),
        ({"author": {"external_id": "x" * 300}}, "author.external_id"),
        ({"author": {"external_id": "x", "age": 3}}, "author.age"),
        ({"text": 5}, "text"),
        ({"text": " ", "attachments": []}, "text"),
        ({"text": "x" * 300_000}, "text"),
        ({"subject": "x" * 600}, "subject"),
        ({"attachments": [{"name": "a"}]}, "attachments.0"),
        ({"attachments": [{"content": "YQ=="}]}, "attachments.0"),
        ({"attachments": [{"name": "a", "content": "%%%"}]}, "attachments.0.content"),
        ({"attachments": [{"name": "a", "content": "YQ==", "mime_type": "x"}]}, "attachments.0.mime_type"),
        ({"fields": {"a": [1]}}, "fields.a"),
        ({"fields": "x"}, "fields"),
        ({"page_url": "ftp://x"}, "page_url"),
        ({"sent_at": "yesterday"}, "sent_at"),
        ({"sent_at": "2026-11-22T10:00:00"}, "sent_at"),
        ({"client_message_id": ""}, "client_message_id"),
        ({"conversation_id": 7}, "conversation_id"),
        ({"txt": "x"}, "txt"),
    ],
)
def test_each_mistake_names_its_field(change: dict[str, object], field: str) -> None:
    assert field in _mistakes(_body(**change))


@pytest.mark.parametrize("value", [b"NaN", b"1e999", b"-Infinity", b"null", b"[]", b'{"int":1}'])
def test_a_value_of_a_field_that_is_no_text_number_or_truth_is_one_mistake(value: bytes) -> None:
    raw = b'{"author":{"external_id":"u"},"text":"x","fields":{"bool":%s}}' % value
    assert _mistakes(raw) == {"fields.bool": "a text of at most 5000 characters, a number, true or false"}


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'"text"', b"{" * 5000])
def test_what_is_no_json_object_is_told_so(raw: bytes) -> None:
    assert _mistakes(raw)[""].startswith("a JSON object")


def test_all_mistakes_are_told_together() -> None:
    assert set(_mistakes(_body(text=5, page_url="x"))) == {"text", "page_url"}


def test_a_key_and_an_id_that_differ_are_refused() -> None:
    assert "client_message_id" in _mistakes(_body(), key="other")


def test_the_key_names_the_message() -> None:
    raw = _body(client_message_id=None)
    assert CHANNEL.dedupe(raw, Envelope(idempotency_key="k")).provider_id == "k"
    assert CHANNEL.dedupe(_body(), Envelope()).provider_id == "3f0c"


def test_a_repeat_may_be_written_another_way() -> None:
    again = json.dumps(dict(reversed(GOOD.items())) | {"sent_at": "2026-11-22T10:00:05Z"}, indent=1).encode()
    assert CHANNEL.dedupe(_body(), Envelope()) == CHANNEL.dedupe(again, Envelope())


def test_other_words_under_the_same_id_are_other_content() -> None:
    assert (
        CHANNEL.dedupe(_body(text="other"), Envelope()).fingerprint
        != CHANNEL.dedupe(_body(), Envelope()).fingerprint
    )


def test_any_bytes_have_a_key() -> None:
    assert CHANNEL.dedupe(b"\xff{", Envelope()).fingerprint


def test_a_kept_body_that_is_not_valid_cannot_be_read() -> None:
    with pytest.raises(CannotRead):
        CHANNEL.read(b"{}", Envelope())
