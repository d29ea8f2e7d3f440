"""What is due is asked for until a job for it lies in the queue, and sent by one owner."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chassis import mongo
from chassis.clock import DatabaseClock
from chassis.errors import Unavailable
from chassis.jobs import Jobs
from chassis.leases import Lease
from chassis.mongo import Raced
from chassis.units import Unit
from services.ingest.adapters.jobs import SendLoop
from services.ingest.adapters.mongo.paces import MongoPaces
from services.ingest.adapters.mongo.sends import MongoSends
from services.ingest.application.send_reply import SendPorts
from services.ingest.domain.channel import Channel
from services.ingest.domain.sending import NextStep, Reply, SendRow, SendState
from tests.waiting import MINUTE

LEASE = Lease("sends", "me", 1, 0)
REPLY = Reply(
    "t1", "m1", "mail", ("a@client.example", "b@client.example", "c@client.example"), (), "Re: s", "x"
)


class ForgetfulJobs:
    """A queue whose broker goes away when the second job comes, and is back for the next."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._calls = 0

    def send(self, name: str, /, **arguments: Any) -> None:
        self._calls += 1
        if self._calls == 2:
            raise Unavailable("the broker")
        self.asked.append(arguments["send_id"])


@pytest.fixture
def sends(mongo_url: str, database_prefix: str) -> Iterator[MongoSends]:
    with mongo.connect(mongo_url, timeout=MINUTE) as client:
        database, clock = client[f"{database_prefix}ingest"], DatabaseClock(client)
        unit = Unit(database, clock)
        rows = [SendRow(f"s-{to}", "t1", "m1", "mail", to, "email") for to in REPLY.to]
        MongoSends.stage(unit, REPLY, rows)
        unit.commit()
        yield MongoSends(database, clock, None, timedelta(seconds=15))


def _loop(sends: MongoSends, jobs: ForgetfulJobs, *channels: Channel) -> SendLoop:
    ports = cast("SendPorts", SimpleNamespace(directory=SimpleNamespace(all=lambda: channels)))
    return SendLoop(sends, MongoPaces(sends._database), sends._clock, cast("Jobs", jobs), lambda: ports)


def test_what_leaves_by_a_paused_channel_is_held_back_without_a_job(sends: MongoSends) -> None:
    jobs = ForgetfulJobs()
    _loop(sends, jobs, Channel("mail", "mail", "email", "email", is_paused=True)).turn(LEASE)
    assert (jobs.asked, sends.due(10)) == ([], [])
    rows = sends.list("t1", [], 10, "")
    assert {row.reason for row in rows} == {"queued: the channel is paused"}


def test_what_the_broker_did_not_take_is_asked_for_at_the_next_look_and_the_rest_is_not(
    sends: MongoSends,
) -> None:
    jobs = ForgetfulJobs()
    loop = _loop(sends, jobs)
    with pytest.raises(Unavailable):
        loop.turn(LEASE)
    assert len(jobs.asked) == 1
    loop.turn(LEASE)
    loop.turn(LEASE)
    assert sorted(jobs.asked) == [f"s-{to}" for to in REPLY.to]


def test_a_row_that_somebody_sends_by_now_is_not_put_off(sends: MongoSends) -> None:
    (first, *_) = sends.due(10)
    row, _ = sends.claim(first, sends._clock.now()) or pytest.fail("nobody else has it")
    sends.note_asked([first])
    kept = sends._rows.find_one({"_id": row.send_id}) or {}
    assert "enqueued_until" not in kept


def test_an_owner_that_wakes_while_it_is_given_up_sends_and_nobody_sends_again(sends: MongoSends) -> None:
    row, now = _stalled(sends)
    ((given_up, may_have_left),) = sends.abandoned(10)
    sends.begin_data(row, "<1@desk.example>")
    again = NextStep(SendState.QUEUED, "the process died before sending", now)
    assert not sends.mark(given_up, again, "", now, abandoned=may_have_left)
    assert sends.mark(row, NextStep(SendState.SENT, "250 ok", None), "<1@desk.example>", now)


def test_an_owner_that_wakes_after_it_was_given_up_does_not_send(sends: MongoSends) -> None:
    row, now = _stalled(sends)
    ((given_up, may_have_left),) = sends.abandoned(10)
    again = NextStep(SendState.QUEUED, "the process died before sending", now)
    assert sends.mark(given_up, again, "", now, abandoned=may_have_left)
    with pytest.raises(Raced):
        sends.begin_data(row, "<1@desk.example>")


def _stalled(sends: MongoSends) -> tuple[SendRow, datetime]:
    """A row whose claim has run out, and the moment."""
    (first, *_), now = sends.due(10), sends._clock.now()
    row, _ = sends.claim(first, now) or pytest.fail("nobody else has it")
    sends._rows.update_one({"_id": first}, {"$set": {"claimed_until": now - timedelta(seconds=1)}})
    return row, now
