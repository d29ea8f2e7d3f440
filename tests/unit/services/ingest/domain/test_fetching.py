"""Cursors, chunks and what is passed by, without a server."""

from datetime import UTC, datetime, timedelta

from services.ingest.domain.fetching import Cursor, Passing, chunks, pass_by

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def test_a_cursor_holds_only_for_its_folder_and_uidvalidity() -> None:
    known = Cursor("a@host/INBOX", 7, 120)
    assert known.at("a@host/INBOX", 7) == known
    assert known.at("a@host/INBOX", 8) == Cursor("a@host/INBOX", 8, 0)
    assert known.at("a@host/Support", 7) == Cursor("a@host/Support", 7, 0)


def test_chunks_hold_few_bytes_and_keep_the_order() -> None:
    found = list(chunks([(1, 40), (2, 40), (3, 40), (4, 500), (5, 10)], frozenset(), 100))
    assert [chunk.uids for chunk in found] == [[1, 2], [3], [4], [5]]


def test_a_suspect_comes_alone() -> None:
    found = list(chunks([(1, 1), (2, 1), (3, 1), (4, 1)], frozenset({2}), 100))
    assert [chunk.uids for chunk in found] == [[1], [2], [3, 4]]


def test_a_mail_that_was_passed_by_is_tried_again_after_growing_pauses() -> None:
    noted, pauses = None, []
    for _ in range(6):
        noted = pass_by(3, Passing.NOT_FETCHED, "it hangs", 10, NOW, noted)
        pauses.append(noted.due_at - NOW)
    assert pauses == [timedelta(minutes=m) for m in (1, 5, 30, 120, 360, 360)]


def test_a_mail_that_is_too_large_is_due_once_the_mailbox_takes_it() -> None:
    noted = pass_by(3, Passing.TOO_LARGE, "", 1000, NOW)
    assert not noted.is_due(NOW + timedelta(days=9), 999)
    assert noted.is_due(NOW, 1000)
