"""One holder at a time, fenced, on a real database; files in pieces; the database's clock."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pymongo import MongoClient

from chassis import chunks, mongo
from chassis.chunks import PIECE, Chunks
from chassis.clock import DatabaseClock, FixedClock
from chassis.errors import NotFound, Unavailable
from chassis.leases import Lease, LeasedLoop, Leases
from chassis.mongo import Document, Documents
from tests.waiting import MINUTE, wait_until


@pytest.fixture
def client(mongo_url: str) -> Iterator[MongoClient[Document]]:
    with mongo.connect(mongo_url, timeout=MINUTE) as client:
        yield client


@pytest.fixture
def database(client: MongoClient[Document], database_prefix: str) -> Documents:
    return client[f"{database_prefix}leases"]


def test_a_lease_is_held_by_one_and_renewed_by_its_holder(database: Documents) -> None:
    leases = Leases(database)
    first = leases.take("sweep", "a", MINUTE)
    assert first is not None
    assert leases.take("sweep", "b", MINUTE) is None
    renewed = leases.take("sweep", "a", MINUTE)
    assert renewed is not None
    assert renewed.fence == first.fence


def test_a_lease_that_ran_out_goes_to_another_with_a_higher_fence(database: Documents) -> None:
    leases = Leases(database)
    first = leases.take("sweep", "a", timedelta(milliseconds=50))
    assert first is not None
    taken = wait_until(lambda: leases.take("sweep", "b", MINUTE), describe="the lease")
    assert taken is not None
    assert taken.fence == first.fence + 1
    assert not first.is_held


def test_a_lease_that_is_given_back_is_free_at_once(database: Documents) -> None:
    leases = Leases(database)
    first = leases.take("sweep", "a", MINUTE)
    assert first is not None
    leases.give_back(first)
    assert leases.take("sweep", "b", MINUTE) is not None


def test_of_many_who_ask_at_once_one_gets_the_lease(database: Documents) -> None:
    leases = Leases(database)
    got: list[Lease] = []

    def ask(owner: str) -> None:
        lease = leases.take("sweep", owner, MINUTE)
        if lease is not None:
            got.append(lease)

    threads = [threading.Thread(target=ask, args=(f"o{n}",)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1


def test_a_leased_loop_outlives_a_turn_that_failed(database: Documents) -> None:
    turns: list[int] = []

    def turn(lease: Lease) -> bool:
        turns.append(lease.fence)
        if len(turns) == 1:
            raise RuntimeError("a bad turn")
        return False

    loop = LeasedLoop(Leases(database), "turns", turn, every=timedelta(milliseconds=10), lasting=MINUTE)
    loop.start()
    wait_until(lambda: len(turns) >= 3, describe="three turns")
    loop.stop(timedelta(seconds=5))
    assert set(turns) == {1}


def test_a_loop_that_rests_for_an_hour_goes_on_beating(
    database: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.leases._BEAT", 0.01)
    turns: list[int] = []
    beats: list[int] = []

    def turn(lease: Lease) -> bool:
        turns.append(lease.fence)
        return False

    loop = LeasedLoop(Leases(database), "rests", turn, every=timedelta(hours=1), lasting=MINUTE)
    loop.heartbeat = lambda: beats.append(len(turns))
    loop.start()
    wait_until(lambda: beats.count(1) >= 3, describe="three beats after the only turn")
    loop.stop(timedelta(seconds=5))
    assert len(turns) == 1


@pytest.mark.parametrize("size", [0, 1, PIECE, PIECE + 1, 3 * PIECE + 7])
def test_a_file_comes_back_as_it_was(database: Documents, size: int) -> None:
    files = Chunks(database, FixedClock(datetime(2026, 11, 20, tzinfo=UTC)))
    data = bytes(range(256)) * (size // 256 + 1)
    assert files.whole(files.write(data[:size])) == data[:size]


def test_a_file_that_is_not_whole_is_not_there(database: Documents) -> None:
    files = Chunks(database, FixedClock(datetime(2026, 11, 20, tzinfo=UTC)))
    name = files.write(b"x" * (2 * PIECE + 1))
    database["chunks"].delete_one({"_id": f"{name}:2"})
    with pytest.raises(NotFound):
        files.whole(name)


def test_only_old_files_that_nobody_names_are_swept(database: Documents) -> None:
    clock = FixedClock(datetime(2026, 11, 20, tzinfo=UTC))
    mongo.ensure_indexes(database, chunks.INDEXES)
    files = Chunks(database, clock)
    kept, orphan = files.write(b"kept"), files.write(b"orphan")
    assert files.sweep(lambda ids: {kept}) == 0, "too young to be an orphan"
    clock.move(timedelta(days=2))
    fresh = files.write(b"fresh")
    assert files.sweep(lambda ids: {kept}) == 1
    assert files.whole(kept) == b"kept"
    assert files.whole(fresh) == b"fresh"
    with pytest.raises(NotFound):
        files.whole(orphan)


def test_the_clock_is_the_databases_and_never_runs_back(client: MongoClient[Document]) -> None:
    clock = DatabaseClock(client, refresh=timedelta(0))
    moments = [clock.now() for _ in range(500)]
    assert moments == sorted(moments)

    def theirs() -> datetime:
        at: datetime = client.admin.command("hello")["localTime"]
        return at.replace(tzinfo=UTC)

    # The database says whole milliseconds, and half of the way there and back is a guess.
    little = timedelta(milliseconds=500)
    before = theirs()
    ours = clock.now()
    assert before - little <= ours <= theirs() + little


def test_the_clock_of_a_role_that_ends_goes_on(mongo_url: str) -> None:
    client = mongo.connect(mongo_url, timeout=MINUTE)
    clock = DatabaseClock(client, refresh=timedelta(0))
    before = clock.now()
    client.close()
    # Each asks anew how late it is, in a thread whose failure would fail this test.
    assert all(clock.now() >= before for _ in range(20))
    wait_until(lambda: not any(thread.name == "clock" for thread in threading.enumerate()))


def test_a_database_that_is_away_is_named_as_such() -> None:
    with (
        mongo.connect(
            "mongodb://127.0.0.1:1/?replicaSet=none", timeout=timedelta(milliseconds=300)
        ) as client,
        pytest.raises(Unavailable, match="database is away"),
    ):
        Leases(client["nowhere"]).take("x", "y", timedelta(seconds=1))
