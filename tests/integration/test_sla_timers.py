"""Timers of others on a real broker and a real store: armed by gRPC, fired once, fenced by their epochs."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis.errors import InvalidFields
from chassis.shares import Shares
from relaydesk.sla.v1 import events_pb2
from relaydesk.sla.v1 import timers_pb2 as pb
from relaydesk.sla.v1.timers_pb2_grpc import TimersServiceStub
from services.sla import __main__ as main
from services.sla.adapters.alarms import AlarmPoller
from services.sla.adapters.measures import Measures
from services.sla.adapters.mongo import SHARDS, MongoPorts, Shelf
from services.sla.application import HANDLERS
from services.sla.config import Settings
from services.sla.domain.commands import FireTimer
from tests.integration.service_desk import ServiceDesk, common
from tests.waiting import wait_until

HOUR = timedelta(hours=1)


@pytest.fixture
def desk(vhost: str, mongo_url: str, database_prefix: str) -> Iterator[ServiceDesk]:
    # Nobody is there.
    settings = Settings(**common(vhost, mongo_url, database_prefix), tickets_address="127.0.0.1:1")
    desk = ServiceDesk(main, "sla", settings)
    yield desk
    desk.stop()


@pytest.fixture
def timers(desk: ServiceDesk) -> TimersServiceStub:
    return TimersServiceStub(desk.serve())


def a_timer(key: str, due_in: timedelta = HOUR, epoch: int = 1, **more: Any) -> pb.Timer:
    timer = pb.Timer(owner="reminders", key=key, epoch=epoch, lane="chat", **more)
    timer.due_at.FromDatetime(datetime.now(UTC) + due_in)
    return timer


def arm(timers: TimersServiceStub, *wanted: pb.Timer) -> list[str]:
    return [one.outcome for one in timers.ArmTimers(pb.ArmTimersRequest(timers=wanted)).outcomes]


def test_a_timer_fires_once_with_what_was_given_to_it_whoever_polls(
    desk: ServiceDesk, timers: TimersServiceStub
) -> None:
    desk.role("work")
    desk.role("work")
    wanted = a_timer(
        "call-back",
        timedelta(seconds=2),
        ticket_id="t1",
        payload=b"call",
        chain_id="c",
        cause_id="e",
        depth=3,
    )
    assert arm(timers, wanted, wanted) == ["armed", "armed"]
    fired, *_ = wait_until(lambda: desk.heard(events_pb2.TimerFired), describe="TimerFired")
    now = datetime.now(UTC)
    assert fired.due_at.ToDatetime(tzinfo=UTC) <= now
    assert (fired.owner, fired.key, fired.epoch, fired.ticket_id, fired.payload) == (
        "reminders",
        "call-back",
        1,
        "t1",
        b"call",
    )
    # A word may be told twice; it is one word.
    assert len({envelope.event_id for envelope in desk.said}) == 1
    envelope = desk.said[0]
    assert (envelope.event_id, envelope.lane, envelope.chain_id, envelope.depth) == (
        "t1:timer:reminders:call-back:1",
        "chat",
        "c",
        4,
    )
    # The store keeps milliseconds: a moment between two of them is the later.
    assert fired.due_at.ToNanoseconds() >= wanted.due_at.ToNanoseconds()
    assert envelope.occurred_at.ToNanoseconds() >= fired.due_at.ToNanoseconds()
    assert arm(timers, wanted) == ["fired"]


def test_a_timer_that_was_moved_or_taken_back_does_not_fire_at_its_old_moment(
    desk: ServiceDesk, timers: TimersServiceStub
) -> None:
    moved, dropped = a_timer("moved", -HOUR), a_timer("dropped", -HOUR)
    assert arm(timers, moved, dropped, a_timer("left", -HOUR)) == ["armed"] * 3
    assert arm(timers, a_timer("moved", HOUR, epoch=2), moved) == ["armed", "stale"]
    name = pb.TimerName(owner="reminders", key="dropped", epoch=1)
    (answer,) = timers.CancelTimers(pb.CancelTimersRequest(timers=[name])).outcomes
    assert answer.outcome == "cancelled"
    desk.role("work")
    wait_until(lambda: desk.heard(events_pb2.TimerFired), describe="TimerFired")
    wait_until(
        lambda: not desk.database["timers"].find_one({"alarm_at": {"$lte": datetime.now(UTC)}}),
        describe="nothing due",
    )
    assert [fact.key for fact in desk.heard(events_pb2.TimerFired)] == ["left"]


def test_many_pollers_at_once_fire_each_of_many_timers_once(
    desk: ServiceDesk, timers: TimersServiceStub
) -> None:
    wanted = [a_timer(f"k{n}", -HOUR) for n in range(1_000)]
    assert set(arm(timers, *wanted)) == {"armed"}
    for _ in range(3):
        desk.role("work")
    wait_until(lambda: len(desk.heard(events_pb2.TimerFired)) >= 1_000, describe="a thousand facts")
    # One that was published twice has one id: it was committed once.
    said = [envelope.event_id for envelope in desk.heard()]
    assert sorted(set(said)) == sorted(f":timer:reminders:k{n}:1" for n in range(1_000))
    assert {row["state"] for row in desk.database["timers"].find()} == {"fired"}


def test_a_claim_that_was_slept_over_fires_nothing(desk: ServiceDesk, timers: TimersServiceStub) -> None:
    arm(timers, *(a_timer(f"k{n}", -HOUR) for n in range(20)))
    parts = desk.parts("work")
    measures, shelf = Measures(parts.metrics), Shelf(parts.database)
    share = Shares(parts.database).take("alarms of timers", "sleeper", SHARDS, HOUR)
    ring = AlarmPoller(
        parts.database["timers"],
        FireTimer,
        parts.clock,
        parts.runner("sleeper", lambda unit: MongoPorts(unit, shelf, measures.said), HANDLERS),
        measures,
        batch=200,
    )
    assert len(ring.due(share, parts.clock.now())) == 20
    assert arm(timers, *(a_timer(f"k{n}", HOUR, epoch=2) for n in range(10))) == ["armed"] * 10
    assert ring.fire(share) is False
    assert ring.fire(share) is False
    wait_until(lambda: len(desk.heard(events_pb2.TimerFired)) >= 10, describe="ten facts")
    assert sorted(fact.key for fact in desk.heard(events_pb2.TimerFired)) == sorted(
        f"k{n}" for n in range(10, 20)
    )


def test_the_timers_of_a_ticket_are_listed_what_is_due_next_first(timers: TimersServiceStub) -> None:
    arm(
        timers,
        a_timer("later", 2 * HOUR, ticket_id="t1"),
        a_timer("soon", HOUR, ticket_id="t1", payload=b"p"),
        a_timer("dropped", HOUR, ticket_id="t1"),
        a_timer("another's", HOUR, ticket_id="t2"),
    )
    timers.CancelTimers(
        pb.CancelTimersRequest(timers=[pb.TimerName(owner="reminders", key="dropped", epoch=2)])
    )
    listed = timers.ListTimers(pb.ListTimersRequest(ticket_id="t1")).timers
    assert [(one.key, one.state) for one in listed] == [
        ("soon", "armed"),
        ("later", "armed"),
        ("dropped", "cancelled"),
    ]
    assert listed[0].payload == b"p"
    assert len(timers.ListTimers(pb.ListTimersRequest(ticket_id="t1", page_size=1)).timers) == 1
    (one,) = timers.ListTimers(pb.ListTimersRequest(owner="reminders", key="another's")).timers
    assert one.ticket_id == "t2"
    with pytest.raises(InvalidFields):
        timers.ListTimers(pb.ListTimersRequest(owner="reminders"))


def test_a_wrong_timer_is_refused_and_its_neighbours_are_armed(timers: TimersServiceStub) -> None:
    outcomes = timers.ArmTimers(
        pb.ArmTimersRequest(timers=[a_timer("good"), a_timer("", payload=b"x" * 20_000), a_timer("fine")])
    ).outcomes
    assert [one.outcome for one in outcomes] == ["armed", "refused", "armed"]
    assert outcomes[1].reason.startswith("key: expected 1 to 200 characters; payload: expected at most 16384")


@pytest.mark.parametrize(
    ("timer", "field"),
    [
        (pb.Timer(owner="reminders", key="k", epoch=1), "timers[0].due_at"),
        (pb.Timer(owner="reminders", key="k", epoch=1, lane="nowhere"), "timers[0].lane"),
    ],
)
def test_a_timer_that_could_never_be_heard_is_refused_by_its_field(
    timers: TimersServiceStub, timer: pb.Timer, field: str
) -> None:
    with pytest.raises(InvalidFields) as refusal:
        arm(timers, timer)
    assert [wrong.field for wrong in refusal.value.fields] == [field]
