"""Several replicas count what one sender opens, and none of them waits for another for it: A6."""

import contextlib
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from chassis.mongo import Documents, Raced
from chassis.units import Unit
from services.tickets.adapters.mongo import MongoDirectory, MongoPorts, Numbers
from services.tickets.adapters.mongo.bursts import Met
from services.tickets.adapters.mongo.history import HISTORY
from services.tickets.application.receive_message import receive_message
from services.tickets.domain.storm import StormLimit
from tests.builders import MONDAY, a_message
from tests.integration.tickets_on_mongo import store_of_tickets
from tests.ticket_rows import MESSAGES

LIMIT = StormLimit(tickets=6)


class _Clock:
    def now(self) -> datetime:
        return MONDAY


class Replica:
    """One of several; `take` makes a batch that is not committed yet."""

    def __init__(self, database: Documents) -> None:
        self._database = database
        self._numbers = Numbers(database)
        self._directory = MongoDirectory(database)
        self._met = Met()

    def take(self, mails: int, sender: str = "shop@market.example") -> Unit:
        unit = Unit(self._database, _Clock())
        ports = MongoPorts(unit, self._numbers, self._directory, storm_limit=LIMIT, met=self._met)
        # The store keeps milliseconds.
        commands = [a_message(sender=sender, after=timedelta(microseconds=1500)) for _ in range(mails)]
        ports.load(commands)
        for command in commands:
            receive_message(command, ports)
        ports.flush()
        return unit

    def write(self, mails: int, sender: str = "shop@market.example") -> None:
        """As a service does: the store may ask for any transaction again, for reasons of its own."""
        for _ in range(20):
            with contextlib.suppress(Raced):
                self.take(mails, sender).commit()
                return
        raise AssertionError("it raced twenty times")


@pytest.fixture
def database(mongo_url: str) -> Iterator[Documents]:
    with store_of_tickets(mongo_url) as database:
        yield database


@pytest.fixture
def replicas(database: Documents) -> tuple[Replica, Replica]:
    """Two that both know the sender."""
    first, second = Replica(database), Replica(database)
    first.write(1)
    second.write(1)
    return first, second


def race(replicas: tuple[Replica, Replica], sender: str) -> bool:
    """Both take a mail of the sender before either has written it; answers whether nobody had to decide again."""
    for replica in replicas:
        replica.write(1, sender)
    units = [replica.take(1, sender) for replica in replicas]
    try:
        for unit in units:
            unit.commit()
    except Raced:
        return False
    return True


SENDERS = [f"shop{number}@market.example" for number in range(5)]


def test_two_replicas_take_mails_of_one_sender_at_once_and_neither_decides_again(
    replicas: tuple[Replica, Replica],
) -> None:
    # A row that both write would make it race each time.
    assert any(race(replicas, sender) for sender in SENDERS)


def test_what_both_counted_is_added_up(database: Documents, replicas: tuple[Replica, Replica]) -> None:
    assert any(race(replicas, sender) for sender in SENDERS)
    assert max(row["tickets"] for row in database["bursts"].find()) == 4


def test_what_was_counted_is_not_counted_again(
    database: Documents, replicas: tuple[Replica, Replica]
) -> None:
    for _ in range(2):
        for replica in replicas:
            replica.write(1)
    (row,) = database["bursts"].find()
    # Of the two first ones one was told.
    assert (row["tickets"], database["tickets"].count_documents({})) == (5, 6)


def test_of_two_that_come_to_the_limit_at_once_one_decides_again_and_joins_the_others_ticket(
    database: Documents, replicas: tuple[Replica, Replica]
) -> None:
    other = replicas[1].take(8)
    replicas[0].write(8)
    with pytest.raises(Raced):
        other.commit()
    replicas[1].write(8)
    # Its first was not known to the other.
    assert database["tickets"].count_documents({}) <= LIMIT.tickets + 1
    assert database[HISTORY].count_documents(MESSAGES) == 18
    (flooded,) = database["tickets"].find({"tags": "flood"})
    assert flooded["messages"] >= 11


def test_who_comes_to_the_limit_in_one_batch_may_have_done_so_before(database: Documents) -> None:
    Replica(database).write(8)
    # As after a new start: nobody is known to have written.
    Replica(database).write(8)
    (row,) = database["bursts"].find()
    assert row["tickets"] == LIMIT.tickets
    assert database[HISTORY].count_documents(MESSAGES) == 16


def test_a_senders_only_ticket_is_counted_nowhere(database: Documents) -> None:
    Replica(database).write(1)
    assert database["bursts"].count_documents({}) == 0


@pytest.mark.parametrize("mails", [2, 8])
def test_a_count_is_forgotten_a_day_after_its_burst_is_over(database: Documents, mails: int) -> None:
    replica = Replica(database)
    replica.write(mails)
    replica.write(2)
    (row,) = database["bursts"].find()
    assert row["forget_at"] == MONDAY + LIMIT.within + timedelta(days=1)
    assert database["bursts"].index_information()["forget_at_1"]["expireAfterSeconds"] == 0


def test_a_storm_that_one_replica_knows_reaches_the_others_with_their_second_mail(
    database: Documents,
) -> None:
    first, second = Replica(database), Replica(database)
    first.write(7)
    for _ in range(3):
        second.write(1)
    assert database["tickets"].count_documents({}) == LIMIT.tickets + 1
