"""Ticket numbers out of a real store."""

import uuid
from collections.abc import Iterator

import pytest

from chassis import mongo
from chassis.mongo import Documents
from services.tickets.adapters.mongo import Numbers
from services.tickets.adapters.mongo.numbers import MOST
from tests.waiting import MINUTE


@pytest.fixture
def database(mongo_url: str) -> Iterator[Documents]:
    client = mongo.connect(mongo_url, timeout=MINUTE)
    database = client[f"n{uuid.uuid4().hex[:10]}_tickets"]
    yield database
    client.drop_database(database.name)
    client.close()


def _last(database: Documents) -> int:
    row = database["counters"].find_one({"_id": "ticket_number"})
    assert row is not None
    return int(row["last"])


def test_two_processes_give_each_number_once(database: Documents) -> None:
    one, other = Numbers(database, block=5), Numbers(database, block=5)
    given = [numbers.take() for _ in range(200) for numbers in (one, other)]
    assert len(set(given)) == 400
    assert min(given) == 1


def test_the_numbers_of_one_process_grow(database: Documents) -> None:
    numbers = Numbers(database, block=5)
    given = [numbers.take() for _ in range(100)]
    assert given == list(range(1, 101))


def test_a_first_ticket_takes_a_small_block(database: Documents) -> None:
    Numbers(database, block=5).take()
    assert _last(database) == 5


def test_a_flood_takes_larger_blocks_up_to_a_bound(database: Documents) -> None:
    numbers = Numbers(database, block=MOST // 2)
    for _ in range(MOST // 2 + MOST + 1):
        numbers.take()
    assert _last(database) == MOST // 2 + MOST + MOST
