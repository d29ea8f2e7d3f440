"""What one transaction writes, and what makes it say that somebody was first."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pymongo import MongoClient

from chassis import compare_and_set, mongo, units
from chassis.clock import FixedClock
from chassis.mongo import Document, Documents, Raced
from chassis.units import Unit
from tests.waiting import MINUTE

MANY = 20
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def database(mongo_url: str, database_prefix: str) -> Iterator[Documents]:
    client: MongoClient[Document]
    with mongo.connect(mongo_url, timeout=MINUTE) as client:
        database = client[f"{database_prefix}units"]
        database["rows"].insert_many([{"_id": str(n), "version": 1} for n in range(MANY)])
        yield database


def raised(database: Documents, number: int, *, moved: int | None = None, found: int = 1) -> Unit:
    """A unit that raises so many rows to version 2; of one it expects another version than there is."""
    unit = Unit(database, FixedClock(NOON))
    for n in range(number):
        expected = 7 if n == moved else found
        unit.update("rows", {"_id": str(n), "version": expected}, {"$set": {"version": 2}})
    return unit


def at_version(database: Documents, version: int) -> int:
    return database["rows"].count_documents({"version": version})


@pytest.mark.parametrize("number", [1, MANY], ids=["one", "many"])
def test_rows_that_are_as_expected_are_changed(database: Documents, number: int) -> None:
    raised(database, number).commit()
    assert at_version(database, 2) == number


@pytest.mark.parametrize("number", [1, MANY], ids=["one", "many"])
def test_a_row_that_has_moved_on_lets_nothing_be_written(database: Documents, number: int) -> None:
    with pytest.raises(Raced):
        raised(database, number, moved=0).commit()
    assert at_version(database, 1) == MANY


def test_rows_that_have_all_moved_on_are_a_race_too(database: Documents) -> None:
    with pytest.raises(Raced):
        raised(database, MANY, found=5).commit()


def test_a_row_that_is_gone_is_a_race(database: Documents) -> None:
    database["rows"].delete_one({"_id": "3"})
    with pytest.raises(Raced):
        raised(database, MANY).commit()


def test_whoever_changes_a_row_between_the_look_and_the_write_wins(
    database: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = compare_and_set.operations_of

    def look_and_be_overtaken(session: object, target: object, changes: object) -> object:
        operations = look(session, target, changes)  # type: ignore[arg-type]
        database["rows"].update_one({"_id": "4"}, {"$set": {"version": 3}})
        return operations

    monkeypatch.setattr(units, "operations_of", look_and_be_overtaken)
    with pytest.raises(Raced):
        raised(database, MANY).commit()
    assert (at_version(database, 3), at_version(database, 2)) == (1, 0)


@pytest.mark.parametrize("number", [2, MANY], ids=["few", "many"])
def test_where_none_must_match_those_that_do_not_are_passed_over(database: Documents, number: int) -> None:
    database["rows"].update_one({"_id": "1"}, {"$set": {"version": 9}})
    unit = Unit(database, FixedClock(NOON))
    for n in range(number):
        where = {"_id": str(n), "version": {"$lt": 5}}
        unit.update("rows", where, {"$set": {"version": 5}}, must_match=False)
    unit.update("rows", {"_id": "nobody", "version": {"$lt": 5}}, {"$set": {"version": 5}}, must_match=False)
    unit.commit()
    assert at_version(database, 5) == number - 1


@pytest.mark.parametrize(
    "where", [{"at": {"$lt": NOON}}, {"part.name": "a"}], ids=["below a moment", "a part's field"]
)
@pytest.mark.parametrize("must_match", [True, False])
def test_what_only_the_server_can_judge_is_left_to_it(
    database: Documents, where: Document, must_match: bool
) -> None:
    database["rows"].update_many({}, {"$set": {"at": NOON - timedelta(hours=1), "part": {"name": "a"}}})
    unit = Unit(database, FixedClock(NOON))
    for n in range(MANY):
        unit.update("rows", {"_id": str(n), **where}, {"$set": {"version": 2}}, must_match=must_match)
    unit.commit()
    assert at_version(database, 2) == MANY


def test_two_changes_of_one_row_are_made_in_their_order(database: Documents) -> None:
    unit = raised(database, MANY)
    unit.update("rows", {"_id": "0", "version": 2}, {"$set": {"version": 3}})
    unit.commit()
    assert (at_version(database, 3), at_version(database, 2)) == (1, MANY - 1)
