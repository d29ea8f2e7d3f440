"""Forms as programs write them: tables, headings, lists; and whatever bytes come instead."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from services.ingest.channels._patterns import Patterns
from services.ingest.domain.errors import CannotRead
from services.ingest.domain.lists import Lists, entries_of
from services.ingest.domain.mail import House, read_mail
from services.ingest.domain.picking import behind_label
from services.ingest.domain.received import ReceivedMessage
from tests.unit.services.ingest.samples import FOLDER, OWN, TOKENS

FORM = """
- name: Any
  from: forms.example
  pick:
    name: {label: Name}
    phone: {label: Phone}
    email: {label: E-mail}
    text: {label: Message}
"""
GREEDY = """
- name: Greedy
  subject: ''
  pick:
    name: {in: from}
    email: {in: 'header:Reply-To'}
    phone: {pattern: '[+0-9 ()-]{6,}'}
    external_id: {in: page, pattern: '.'}
    subject: {in: subject, pattern: '.*'}
    text: {label: a, until: b}
    conversation: {in: to}
    fields.all: {pattern: '(?s).*'}
"""
SAMPLES = [path.read_bytes() for path in sorted(FOLDER.glob("*.eml"))]


def _house(patterns: str) -> House:
    made = tuple(one.made() for one in TypeAdapter(Patterns).validate_python(patterns))
    lists = Lists(
        entries_of(["dmarc=pass"]), entries_of(["x.example"]), entries_of(["Subject: *a*b"]), ("mx", "none")
    )
    return House(TOKENS, lambda address: address in OWN, patterns=made, lists=lists)


def _page(body: str) -> ReceivedMessage:
    head = "From: robot@forms.example\r\nSubject: s\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    return read_mail(f"{head}<html><body>{body}</body></html>".encode(), None, _house(FORM))


@pytest.mark.parametrize(
    "body",
    [
        "<table><tr><td>Name</td><td>Anna Kim</td></tr><tr><td>E-mail</td><td>a@b.example</td></tr></table>",
        "<table><tr><th>Name:</th><td><p>Anna Kim</p></td></tr><tr><th>E-mail:</th><td>a@b.example</td></tr></table>",
        "<table><tr><td>Name</td></tr><tr><td>Anna Kim</td></tr><tr><td>E-mail<tr><td>a@b.example</table>",
        "<p><strong>Name:</strong> Anna Kim<br><strong>E-mail:</strong> a@b.example</p>",
        "<p><b>Name</b></p><p>Anna Kim</p><p><b>E-mail</b></p><p>a@b.example</p>",
        "<dl><dt>Name</dt><dd>Anna Kim</dd><dt>E-mail</dt><dd>a@b.example</dd></dl>",
        "<ul><li>Name: Anna Kim</li><li>E-mail: a@b.example</li></ul>",
        "<pre>Name:    Anna Kim\nE-mail:  a@b.example</pre>",
    ],
)
def test_a_form_is_read_however_its_page_is_built(body: str) -> None:
    author = _page(body).author
    assert (author.name, author.email) == ("Anna Kim", "a@b.example")


def test_what_was_left_empty_is_nobody_elses_value() -> None:
    message = _page(
        "<table><tr><td>Name</td><td></td></tr><tr><td>Phone</td><td></td></tr>"
        "<tr><td>E-mail</td><td>a@b.example</td></tr></table>"
    )
    assert (message.author.name, message.author.phone, message.author.email) == ("", "", "a@b.example")


def test_a_message_of_several_lines_ends_where_the_next_label_begins() -> None:
    message = _page("<p>Message: One<br><br>two<br>three<br>E-mail: a@b.example<br>Sent by a robot</p>")
    assert message.said == "One\n\ntwo\nthree"
    assert "<div" in message.said_html


def _is_storable(raw: bytes) -> bool:
    try:
        message = read_mail(raw, None, _house(GREEDY))
    except CannotRead:
        return True
    author, thread = message.author, message.thread
    words = (
        *(author.name, author.email, author.phone, author.external_id, message.subject, message.said),
        *(message.said_html, message.explanation, thread.conversation_id, *message.fields.values()),
    )
    return all("\0" not in word and word.encode() is not None for word in words)


@given(st.sampled_from(SAMPLES), st.integers(0, 2000), st.binary(max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_damaged_mail_is_read_by_patterns_and_lists(sample: bytes, at: int, damage: bytes) -> None:
    assert _is_storable(sample[:at] + damage + sample[at + len(damage) :])


@given(st.text(max_size=300), st.text(min_size=1, max_size=5), st.booleans())
@settings(max_examples=300, deadline=None)
def test_any_text_has_a_value_behind_a_label_or_none(source: str, label: str, is_long: bool) -> None:
    value = behind_label(source, label, (label.lower(), "b"), is_long=is_long, until="c")
    assert value is None or isinstance(value, str)
