"""A primary that has lost its secondaries still answers for some seconds. What it alone knows may be lost with it, so that
nothing of it may be told to anybody, not even that it was there before."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chassis.batches import Task
from chassis.boxes import BOXES
from chassis.errors import Unavailable
from chassis.units import Unit
from local.nodes import MongoNode
from services.ingest.adapters.mongo import INDEXES
from services.ingest.adapters.mongo.intake import MongoIntake
from services.ingest.domain.intake import Envelope, IntakeRow
from tests.builders import MONDAY
from tests.integration.words import Keep, Place
from tests.waiting import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MongoNode]:
    folder: Path = tmp_path_factory.mktemp("three")
    with MongoNode(folder / "mongo", members=3, cache_gb=0.25, oplog_mb=64) as mongo:
        yield mongo
        mongo.kill9()


@pytest.fixture
def place(three: MongoNode, broker_url: str, database_prefix: str) -> Iterator[Place]:
    def made() -> Place | None:
        with suppress(Unavailable):
            return Place(broker_url, three.url, f"{database_prefix}words")
        return None

    # The members may still be choosing a primary after the test before.
    place = wait_until(made, describe="a set that takes writes")
    assert place is not None
    yield place
    place.close()


class Lonely:
    """A primary without its secondaries, which dies in the end."""

    def __init__(self, mongo: MongoNode, place: Place) -> None:
        self._mongo = mongo
        self._place = place
        self._primary = mongo.primary()
        self._others = [member for member in range(3) if member != self._primary]
        for member in self._others:
            # Frozen ones would find on waking what it has sent them.
            mongo.kill9(member)

    def begin(self, write: Callable[[], object], collection: str, where: dict[str, Any]) -> None:
        """Have somebody write, and return when the primary has it: a majority never will."""

        def attempt() -> None:
            with suppress(Unavailable):
                write()

        threading.Thread(target=attempt, daemon=True).start()
        wait_until(
            lambda: self._place.database[collection].find_one(where), describe="the write at the primary"
        )

    def die(self) -> None:
        """The others go on without it, and it comes back as one of them."""
        self._mongo.kill9(self._primary)
        for member in self._others:
            self._mongo.start_member(member)
        self._mongo.primary(within=60)
        self._mongo.start_member(self._primary)


def told(ask: Callable[[], bool]) -> bool:
    """Whether the answer was that it is done; nobody to ask, or not now, is no answer."""
    try:
        return ask()
    except Unavailable:
        return False


def test_a_command_is_no_repeat_of_what_only_a_lonely_primary_has(three: MongoNode, place: Place) -> None:
    task = Task("id-one", Keep("one"))
    lonely = Lonely(three, place)
    lonely.begin(lambda: place.runner.run([task]), BOXES, {"keys": "words:id-one"})
    other = place.make_runner()
    was_told = told(lambda: other.run([Task("id-one", Keep("one"))])[0].error is None)
    lonely.die()
    assert not was_told or place.words() == {"one": 1}
    wait_until(lambda: told(lambda: other.run([task])[0].error is None))
    assert place.words() == {"one": 1}


def row(number: int) -> IntakeRow:
    return IntakeRow(
        intake_id=f"i{number}",
        channel_id=f"mailbox-{number}",
        key="id:<one@client.example>",
        fingerprint="same",
        raw=b"one",
        raw_sha256="one",
        envelope=Envelope(),
        received_at=MONDAY,
    )


@pytest.mark.parametrize("mailboxes", [1, 2])
def test_a_mail_is_no_repeat_of_what_only_a_lonely_primary_has(
    three: MongoNode, place: Place, mailboxes: int
) -> None:
    for collection, indexes in INDEXES.items():
        place.database.create_collection(collection)
        if indexes:
            place.database[collection].create_indexes(list(indexes))
    intake = MongoIntake(place.database, place.clock)
    mail = [row(number) for number in range(mailboxes)]
    lonely = Lonely(three, place)
    lonely.begin(lambda: intake.keep([mail]), "intake", {"_id": "i0"})
    was_told = told(lambda: bool(intake.keep([mail])))
    lonely.die()
    assert not was_told or place.database["intake"].count_documents({}) == mailboxes
    wait_until(lambda: told(lambda: bool(intake.keep([mail]))))
    assert place.database["intake"].count_documents({}) == mailboxes


def test_a_row_that_only_a_lonely_primary_has_is_not_brought_into_its_queue(
    three: MongoNode, place: Place
) -> None:
    place.database.create_collection("intake")
    intake = MongoIntake(place.database, place.clock)
    lonely = Lonely(three, place)
    lonely.begin(lambda: intake.keep([[row(0)]]), "intake", {"_id": "i0"})
    found: list[str] = []
    with suppress(Unavailable):
        found = [one.intake_id for one in intake.unpublished(timedelta(0), 10)]
    lonely.die()
    assert found == []


def test_a_row_that_only_a_lonely_primary_has_set_aside_is_read(three: MongoNode, place: Place) -> None:
    place.database.create_collection("intake")
    intake = MongoIntake(place.database, place.clock)
    intake.keep([[row(0)]])

    def set_aside() -> None:
        unit = Unit(place.database, place.clock)
        intake.quarantine(unit, "i0", "poison")
        unit.commit()

    lonely = Lonely(three, place)
    lonely.begin(set_aside, "intake", {"_id": "i0", "state": "quarantined"})
    is_done = told(lambda: not list(intake.accepted(["i0"])))
    lonely.die()
    assert not is_done
    wait_until(lambda: told(lambda: bool(list(intake.accepted(["i0"])))))
