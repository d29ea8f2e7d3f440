"""What a list keeps out, in the store: once, by whoever knows the row as it is, and found without reading other rows."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pymongo import MongoClient

from chassis import mongo
from chassis.clock import FixedClock
from chassis.mongo import Document
from services.ingest.adapters.mongo import INDEXES
from services.ingest.adapters.mongo.blocked import MongoBlocked
from services.ingest.adapters.mongo.intake import MongoIntake
from services.ingest.domain.intake import Closing, ClosingOutcome, Envelope, IntakeRow, State
from tests.integration.reads_heard import ReadsHeard

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
WHY = "blocked by domain: casino.example"


class _Shelf:
    """A ledger of its own, and the blocked rows in it."""

    def __init__(self, client: MongoClient[Document], heard: ReadsHeard) -> None:
        self.heard = heard
        self.database = client[f"t{uuid.uuid4().hex[:10]}_ingest"]
        mongo.ensure_indexes(self.database, INDEXES)
        self.intake = MongoIntake(self.database, FixedClock(NOW))
        self.blocked = MongoBlocked(self.database, FixedClock(NOW))

    def kept(self, number: int, channel_id: str = "support") -> IntakeRow:
        """A row as its reader has it in hand."""
        intake_id = f"{channel_id}-{number:04d}"
        at = NOW - timedelta(seconds=number)
        row = IntakeRow(intake_id, channel_id, intake_id, "f", b"raw", "s", Envelope(""), at)
        self.intake.keep([[row]])
        return row

    def in_hand(self, intake_id: str) -> IntakeRow:
        ((row,),) = self.intake.accepted([intake_id])
        return row

    def row(self, intake_id: str) -> Document:
        found = self.database["intake"].find_one({"_id": intake_id})
        assert found is not None
        return found

    def listed(self, channel_id: str = "support") -> list[str]:
        return [row.intake_id for row in self.blocked.list(channel_id, 100, None)]


@pytest.fixture
def shelf(mongo_url: str) -> Iterator[_Shelf]:
    heard = ReadsHeard()
    with MongoClient[Document](mongo_url, tz_aware=True, event_listeners=[heard]) as client:
        found = _Shelf(client, heard)
        yield found
        client.drop_database(found.database.name)


def test_who_read_a_row_before_it_was_brought_back_blocks_it_no_more(shelf: _Shelf) -> None:
    late = shelf.kept(1)
    assert shelf.blocked.block([late], WHY)
    shelf.blocked.bring_back([late.intake_id])
    assert not shelf.blocked.block([late], WHY), "its fact may be said by now"
    row = shelf.row(late.intake_id)
    assert (row["state"], row["let_in"], shelf.listed()) == (State.ACCEPTED.value, True, [])


def test_a_row_that_came_out_of_quarantine_is_blocked_by_who_read_it_since(shelf: _Shelf) -> None:
    before = shelf.kept(1)
    shelf.database["intake"].update_one(
        {"_id": before.intake_id}, {"$set": {"state": State.QUARANTINED.value}}
    )
    shelf.intake.retry([before.intake_id], "", NOW)
    assert not shelf.blocked.block([before], WHY)
    assert shelf.blocked.block([shelf.in_hand(before.intake_id)], WHY)


@pytest.mark.parametrize("reason", ["", "nothing new"])
def test_what_tickets_had_made_of_a_row_before_a_list_kept_it_out_stands(shelf: _Shelf, reason: str) -> None:
    row = shelf.kept(1)
    assert shelf.blocked.block([row], WHY)
    state = State.IGNORED if reason else State.TICKETED
    closing = Closing(row.intake_id, state, "t1:1", reason)
    beside = Closing(shelf.kept(2).intake_id, state, "t2:1", reason)
    outcomes = shelf.intake.close([closing, beside, closing], NOW)
    assert (outcomes[ClosingOutcome.CLOSED], outcomes[ClosingOutcome.TWICE]) == (2, 0)
    found = shelf.row(row.intake_id)
    assert (found["state"], found["closed_by"], found.get("reason", "")) == (state.value, "t1:1", reason)
    assert "closed_twice" not in found
    assert shelf.listed() == []
    assert list(shelf.blocked.bring_back([row.intake_id])) == [], "a second ticket would come of it"
    again = shelf.intake.close([closing], NOW)
    assert (again[ClosingOutcome.CLOSED], again[ClosingOutcome.REPEATED]) == (0, 1)


def test_a_flood_of_what_one_entry_names_is_closed_by_one_command(shelf: _Shelf) -> None:
    flood = [shelf.kept(number) for number in range(50)]
    shelf.blocked.block(flood[:5], WHY)
    shelf.heard.forget()
    # What looks like a field's name is a text, as an entry may be.
    assert shelf.blocked.block(flood, "blocked by header: $state") == 45
    assert shelf.heard.writes == 1
    assert shelf.row(flood[0].intake_id)["reason"] == WHY
    last = shelf.row(flood[-1].intake_id)
    assert (last["reason"], last["state"]) == ("blocked by header: $state", State.IGNORED.value)
    assert last["closed_by"] == f"{flood[-1].intake_id}:blocked:0"


@pytest.mark.parametrize("channel_id", ["support", ""])
def test_a_page_of_blocked_rows_looks_at_no_others(shelf: _Shelf, channel_id: str) -> None:
    for number in range(60):
        rows = [shelf.kept(number, name) for name in ("support", "flooded")]
        if number % 6 == 0:
            shelf.blocked.block(rows[:1], WHY)
        shelf.blocked.block(rows[1:], WHY)
    shelf.heard.forget()
    first = shelf.blocked.list(channel_id, 3, None)
    assert len(first) == 3
    assert shelf.heard.looked_at(shelf.database) == (3, 3)
    shelf.heard.forget()
    after = (first[-1].received_at, first[-1].intake_id)
    assert len(shelf.blocked.list(channel_id, 3, after)) == 3
    # What it begins behind, on either channel, is looked at once more.
    assert max(shelf.heard.looked_at(shelf.database)) <= 3 + 2
