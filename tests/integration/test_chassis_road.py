"""Facts through outbox, broker, listener and inbox, on a real broker and a real database."""

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from google.protobuf.wrappers_pb2 import StringValue
from pymongo import MongoClient
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from bus.v1.bundle_pb2 import Bundle, Envelope
from chassis import batches
from chassis.batches import Task
from chassis.boxes import BOXES, IS_OUT
from chassis.bus import Outgoing
from chassis.errors import Refused
from chassis.group_commit import GroupCommitter
from chassis.mongo import Document
from chassis.units import Cause, Unit
from tests.integration.words import Keep, Place, Words, keep
from tests.waiting import MINUTE, wait_until


@pytest.fixture
def place(vhost: str, mongo_url: str, database_prefix: str) -> Iterator[Place]:
    place = Place(vhost, mongo_url, f"{database_prefix}words", store_within=MINUTE)
    place.prepare()
    yield place
    place.close()


def test_facts_arrive_once_each_though_published_three_times(place: Place) -> None:
    words = [f"w{n}" for n in range(250)]
    for _ in range(3):
        place.say(words)
    ear = place.listen()
    ear.start()
    wait_until(lambda: len(place.words()) == 250, describe="250 words")
    wait_until(lambda: place.outbox.pending()[0] == 0, describe="an empty outbox")
    ear.stop(timedelta(seconds=5))
    assert set(place.words().values()) == {1}


def test_a_handlers_error_leaves_its_neighbours_unharmed_and_is_tried_again(place: Place) -> None:
    failures: list[str] = []

    def keep_later(command: Keep, words: Words) -> bytes:
        if command.word == "late" and len(failures) < 1:
            failures.append(command.word)
            raise RuntimeError("not yet")
        return keep(command, words)

    place.runner = place.make_runner(keep_later)
    place.say(["one", "late", "two"])
    ear = place.listen()
    ear.start()
    wait_until(lambda: len(place.words()) == 3, describe="all three words, one of them after a second")
    ear.stop(timedelta(seconds=5))
    assert place.words() == Counter({"one": 1, "two": 1, "late": 1})


def test_what_cannot_be_understood_is_dead_lettered_with_its_reason(place: Place) -> None:
    place.publisher.publish(
        [
            Outgoing("", "words.email", b"\xff\xff not a bundle", "nonsense", "m1"),
            Outgoing(
                "",
                "words.email",
                Bundle(
                    events=[
                        Envelope(
                            event_id="id-foreign",
                            type="google.protobuf.Int64Value",
                            lane="email",
                            body=b"\x08\x01",
                        ),
                        Envelope(
                            event_id="id-good",
                            type="google.protobuf.StringValue",
                            lane="email",
                            body=StringValue(value="good").SerializeToString(),
                        ),
                        Envelope(
                            event_id="id-torn",
                            type="google.protobuf.StringValue",
                            lane="email",
                            body=b"\x0a\xff",
                        ),
                    ]
                ).SerializeToString(),
                "google.protobuf.StringValue",
                "m2",
            ),
        ]
    )
    ear = place.listen()
    ear.start()
    wait_until(lambda: place.words() == Counter({"good": 1}), describe="the good neighbour")
    wait_until(
        lambda: (
            place.metrics.registry.get_sample_value(
                "test_dead_letters_total", {"queue": "words.email", "reason": "CannotTranslate"}
            )
            == 2
        ),
        describe="two untranslatable facts",
    )
    ear.stop(timedelta(seconds=5))
    dead = place.dead()
    assert sorted(names for names, _ in dead) == ["", "id-foreign", "id-torn"]
    assert all(headers["reason"] and headers["queue"] == "words.email" for _, headers in dead)


def test_a_repeated_command_gets_the_first_answer_and_changes_nothing(place: Place) -> None:
    first = place.runner.run([Task("k", Keep("once"), digest="d")])[0]
    again, other = place.runner.run([Task("k", Keep("once"), digest="d"), Task("k2", Keep("second"))])
    assert (first.answer, again.answer, again.repeated, other.repeated) == (
        b"kept once",
        b"kept once",
        True,
        False,
    )
    reused = place.runner.run([Task("k", Keep("else"), digest="other")])[0]
    assert isinstance(reused.error, batches.KeyReused)
    assert place.words() == Counter({"once": 1, "second": 1})


@pytest.mark.parametrize("word", ["refused", "broken"])
def test_a_repeat_that_would_fail_by_now_gets_the_first_answer(place: Place, word: str) -> None:
    place.runner.run([Task("k", Keep("once"))])

    def fails(command: Keep, words: Words) -> bytes:
        if command.word == "once":
            raise Refused(word) if word == "refused" else RuntimeError(word)
        return keep(command, words)

    place.runner = place.make_runner(fails)
    again, other = place.runner.run([Task("k", Keep("once")), Task("k2", Keep("second"))])
    assert (again.answer, again.repeated, other.error) == (b"kept once", True, None)
    assert place.words() == Counter({"once": 1, "second": 1})


