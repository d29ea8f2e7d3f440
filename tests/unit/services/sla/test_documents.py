"""A clock as a row: what is written after a fact leaves the row as if all of it had been written."""

from collections.abc import Mapping
from typing import Any

import bson
from hypothesis import given
from hypothesis import strategies as st

from chassis.mongo import Document
from services.sla.adapters.mongo.documents import clock_of_row, clock_to_row, clock_update
from services.sla.domain.record import ClockRecord
from tests.ticket_story import Story, berlin
from tests.unit.services.sla.test_record import WARNED, hear, heard, names, settle, stories


def read(row: Document) -> ClockRecord:
    """As the store gives it back."""
    return clock_of_row(bson.decode(bson.encode({"_id": "t1", **row})))


def updated(row: Document, update: Mapping[str, Any]) -> Document:
    """As the store would do it."""
    row = {**row, **update["$set"]}
    for name in update.get("$unset", {}):
        row.pop(name, None)
    for name, pushed in update.get("$push", {}).items():
        row[name] = [*row[name], *pushed["$each"]]
    return row


@given(stories(), st.randoms(use_true_random=False), st.lists(st.integers(1, 3), max_size=9))
def test_a_row_that_is_written_in_parts_is_the_row_that_would_be_written_whole(
    story: Story, chance: object, batches: list[int]
) -> None:
    order = list(range(len(story.facts)))
    if chance.random() < 0.5:  # type: ignore[attr-defined]
        chance.shuffle(order)  # type: ignore[attr-defined]
    now = berlin("2026-03-06T12:00")
    record = heard(story, order.pop(0))
    record.settle(WARNED, now)
    row = clock_to_row(record)
    for size in batches:
        record = read(row)
        assert clock_to_row(record) == row
        for place in order[:size]:
            hear(record, story, place)
        del order[:size]
        record.settle(WARNED, now)
        row = updated(row, clock_update(record))
        assert row == clock_to_row(record)


def test_a_fact_that_moves_no_clock_writes_little() -> None:
    story = Story("03-02 09:00").change("03-02 09:10", group="parcels")
    record = heard(story, 0)
    record.settle(WARNED, berlin("03-02 09:00"))
    record = read(clock_to_row(record))
    hear(record, story, 1)
    record.settle(WARNED, berlin("03-02 09:10"))
    update = clock_update(record)
    assert set(update) == {"$set", "$push"}
    assert set(update["$set"]) == {"edition", "latest_at", "ticket", "group", "channel", "seen_to"}


def test_a_row_that_knows_of_one_warning_only_does_not_say_it_again() -> None:
    record = heard(Story("03-02 09:00"))
    record.settle(WARNED, berlin("03-02 12:00"))
    row = clock_to_row(record)
    # As it was written before a target could have several.
    row["said"] = [[*said[:3], said[3] is not None, *said[4:]] for said in row["said"]]
    warned = read(row)
    assert settle(warned, "03-02 12:30") == []
    assert names(settle(warned, "03-02 13:00")) == [("TimerBreached", "first_reply", 1)]
