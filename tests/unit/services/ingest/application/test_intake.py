"""What arrives becomes rows, and rows become messages."""

import itertools
from dataclasses import replace

import pytest

from services.ingest.application.accept_message import Arrival, accept_message
from services.ingest.application.normalise import Blocked, SetAside, Understood, normalise
from services.ingest.domain.intake import Envelope, IntakeRow
from services.ingest.domain.received import LOOP, TOO_MANY_HOPS, Author, Bounce, ReceivedMessage
from tests.unit.services.ingest.application.desk import CASINO, MAIL, NOW, Desk


def _rows(raw: bytes, *envelopes: Envelope) -> tuple[IntakeRow, ...]:
    desk, numbers = Desk(), itertools.count()
    arrivals = [Arrival(MAIL, desk.live, raw, envelope) for envelope in envelopes or (Envelope(),)]
    return accept_message(arrivals, desk.clock, lambda: f"i{next(numbers)}").rows


def test_an_arrival_becomes_a_row_with_its_bytes_and_its_moment() -> None:
    (row,) = _rows(b"hello")
    assert (row.raw, row.received_at, row.channel_id) == (b"hello", NOW, "mail")


def test_a_row_is_named_by_the_providers_id_where_there_is_one() -> None:
    (row,) = _rows(b"hello", Envelope(idempotency_key="k"))
    assert row.key == "id:k"


def test_a_row_is_named_by_its_content_where_there_is_no_id() -> None:
    (one,), (same,), (other,) = _rows(b"a"), _rows(b"a"), _rows(b"b")
    assert one.key == same.key != other.key


def test_one_mail_to_two_mailboxes_is_two_rows() -> None:
    assert [row.intake_id for row in _rows(b"a", Envelope(), Envelope())] == ["i0", "i1"]


def test_a_row_is_read_the_same_however_often() -> None:
    desk, (row,) = Desk(), _rows(b"hello")
    assert normalise(row, desk.directory) == normalise(row, desk.directory)


def test_files_are_named_by_their_row() -> None:
    desk, (row,) = Desk(), _rows(b"hello")
    understood = normalise(row, desk.directory)
    assert isinstance(understood, Understood)
    assert [file.attachment_id for file in understood.files] == ["i0-1"]


def test_what_cannot_be_read_is_set_aside_with_its_reason() -> None:
    desk, (row,) = Desk(), _rows(b"poison")
    assert normalise(row, desk.directory) == SetAside(row, "poison")


def test_a_mail_that_a_list_keeps_out_is_blocked_with_its_reason_unless_somebody_brought_it_back() -> None:
    desk, (row,) = Desk(), _rows(b"casino")
    assert normalise(row, desk.directory) == Blocked(row, CASINO)
    assert Blocked(row, CASINO).reason == "blocked by domain: casino.example"
    assert isinstance(normalise(replace(row, is_let_in=True), desk.directory), Understood)


def test_a_row_of_a_channel_that_is_gone_is_set_aside() -> None:
    (row,) = _rows(b"hello")
    aside = normalise(replace(row, channel_id="gone"), Desk().directory)
    assert isinstance(aside, SetAside)
    assert "gone" in aside.reason


def _read_as(message: ReceivedMessage, row: IntakeRow) -> Understood | SetAside | Blocked:
    desk = Desk()
    desk.live.message = message
    return normalise(row, desk.directory)


def test_a_mail_that_goes_in_circles_is_held_until_a_person_has_seen_it() -> None:
    (row,) = _rows(b"hello")
    circling = ReceivedMessage(Author(), flags=(TOO_MANY_HOPS,))
    held = _read_as(circling, row)
    assert held == SetAside(row, "held for review: it has been through more than 30 servers")
    assert isinstance(_read_as(circling, replace(row, retries=1)), Understood)


@pytest.mark.parametrize(
    "message",
    [
        ReceivedMessage(Author(), flags=(TOO_MANY_HOPS, LOOP)),
        ReceivedMessage(Author(), flags=(TOO_MANY_HOPS,), bounce=Bounce()),
    ],
)
def test_our_own_mail_that_came_back_and_reports_are_not_held(message: ReceivedMessage) -> None:
    (row,) = _rows(b"hello")
    assert isinstance(_read_as(message, row), Understood)
