"""The sequence on a real store: stamped by one at a time, read from any place on."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from chassis import mongo
from chassis.clock import FixedClock
from chassis.leases import Lease
from chassis.mongo import Documents
from services.tickets.adapters.mongo import INDEXES
from services.tickets.adapters.mongo.history import HISTORY
from services.tickets.adapters.mongo.log import MongoLog
from services.tickets.adapters.mongo.sequence import Sequencer
from tests.waiting import MINUTE

_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def database(mongo_url: str) -> Iterator[Documents]:
    client = mongo.connect(mongo_url, timeout=MINUTE)
    database = client[f"s{uuid.uuid4().hex[:10]}_tickets"]
    mongo.ensure_indexes(database, {name: INDEXES[name] for name in (HISTORY, "counters")})
    yield database
    client.drop_database(database.name)
    client.close()


def _sequencer(database: Documents) -> Sequencer:
    return Sequencer(database, FixedClock(_AT), linger=timedelta(0))


def _lease(fence: int) -> Lease:
    return Lease("sequencer", f"replica {fence}", fence, float("inf"))


def _commit(database: Documents, name: str, facts: int, size: int = 10) -> list[str]:
    """A commit that has no numbers yet; answers the ids of its facts."""
    events = [f"{name}{n}:1:0" for n in range(facts)]
    database[HISTORY].insert_many(
        [{"_id": event, "fact": "TicketOpened", "at": _AT, "body": b"x" * size} for event in events]
    )
    database[HISTORY].insert_one({"_id": name, "first_sequence": 0, "events": events})
    return events


def _read(database: Documents, sequence: int, limit: int = 100) -> list[tuple[int, str]]:
    return [(fact.sequence, fact.event_id) for fact in MongoLog(database).after(sequence, limit)]


def test_replicas_that_take_turns_stamp_one_sequence(database: Documents) -> None:
    one, other = _sequencer(database), _sequencer(database)
    events = _commit(database, "a", 3)
    one.stamp(_lease(1))
    events += _commit(database, "b", 2)
    other.stamp(_lease(2))
    events += _commit(database, "c", 2)
    # The first one learns only now that it was not alone, and goes on with what the counter says.
    one.stamp(_lease(3))
    one.stamp(_lease(3))
    events += _commit(database, "d", 1)
    one.stamp(_lease(3))
    assert _read(database, 0) == list(enumerate(events, start=1))


def test_who_has_lost_the_lease_stamps_nothing(database: Documents) -> None:
    late, holder = _sequencer(database), _sequencer(database)
    _commit(database, "a", 1)
    late.stamp(_lease(1))
    _commit(database, "b", 1)
    holder.stamp(_lease(2))
    _commit(database, "c", 1)
    for _ in range(3):
        late.stamp(_lease(1))
    assert MongoLog(database).last() == 2
    assert database[HISTORY].count_documents({"first_sequence": 0}) == 1


def test_a_stamping_waits_for_company_after_the_last_one(database: Documents) -> None:
    sequencer = Sequencer(database, FixedClock(_AT), linger=timedelta(hours=1))
    _commit(database, "a", 1)
    sequencer.stamp(_lease(1))
    _commit(database, "b", 1)
    assert sequencer.stamp(_lease(1)) is False
    assert MongoLog(database).last() == 1


def test_the_log_is_read_from_every_place_within_and_between_commits(database: Documents) -> None:
    events = _commit(database, "a", 3) + _commit(database, "b", 1) + _commit(database, "c", 4)
    _sequencer(database).stamp(_lease(1))
    numbered = list(enumerate(events, start=1))
    for place in range(9):
        assert _read(database, place) == numbered[place:]
    log = MongoLog(database)
    seen: list[tuple[int, str]] = []
    while facts := log.after(seen[-1][0] if seen else 0, 1):
        seen += [(fact.sequence, fact.event_id) for fact in facts]
    assert seen == numbered


def test_of_large_facts_fewer_are_read_at_once_and_none_is_left_out(database: Documents) -> None:
    events = _commit(database, "a", 250, size=100_000)
    _sequencer(database).stamp(_lease(1))
    first = _read(database, 0, limit=500)
    assert len(first) == 100
    assert first + _read(database, 100, limit=500) + _read(database, 200, limit=500) == list(
        enumerate(events, start=1)
    )
