"""Batches on the way of intake ids wait for company only where there is some."""

from services.ingest.adapters.intake_queues import patience_after


def test_who_comes_alone_never_waits() -> None:
    assert [patience_after(rows) for rows in (0, 1, 2)] == [0, 0, 0]


def test_after_a_crowd_the_next_batch_waits_a_moment_for_the_rest() -> None:
    assert 0 < patience_after(60) <= 0.05
