"""How a listener shares its time, and what it does with facts that kill, tags that are old and links that freeze."""

import os
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pymongo.client_session import ClientSession
from pymongo.errors import PyMongoError

from chassis import mongo
from chassis.boxes import BOXES
from chassis.bus import Outgoing, Subscription, connect
from chassis.chunks import Chunks
from chassis.clock import FixedClock
from chassis.errors import Unavailable
from chassis.units import Unit
from local.child import OwnChild
from tests.integration.words import Place
from tests.tcp_proxy import TcpProxy
from tests.waiting import MINUTE, wait_until


@pytest.fixture
def place(vhost: str, mongo_url: str, database_prefix: str) -> Iterator[Place]:
    place = Place(vhost, mongo_url, f"{database_prefix}words", store_within=MINUTE)
    place.prepare()
    yield place
    place.close()


def test_a_flood_on_one_lane_does_not_delay_another(place: Place) -> None:
    for start in range(0, 3000, 100):
        place.say([f"flood{start + n}" for n in range(100)], "email")
    place.say(["calm"], "api")
    ear = place.listen(batch_max=100, prefetch=30)
    ear.start()
    wait_until(lambda: len(place.words()) == 3001, interval=0.1, describe="all words")
    ear.stop(timedelta(seconds=5))
    order = [row["word"] for row in place.database["words"].find().sort("_id", 1)]
    # Not behind the flood. How far it came meanwhile is what broker and machine made of their first second.
    assert order.index("calm") < 2500


def test_lingering_ends_when_the_batch_is_full_or_nothing_more_can_come(place: Place) -> None:
    for start in range(0, 1000, 100):
        place.say([f"bundled{start + n}" for n in range(100)])
    for n in range(40):
        place.say([f"single{n}"], "api")
    ear = place.listen(batch_max=100, prefetch=10, linger=timedelta(minutes=10))
    ear.start()
    # Sooner than who lingers even once.
    wait_until(lambda: len(place.words()) == 1040, interval=0.05, describe="all words")
    ear.stop(timedelta(seconds=5))


def test_a_fact_that_kills_its_process_is_dead_lettered_and_its_bundle_is_kept(
    place: Place, tmp_path: Path
) -> None:
    words = ["before", "deadly", "after"]
    place.say(words)
    child = OwnChild("a keeper of words", tmp_path / "keeper.log")
    env = {
        **os.environ,
        "WORDS_BROKER_URL": place.bus.url,
        "WORDS_MONGO_URL": place.mongo_url,
        "WORDS_DATABASE": place.database.name,
    }
    deaths = 0
    try:
        while deaths < 12 and set(place.words()) != {"before", "after"}:
            child.spawn([sys.executable, "-m", "tests.integration.words_listen"], env=env)
            wait_until(
                lambda: child.exit_code is not None or set(place.words()) == {"before", "after"},
                interval=0.05,
                describe="a death, or all that can be kept",
            )
            deaths += child.exit_code is not None
        wait_until(lambda: place.dead_ids() == ["id-deadly"], interval=0.2, describe="the letter")
    finally:
        child.terminate(grace=10)
    assert set(place.words().values()) == {1}
    assert child.exit_code == 0


def test_a_fact_whose_rows_a_dead_process_holds_is_tried_again_without_a_count(place: Place) -> None:
    # What a process leaves that is killed in mid-commit.
    ghost = place.client.start_session()
    ghost.start_transaction()
    place.database[BOXES].insert_one({"keys": ["words:id-held"]}, session=ghost)
    place.say(["before", "held", "after"])
    ear = place.listen()
    ear.start()
    wait_until(lambda: set(place.words()) == {"before", "after"}, describe="the neighbours")
    wait_until(lambda: place.ready("delay.10s") == 1, describe="the second try")
    with connect(place.bus.url) as connection:
        waiting = connection.channel().basic_get("delay.10s")
        assert (waiting.headers["attempt"], waiting.headers["races"]) == (0, 2)
    ghost.abort_transaction()
    wait_until(lambda: "held" in place.words(), describe="the word that was held")
    ear.stop(timedelta(seconds=5))
    assert place.dead_ids() == []


def test_what_the_broker_gives_up_lies_among_the_dead_letters(place: Place) -> None:
    place.say(["unlucky"])
    connection = connect(place.bus.url)
    channel = connection.channel()

    def is_given_back() -> bool:
        message = channel.basic_get("words.email")
        if message is not None:
            channel.basic_reject(message.delivery_tag, requeue=True)
        return message is not None

    while is_given_back():
        pass
    connection.close()
    wait_until(lambda: place.dead_ids() == ["id-unlucky"], interval=0.2, describe="the letter")


