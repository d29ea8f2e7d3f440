"""How fast channels send, and who comes when, in the store."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from chassis import mongo
from chassis.clock import DatabaseClock
from chassis.units import Unit
from services.ingest.adapters.mongo.paces import MongoPaces
from services.ingest.adapters.mongo.sends import MongoSends
from services.ingest.domain.pace import Pause, Turn
from services.ingest.domain.sending import Reply, SendRow, SendState
from tests.waiting import MINUTE

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def _seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


@dataclass
class Store:
    paces: MongoPaces
    sends: MongoSends
    clock: DatabaseClock
    database: mongo.Documents

    def queue(self, channel_id: str, count: int) -> Sequence[str]:
        reply = Reply("t1", f"m-{channel_id}", channel_id, (), (), "s", "x")
        rows = [
            SendRow(f"{channel_id}-{place:03}", "t1", reply.message_id, channel_id, "a@b.example", "email")
            for place in range(count)
        ]
        unit = Unit(self.database, self.clock)
        MongoSends.stage(unit, reply, rows)
        unit.commit()
        return [row.send_id for row in rows]


@pytest.fixture
def store(mongo_url: str, database_prefix: str) -> Iterator[Store]:
    with mongo.connect(mongo_url, timeout=MINUTE) as client:
        database, clock = client[f"{database_prefix}ingest"], DatabaseClock(client)
        sends = MongoSends(database, clock, None, timedelta(seconds=15))
        yield Store(MongoPaces(database), sends, clock, database)


def test_mails_of_a_bounded_mailbox_leave_evenly_and_others_wait_with_a_reason(store: Store) -> None:
    turns = [store.paces.turn("mail", 30, None, NOW) for _ in range(3)]
    assert [turn.at - NOW for turn in turns] == [_seconds(0), _seconds(2), _seconds(4)]
    assert [turn.reason for turn in turns] == ["", *["queued: the mailbox sends at most 30 a minute"] * 2]


def test_a_place_in_the_row_is_used_once_its_time_has_come(store: Store) -> None:
    store.paces.turn("mail", 30, None, NOW)
    later = store.paces.turn("mail", 30, None, NOW)
    again = store.paces.turn("mail", 30, later.slot, NOW + _seconds(3))
    assert (again.at, again.reason) == (NOW + _seconds(3), "")


def test_one_mailbox_s_bound_is_not_another_s(store: Store) -> None:
    store.paces.turn("mail", 1, None, NOW)
    assert store.paces.turn("sales", 1, None, NOW).at == NOW


def test_a_provider_that_asks_for_less_again_is_left_alone_for_longer(store: Store) -> None:
    store.paces.slow_down("mail", Turn(NOW), "421 busy", NOW)
    waits = store.paces.turn("mail", 0, None, NOW)
    assert (waits.at, "421 busy" in waits.reason) == (NOW + _seconds(15), True)
    first = store.paces.turn("mail", 0, None, waits.at)
    assert first.at == waits.at
    store.paces.slow_down("mail", first, "421 busy", waits.at)
    assert store.paces.turn("mail", 0, None, waits.at).at == waits.at + _seconds(30)


def test_those_who_were_on_their_way_together_slow_down_once(store: Store) -> None:
    for _ in range(4):
        store.paces.slow_down("mail", Turn(NOW), "421 busy", NOW)
    assert store.paces.turn("mail", 0, None, NOW).at == NOW + _seconds(15)


def test_after_a_pause_one_mail_is_tried_and_its_success_frees_the_others(store: Store) -> None:
    store.paces.slow_down("mail", Turn(NOW), "421 busy", NOW)
    then = NOW + _seconds(15)
    first, second = (store.paces.turn("mail", 0, None, then) for _ in range(2))
    assert (first.at, second.at) == (then, then + _seconds(30))
    store.paces.recover("mail", first)
    assert store.paces.turn("mail", 0, None, then).at == then
    assert store.paces.pauses(then) == []


def test_a_pause_of_one_mailbox_is_not_another_s(store: Store) -> None:
    store.paces.slow_down("mail", Turn(NOW), "421 busy", NOW)
    assert store.paces.turn("sales", 0, None, NOW).at == NOW
    assert [pause.channel_id for pause in store.paces.pauses(NOW)] == ["mail"]


def test_who_has_much_to_send_does_not_keep_others_waiting(store: Store) -> None:
    store.queue("mail", 120)
    store.queue("sales", 2)
    first = store.sends.due(200)
    assert set(first[:2]) == {"mail-000", "sales-000"}
    assert sum(one.startswith("mail") for one in first) == 50
    store.sends.note_asked(first)
    assert store.sends.due(200) == []
    assert store.sends.claim("mail-000", store.clock.now()) is not None
    assert store.sends.due(200) == ["mail-050"]


def test_a_row_that_is_given_back_was_not_tried_and_says_why_it_waits(store: Store) -> None:
    (send_id,) = store.queue("mail", 1)
    now = store.clock.now()
    row, _ = store.sends.claim(send_id, now) or pytest.fail("nobody else has it")
    store.sends.postpone(row, Turn(now + _seconds(9), "queued: wait", now + _seconds(9)), now)
    (kept,) = store.sends.list("t1", [], 10, "")
    assert (kept.state, kept.reason, kept.attempts) == (SendState.QUEUED, "queued: wait", 0)
    assert store.sends.claim(send_id, now) is None
    row, _ = store.sends.claim(send_id, now + _seconds(9)) or pytest.fail("it is due")
    assert (row.attempts, row.slot) == (1, kept.due_at)


def test_all_that_a_paused_mailbox_has_to_send_waits_for_the_end(store: Store) -> None:
    store.queue("mail", 3)
    store.queue("sales", 1)
    now = store.clock.now()
    store.sends.hold(Pause("mail", now + _seconds(60), "queued: paused"), now)
    assert store.sends.due(10) == ["sales-000"]
    held = [row for row in store.sends.list("t1", [], 10, "") if row.channel_id == "mail"]
    assert {row.reason for row in held} == {"queued: paused"}
