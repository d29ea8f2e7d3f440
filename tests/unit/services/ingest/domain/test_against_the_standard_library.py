"""The reader cuts mails into the same parts as the standard library does."""

from email import message_from_bytes
from email.message import Message

import pytest

from services.ingest.domain.mime import Part, parse_mail
from tests.unit.services.ingest.samples import FOLDER, raw

# Where the two differ on purpose: the standard library gives up, or has no notion of the trouble.
_BETTER = {
    "broken-boundary",  # the boundary that is really used is found
    "boundary-that-never-comes",  # shown as text
    "quarantine-binary",
    "quarantine-empty",
    "lone-carriage-returns",
}
_NAMES = [path.stem for path in sorted(FOLDER.glob("*.eml")) if path.stem not in _BETTER]


def _theirs(message: Message) -> list[tuple[str, bytes]]:
    if message.get_content_maintype() == "message":
        return [(message.get_content_type(), b"")]
    if message.is_multipart():
        found: list[tuple[str, bytes]] = []
        for child in message.get_payload():
            assert isinstance(child, Message)
            found += _theirs(child)
        return found
    payload = message.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return [(message.get_content_type(), payload.strip())]


def _ours(part: Part) -> list[tuple[str, bytes]]:
    if part.children:
        return [leaf for child in part.children for leaf in _ours(child)]
    if part.mime_type.startswith("message/"):
        return [(part.mime_type, b"")]
    return [(part.mime_type, part.content().strip())]


@pytest.mark.parametrize("name", _NAMES)
def test_the_parts_are_the_same(name: str) -> None:
    assert _ours(parse_mail(raw(name)).root) == _theirs(message_from_bytes(raw(name)))


@pytest.mark.parametrize("name", _NAMES)
def test_the_header_fields_are_the_same(name: str) -> None:
    theirs = [field.lower() for field, _ in message_from_bytes(raw(name)).raw_items()]
    assert [field for field, _ in parse_mail(raw(name)).root.headers] == theirs
