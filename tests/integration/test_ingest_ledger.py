"""The ledger asked about one channel and a quarter of an hour: the right rows, and no more of the store than they are."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pymongo import MongoClient

from chassis import mongo
from chassis.clock import FixedClock
from chassis.mongo import Document
from services.ingest.adapters.mongo import INDEXES
from services.ingest.adapters.mongo.intake import MongoIntake
from services.ingest.domain.intake import State
from services.ingest.domain.ledger import Wanted
from tests.integration.reads_heard import ReadsHeard

DAY = datetime(2026, 11, 23, tzinfo=UTC)
TEN = DAY + timedelta(hours=10)
QUARTER = (TEN, TEN + timedelta(minutes=15))
STATES = tuple(State)


class _Ledger:
    """A day of two channels, a message every ten seconds, and in one moment of it many at once."""

    def __init__(self, client: MongoClient[Document], heard: ReadsHeard) -> None:
        self.database = client[f"t{uuid.uuid4().hex[:10]}_ingest"]
        mongo.ensure_indexes(self.database, INDEXES)
        moments = [DAY + timedelta(seconds=10 * number) for number in range(8640)]
        moments += [TEN + timedelta(minutes=5)] * 24
        self.rows = [
            _row(channel_id, number, at)
            for channel_id in ("support", "sales")
            for number, at in enumerate(sorted(moments))
        ]
        self.database["intake"].insert_many(self.rows)
        self.intake = MongoIntake(self.database, FixedClock(DAY + timedelta(days=1)))
        self._heard = heard

    def expected(self, channel_id: str, since: datetime, until: datetime, *states: State) -> list[str]:
        found = [
            (row["received_at"], row["_id"])
            for row in self.rows
            if row["channel_id"] == channel_id
            and since <= row["received_at"] < until
            and (not states or State(row["state"]) in states)
        ]
        return [intake_id for _, intake_id in sorted(found, reverse=True)]

    def looked_at(self) -> tuple[int, int]:
        """Keys of indexes, and rows, that the reads since the last question looked at."""
        return self._heard.looked_at(self.database)

    def forget(self) -> None:
        """What was read so far is not asked about."""
        self._heard.forget()


def _row(channel_id: str, number: int, at: datetime) -> Document:
    state = STATES[number % len(STATES)]
    return {
        "_id": f"{channel_id}-{number:05d}",
        "channel_id": channel_id,
        "key": f"id:<{number}@client.example>",
        "fp": "f",
        "sha": "s",
        "size": 2_000 + number,
        "env": {"sender": "anna@client.example", "recipient": "", "peer": "", "key": ""},
        "received_at": at,
        "state": state.value,
        "published": True,
        "raw": b"x" * 500,
        **({"closed_by": f"ticket-{number}:1", "closed_at": at} if state is not State.ACCEPTED else {}),
    }


@pytest.fixture(scope="module")
def ledger(mongo_url: str) -> Iterator[_Ledger]:
    heard = ReadsHeard()
    with MongoClient[Document](mongo_url, tz_aware=True, event_listeners=[heard]) as client:
        ledger = _Ledger(client, heard)
        yield ledger
        client.drop_database(ledger.database.name)


def test_the_sum_of_a_quarter_of_an_hour_looks_at_no_row_and_at_its_own_keys_alone(ledger: _Ledger) -> None:
    ledger.forget()
    (line,) = ledger.intake.ledger(["support"], *QUARTER)
    assert sum(line.counts.values()) == len(ledger.expected("support", *QUARTER)) == 114
    keys, rows = ledger.looked_at()
    assert rows == 0
    # Each of the six counts may look at a key on either side; what is in flight is counted twice, whole and old.
    assert keys <= 114 + 20 + 2 * 8


def test_all_of_a_channel_is_counted_without_looking_at_a_row(ledger: _Ledger) -> None:
    ledger.forget()
    (line,) = ledger.intake.ledger(["support"], None, None)
    assert sum(line.counts.values()) == 8664
    assert ledger.looked_at()[1] == 0


@pytest.mark.parametrize("size", [1, 7, 24, 25, 200])
def test_page_by_page_every_message_comes_once_and_the_newest_first(ledger: _Ledger, size: int) -> None:
    found: list[str] = []
    after = None
    wanted = Wanted("support", *QUARTER)
    while page := ledger.intake.entries(wanted, size, after):
        assert len(page) <= size
        found += [entry.intake_id for entry in page]
        after = (page[-1].received_at, page[-1].intake_id)
    assert found == ledger.expected("support", *QUARTER)


def test_only_the_outcomes_that_are_asked_for_come(ledger: _Ledger) -> None:
    wanted = Wanted("sales", *QUARTER, states=(State.IGNORED, State.QUARANTINED))
    found = ledger.intake.entries(wanted, 200, None)
    assert [entry.intake_id for entry in found] == ledger.expected("sales", *QUARTER, *wanted.states)
    assert {entry.state for entry in found} == set(wanted.states)


def test_a_page_looks_at_about_as_many_rows_as_it_has_wherever_it_is_in_the_ledger(ledger: _Ledger) -> None:
    for after in (None, (TEN, "support-03606"), (DAY + timedelta(hours=1), "support-00000")):
        ledger.forget()
        page = ledger.intake.entries(Wanted("support"), 50, after)
        assert len(page) == 50
        keys, rows = ledger.looked_at()
        # The page, and the moments in which it begins and ends.
        assert rows <= 50 + 2 * 26, after
        assert keys <= 50 + 2 * 26 + 6 * 4, after


def test_a_row_names_the_ticket_that_it_became_part_of(ledger: _Ledger) -> None:
    for entry in ledger.intake.entries(Wanted("support", *QUARTER), 200, None):
        is_of_a_ticket = entry.state in (State.TICKETED, State.APPENDED, State.APPLIED)
        assert entry.ticket_id == (f"ticket-{int(entry.intake_id[-5:])}" if is_of_a_ticket else "")