def test_who_is_refused_because_another_was_faster_with_the_same_key_gets_that_answer(place: Place) -> None:
    faster = place.make_runner()

    def fails(command: Keep, words: Words) -> bytes:
        if command.word == "once":
            # Between the look and the refusal.
            faster.run([Task("k", command)])
            raise Refused("it was done")
        return keep(command, words)

    place.runner = place.make_runner(fails)
    again, other = place.runner.run([Task("k", Keep("once"), came_before=True), Task("k2", Keep("second"))])
    assert (again.answer, again.repeated, other.error) == (b"kept once", True, None)
    assert place.words() == Counter({"once": 1, "second": 1})


def test_the_inbox_is_not_looked_at_for_what_comes_once(place: Place) -> None:
    looks = _Looks()
    with MongoClient[Document](place.mongo_url, event_listeners=[looks]) as client:
        place.database = client[place.database.name]
        place.runner = place.make_runner()
        place.runner.run([Task(f"k{n}", Keep(f"{n}")) for n in range(20)])
        assert looks.number == 0
        place.runner.run([Task("k1", Keep("1"), came_before=True)])
        assert looks.number == 1


class _Looks(CommandListener):
    """Counts what is asked of the inbox."""

    def __init__(self) -> None:
        self.number = 0

    def started(self, event: CommandStartedEvent) -> None:
        self.number += "keys" in event.command.get("filter", {})

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


def test_a_refusal_spoils_only_itself(place: Place) -> None:
    outcomes = place.runner.run([Task("a", Keep("a")), Task("b", Keep("refused")), Task("c", Keep("c"))])
    assert [type(outcome.error) for outcome in outcomes] == [type(None), Refused, type(None)]
    assert place.words() == Counter({"a": 1, "c": 1})


def test_a_batch_that_fails_as_a_whole_is_halved_to_the_culprit(place: Place) -> None:
    def keep_huge(command: Keep, words: Words) -> bytes:
        if command.word == "huge":
            # Staged without complaint, refused only by the database.
            words.unit.insert("words", {"word": "x" * 17_000_000})
            return b""
        return keep(command, words)

    place.runner = place.make_runner(keep_huge)
    outcomes = place.runner.run([Task(w, Keep(w)) for w in ["a", "b", "huge", "c"]])
    assert [outcome.error is None for outcome in outcomes] == [True, True, False, True]
    assert place.words() == Counter({"a": 1, "b": 1, "c": 1})


def test_the_same_key_twice_in_one_batch_is_handled_once(place: Place) -> None:
    outcomes = place.runner.run([Task("k", Keep("one")), Task("k", Keep("one"))])
    assert [outcome.repeated for outcome in outcomes] == [False, True]
    assert place.words() == Counter({"one": 1})


def test_a_group_committer_writes_many_callers_in_few_transactions(place: Place) -> None:
    committer = GroupCommitter(place.runner.run)
    committer.start()
    threads = [
        threading.Thread(target=committer.call, args=(Task(f"k{n}", Keep(f"k{n}")), MINUTE))
        for n in range(60)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    committer.stop(timedelta(seconds=5))
    assert len(place.words()) == 60
    assert place.database["batches"].count_documents({}) < 60


def test_what_a_dead_process_left_in_the_outbox_is_swept(place: Place) -> None:
    unit = Unit(place.database, place.clock)
    unit.say(StringValue(value="left"), event_id="id-left", lane="api", subject="left")
    unit.commit()
    assert place.outbox.sweep() == 0, "its writer still has time"
    place.database[BOXES].update_many(
        IS_OUT, {"$set": {"lease_until": place.clock.now() - timedelta(seconds=1)}}
    )
    ear = place.listen()
    ear.start()
    assert place.outbox.sweep() == 1
    wait_until(lambda: place.words() == Counter({"left": 1}), describe="the word left behind")
    ear.stop(timedelta(seconds=5))


def test_a_fact_says_what_caused_it(place: Place) -> None:
    unit = Unit(place.database, place.clock)
    unit.cause = Cause(event_id="e1", chain_id="c1", depth=3, traceparent="")
    unit.say(StringValue(value="next"), event_id="e2", lane="api", subject="s")
    unit.commit()
    row = place.database[BOXES].find_one(IS_OUT)
    assert row is not None
    envelope = Bundle.FromString(bytes(row["body"])).events[0]
    assert (envelope.chain_id, envelope.depth, envelope.cause_id) == ("c1", 4, "e1")


def test_rows_that_were_published_are_forgotten_soon_and_at_the_end_at_once(place: Place) -> None:
    place.say(["one"])
    wait_until(lambda: place.outbox.pending()[0] == 0, describe="an empty outbox")
    place.say(["two"])
    place.outbox.close()
    assert place.outbox.pending()[0] == 0


def test_an_unroutable_fact_stays_in_the_outbox_and_its_neighbours_leave(place: Place) -> None:
    unit = Unit(place.database, place.clock)
    unit.say(StringValue(value="heard"), event_id="h", lane="api", subject="s")
    unit.say(StringValue(value="unheard"), event_id="u", lane="voice", subject="s")
    unit.commit()
    with pytest.raises(Exception, match="not declared"):
        place.outbox.publish(unit.outbox)
    place.outbox.close()
    assert [row["key"] for row in place.database[BOXES].find(IS_OUT)] == ["google.protobuf.StringValue.voice"]