def test_a_tag_of_a_connection_that_is_gone_acks_nothing(place: Place) -> None:
    place.say(["one"])
    subscription = Subscription(place.bus, prefetch=10)
    subscription.open(["words.email"])
    subscription.wait(5)
    old = subscription.take("words.email")
    assert old is not None
    subscription.open(["words.email"])
    subscription.wait(5)
    new = subscription.take("words.email")
    assert new is not None
    with pytest.raises(Unavailable):
        subscription.ack({"words.email": old.tag})
    subscription.open(["words.email"])
    subscription.wait(5)
    again = subscription.take("words.email")
    assert again is not None
    assert again.body == old.body
    subscription.ack({"words.email": again.tag})
    subscription.close()
    assert place.ready("words.email") == 0


def test_an_exchange_that_was_deleted_is_made_again(place: Place) -> None:
    place.say(["one"])
    place.delete_exchange()
    for _ in range(2):
        with pytest.raises(Unavailable):
            place.publisher.publish([Outgoing(place.bus.exchange, "x", b"", "t", "m")])
    place.prepare()
    place.say(["two"])


def test_headers_that_mean_nothing_do_not_stop_a_listener(place: Place) -> None:
    headers = {"facts": "many", "attempt": "never", "x-delivery-count": "often"}
    place.publisher.publish([Outgoing("", "words.email", b"\xff", "t", "m", headers)])
    place.say(["good"])
    ear = place.listen(linger=timedelta(milliseconds=20))
    ear.start()
    wait_until(lambda: place.words() == {"good": 1}, describe="the good neighbour")
    ear.stop(timedelta(seconds=5))
    assert len(place.dead()) == 1


def answers(client: mongo.Client) -> bool:
    """Whether the store can be asked through it."""
    try:
        client.admin.command("ping")
    except PyMongoError:
        return False
    return True


def test_a_transaction_that_ended_in_the_dark_does_not_stand_in_its_own_way(
    place: Place, mongo_url: str
) -> None:
    port = int(mongo_url.partition("127.0.0.1:")[2].partition("/")[0])
    with TcpProxy(port) as link:

        class Darkened(Unit):
            def _write(self, session: ClientSession, collection: str, writes: object) -> None:
                super()._write(session, collection, writes)  # type: ignore[arg-type]
                # Written, and then nobody hears the commit.
                link.freeze()

        with mongo.connect(
            f"mongodb://127.0.0.1:{link.port}/?directConnection=true", timeout=timedelta(seconds=5)
        ) as client:
            database = client[place.database.name]
            dark = Darkened(database, place.clock)
            dark.insert("words", {"_id": "ghost", "word": "ghost"})
            with pytest.raises(Unavailable):
                dark.commit()
            link.cut()
            link.mend()
            light = Unit(database, place.clock)
            light.insert("words", {"_id": "ghost", "word": "ghost"})
            wait_until(lambda: answers(client), describe="the database")
            light.commit()
    assert place.words() == {"ghost": 1}


def test_old_files_that_are_owned_do_not_hide_the_orphans(place: Place) -> None:
    clock = FixedClock(place.clock.now())
    files = Chunks(place.database, clock)
    owned = {files.write(b"owned") for _ in range(5)}
    orphan = files.write(b"orphan")
    clock.move(timedelta(days=2))
    swept = [files.sweep(lambda ids: owned & set(ids), limit=5) for _ in range(2)]
    assert sum(swept) == 1
    assert all(files.whole(name) == b"owned" for name in owned)
    assert place.database["chunks"].count_documents({"file": orphan}) == 0


def test_a_fact_heard_twice_at_once_by_two_replicas_is_kept_once(place: Place) -> None:
    words = [f"w{n}" for n in range(200)]
    ears = [place.listen(prefetch=3, batch_max=20) for _ in range(2)]
    for ear in ears:
        ear.start()
    for _ in range(4):
        for start in range(0, 200, 20):
            place.say(words[start : start + 20])
    wait_until(lambda: len(place.words()) == 200, describe="all words")
    wait_until(lambda: place.ready("words.email") == 0, describe="an empty queue")
    for ear in ears:
        ear.stop(timedelta(seconds=5))
    assert set(place.words().values()) == {1}
    assert place.dead() == []
