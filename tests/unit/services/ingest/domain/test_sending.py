"""What a row of the send ledger becomes."""

from datetime import UTC, datetime, timedelta

from services.ingest.domain.sending import BACKOFF, SendResult, SendState, Sent, after_attempt, send_id

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def test_a_sent_mail_is_done() -> None:
    assert after_attempt(1, SendResult(Sent.SENT), NOW).state is SendState.SENT


def test_a_temporary_refusal_is_tried_again_later() -> None:
    step = after_attempt(1, SendResult(Sent.TEMPORARY, "450 later"), NOW)
    assert step.state is SendState.QUEUED
    assert step.due_at == NOW + timedelta(minutes=1)


def test_pauses_grow() -> None:
    assert list(BACKOFF) == sorted(BACKOFF)


def test_a_mail_that_is_refused_for_days_has_failed() -> None:
    step = after_attempt(len(BACKOFF) + 1, SendResult(Sent.TEMPORARY, "450 later"), NOW)
    assert step.state is SendState.FAILED
    assert "gave up" in step.reason


def test_an_unknown_outcome_is_never_tried_again() -> None:
    step = after_attempt(1, SendResult(Sent.UNKNOWN, "broke"), NOW)
    assert step.state is SendState.UNKNOWN
    assert step.due_at is None


def test_a_row_is_the_same_for_the_same_message_and_recipient() -> None:
    assert send_id("m", "a@b") == send_id("m", "a@b") != send_id("m", "c@b")
