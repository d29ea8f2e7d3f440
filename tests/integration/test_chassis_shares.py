"""Work that replicas share, on a real database: every part is somebody's, and nobody has more than the next."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from pymongo import MongoClient

from chassis import mongo
from chassis.errors import Unavailable
from chassis.mongo import Document, Documents
from chassis.shares import Share, SharedLoop, Shares
from tests.waiting import MINUTE, wait_until

LONG = timedelta(minutes=5)


@pytest.fixture
def client(mongo_url: str) -> Iterator[MongoClient[Document]]:
    with mongo.connect(mongo_url, timeout=MINUTE) as client:
        yield client


@pytest.fixture
def database(client: MongoClient[Document], database_prefix: str) -> Documents:
    return client[f"{database_prefix}shares"]


def test_a_lone_member_has_every_part(database: Documents) -> None:
    share = Shares(database).take("alarms", "a", 64, LONG)
    assert share.parts == frozenset(range(64))
    assert share.is_held


def test_members_have_the_parts_between_them_and_none_twice(database: Documents) -> None:
    shares = Shares(database)
    for owner in "abc":
        shares.take("alarms", owner, 64, LONG)
    taken = [shares.take("alarms", owner, 64, LONG) for owner in "abc"]
    assert sorted(part for share in taken for part in share.parts) == list(range(64))
    assert sorted(len(share.parts) for share in taken) == [21, 21, 22]
    assert {share.members for share in taken} == {3}


def test_the_parts_of_a_member_that_leaves_are_the_others(database: Documents) -> None:
    shares = Shares(database)
    shares.take("alarms", "a", 8, LONG)
    assert len(shares.take("alarms", "b", 8, LONG).parts) == 4
    shares.leave("alarms", "a")
    assert len(shares.take("alarms", "b", 8, LONG).parts) == 8


def test_the_parts_of_a_member_that_shows_itself_no_more_are_the_others(database: Documents) -> None:
    shares = Shares(database)
    lost = shares.take("alarms", "a", 8, timedelta(milliseconds=50))
    wait_until(lambda: len(shares.take("alarms", "b", 8, LONG).parts) == 8, describe="all eight parts")
    assert not lost.is_held


def test_works_of_other_names_have_members_of_their_own(database: Documents) -> None:
    shares = Shares(database)
    shares.take("alarms", "a", 8, LONG)
    assert shares.take("timers", "b", 8, LONG).members == 1


def test_of_many_who_come_first_at_once_all_are_members(database: Documents) -> None:
    shares = Shares(database)

    def come(owner: str) -> None:
        try:
            shares.take("alarms", owner, 8, LONG)
        except Unavailable:
            shares.take("alarms", owner, 8, LONG)

    threads = [threading.Thread(target=come, args=(f"o{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shares.take("alarms", "o0", 8, LONG).members == 8


def a_loop(database: Documents, seen: list[Share]) -> SharedLoop:
    def turn(share: Share) -> bool:
        seen.append(share)
        return False

    return SharedLoop(
        Shares(database),
        "turns",
        turn,
        parts=4,
        every=timedelta(milliseconds=10),
        lasting=timedelta(milliseconds=600),
    )


def test_a_loop_that_comes_takes_its_half_and_one_that_ends_gives_it_back(database: Documents) -> None:
    first: list[Share] = []
    second: list[Share] = []
    one, other = a_loop(database, first), a_loop(database, second)
    one.start()
    wait_until(lambda: first and len(first[-1].parts) == 4, describe="all parts")
    other.start()
    wait_until(lambda: second and len(first[-1].parts) == len(second[-1].parts) == 2, describe="halves")
    other.stop(timedelta(seconds=10))
    wait_until(lambda: len(first[-1].parts) == 4, describe="all parts again")
    one.stop(timedelta(seconds=10))


def test_a_loop_outlives_a_turn_that_failed(database: Documents) -> None:
    turns: list[Share] = []

    def turn(share: Share) -> bool:
        turns.append(share)
        if len(turns) == 1:
            raise RuntimeError("a bad turn")
        return False

    loop = SharedLoop(
        Shares(database), "turns", turn, parts=1, every=timedelta(milliseconds=10), lasting=LONG
    )
    loop.start()
    wait_until(lambda: len(turns) >= 3, describe="three turns")
    loop.stop(timedelta(seconds=5))
