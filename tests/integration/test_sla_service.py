"""Sla on a real broker and a real store: facts become clocks, alarms fire once, policies are kept by gRPC."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis.batches import Task
from chassis.boxes import BOXES, IS_OUT
from chassis.clock import FixedClock
from chassis.errors import Conflict, InvalidFields, Unavailable
from chassis.shares import Shares
from relaydesk.sla.v1 import events_pb2, service_pb2
from relaydesk.sla.v1.service_pb2_grpc import SlaServiceStub
from relaydesk.tickets.v1 import events_pb2 as tickets
from relaydesk.tickets.v1 import ticket_pb2
from services.sla import __main__ as main
from services.sla.adapters.alarms import AlarmPoller
from services.sla.adapters.measures import Measures, StoreGauges
from services.sla.adapters.mongo import SHARDS, MongoPorts, Shelf
from services.sla.application import HANDLERS
from services.sla.config import Settings
from services.sla.domain.commands import FireAlarm
from tests.integration.service_desk import ServiceDesk, common, said
from tests.waiting import wait_until


@pytest.fixture
def desk(vhost: str, mongo_url: str, database_prefix: str) -> Iterator[ServiceDesk]:
    settings = Settings(
        **common(vhost, mongo_url, database_prefix),
        linger=timedelta(milliseconds=20),
        # Nobody is there.
        tickets_address="127.0.0.1:1",
    )
    desk = ServiceDesk(main, "sla", settings)
    yield desk
    desk.stop()


@pytest.fixture
def sla(desk: ServiceDesk) -> SlaServiceStub:
    return SlaServiceStub(desk.serve())


def a_policy(**more: Any) -> service_pb2.Policy:
    """First reply in an hour, resolution in eight, round the clock."""
    return service_pb2.Policy(
        **{
            "id": "standard",
            "name": "Standard",
            "targets": [
                service_pb2.PolicyTarget(name="first_reply", within_seconds=3_600),
                service_pb2.PolicyTarget(name="resolution", within_seconds=8 * 3_600),
            ],
            **more,
        }
    )


def save(sla: SlaServiceStub, policy: service_pb2.Policy, expected_version: int = 0) -> service_pb2.Policy:
    request = service_pb2.SavePolicyRequest(policy=policy, expected_version=expected_version)
    return sla.SavePolicy(request).policy


def a_ticket(ticket_id: str, created_at: datetime, **more: Any) -> ticket_pb2.Ticket:
    ticket = ticket_pb2.Ticket(
        **{
            "id": ticket_id,
            "status": "new",
            "priority": "medium",
            "channel": "support",
            "lane": "email",
            "group": "first-line",
            "version": 1,
            **more,
        }
    )
    ticket.created_at.FromDatetime(created_at)
    ticket.updated_at.FromDatetime(datetime.now(UTC))
    return ticket


def opened(ticket_id: str, *, ago: timedelta = timedelta(0), **more: Any) -> Any:
    """The requester wrote so long ago."""
    created_at = datetime.now(UTC) - ago
    message = ticket_pb2.Message(
        id=f"{ticket_id}-1", visibility="public", author=ticket_pb2.Actor(kind="requester")
    )
    message.created_at.FromDatetime(created_at)
    fact = tickets.TicketOpened(ticket=a_ticket(ticket_id, created_at, **more), message=message)
    return said(fact, f"{ticket_id}:1:0")


def answered(ticket_id: str, version: int, *, ago: timedelta = timedelta(0), **more: Any) -> Any:
    """An agent answered, so long ago."""
    at = datetime.now(UTC) - ago
    message = ticket_pb2.Message(
        id=f"{ticket_id}-{version}", visibility="public", author=ticket_pb2.Actor(kind="agent")
    )
    message.created_at.FromDatetime(at)
    ticket = a_ticket(ticket_id, at - timedelta(minutes=30), version=version, status="open", **more)
    changes = [ticket_pb2.FieldChange(field="status", old="new", new="open")]
    return said(
        tickets.MessageAdded(ticket=ticket, message=message, changes=changes), f"{ticket_id}:{version}:0"
    )


def clocks(sla: SlaServiceStub, *ticket_ids: str) -> dict[str, dict[str, service_pb2.TargetState]]:
    answer = sla.GetClocks(service_pb2.GetClocksRequest(ticket_ids=ticket_ids))
    return {clock.ticket_id: {state.name: state for state in clock.targets} for clock in answer.clocks}


def kinds(desk: ServiceDesk) -> list[str]:
    """The ids of what was said of timers."""
    return sorted(envelope.event_id for envelope in desk.heard() if "Timer" in envelope.type)


def test_a_ticket_opened_right_after_a_policy_was_saved_has_its_clock(
    desk: ServiceDesk, sla: SlaServiceStub
) -> None:
    desk.role("listen")
    save(sla, a_policy())
    desk.publish(opened("t1"))
    wait_until(lambda: clocks(sla, "t1"), describe="the clock")
    states = clocks(sla, "t1")["t1"]
    assert {name: state.state for name, state in states.items()} == {
        "first_reply": "running",
        "resolution": "running",
    }
    (change,) = wait_until(lambda: desk.heard(events_pb2.ClockChanged))
    assert (change.target, change.epoch, change.due_at) == ("first_reply", 1, states["first_reply"].due_at)


def test_every_fact_twice_and_in_the_wrong_order_gives_one_clock_and_one_of_each_fact(
    desk: ServiceDesk, sla: SlaServiceStub
) -> None:
    save(sla, a_policy())
    names = [f"t{n}" for n in range(30)]
    answers = [answered(name, 2) for name in names]
    openings = [opened(name, ago=timedelta(minutes=30)) for name in names]
    desk.publish(*answers, *answers)
    desk.role("listen")
    desk.role("listen")
    desk.publish(*openings, *openings)
    wait_until(
        lambda: kinds(desk) == sorted(f"{name}:first_reply:1:met" for name in names),
        describe=lambda: kinds(desk),
    )
    assert all(states["first_reply"].state == "met" for states in clocks(sla, *names).values())
    rows = list(desk.database["clocks"].find())
    assert [row["seen_to"] for row in rows] == [2] * 30
    assert not any("gap_since" in row for row in rows)


def test_a_breach_fires_at_its_moment_not_before_and_once(desk: ServiceDesk, sla: SlaServiceStub) -> None:
    save(sla, a_policy())
    desk.role("listen")
    desk.role("work")
    desk.role("work")
    desk.publish(opened("t1", ago=timedelta(minutes=59, seconds=58)))
    breach, *_ = wait_until(lambda: desk.heard(events_pb2.TimerBreached), describe="the breach")
    assert datetime.now(UTC) >= breach.target.due_at.ToDatetime(tzinfo=UTC)
    assert breach.target.happened_at == breach.target.due_at
    wait_until(lambda: any(change.is_breached for change in desk.heard(events_pb2.ClockChanged)))
    assert kinds(desk) == ["t1:first_reply:1:breached"]


def test_a_poller_that_slept_past_its_lease_fires_nothing_twice(
    desk: ServiceDesk, sla: SlaServiceStub
) -> None:
    save(sla, a_policy())
    desk.role("listen")
    desk.publish(*(opened(f"t{n}", ago=timedelta(hours=1)) for n in range(50)))
    # Breached at once when heard; the resolutions are what is armed.
    wait_until(lambda: desk.database["clocks"].count_documents({"alarm_at": {"$exists": True}}) == 50)
    parts = desk.parts("work")
    clock = FixedClock(datetime.now(UTC) + timedelta(hours=8))
    measures = Measures(parts.metrics)
    shelf = Shelf(parts.database)
    runners = []
    for name in ("first", "second"):
        runner = parts.runner(name, lambda unit: MongoPorts(unit, shelf, measures.said), HANDLERS)
        runner._clock = clock
        runners.append(runner)
    rows = parts.database["clocks"]
    first, second = (AlarmPoller(rows, FireAlarm, clock, one, measures, batch=200) for one in runners)
    share = Shares(parts.database).take("alarms", "first", SHARDS, timedelta(seconds=1))
    claimed = [Task("", FireAlarm(f"t{n}")) for n in range(50)]
    # The first claimed, and was away; the second took over and fired; the first wakes up and goes on.
    second.fire(share)
    runners[0].run(claimed)
    first.fire(share)
    wait_until(lambda: desk.database[BOXES].count_documents(IS_OUT) == 0, describe="all of it published")
    resolved = [kind for kind in kinds(desk) if "resolution" in kind]
    assert sorted(resolved) == sorted(f"t{n}:resolution:1:breached" for n in range(50))


def test_what_cannot_be_settled_is_set_aside_and_holds_up_nobody(
    desk: ServiceDesk, sla: SlaServiceStub
) -> None:
    save(sla, a_policy())
    desk.role("listen")
    desk.publish(opened("bad", ago=timedelta(hours=2)), opened("good", ago=timedelta(minutes=59, seconds=57)))
    wait_until(lambda: desk.database["clocks"].count_documents({}) == 2)
    broken = {"alarm_at": datetime(2020, 1, 1, tzinfo=UTC), "entries": [["nonsense"]]}
    desk.database["clocks"].update_one({"_id": "bad"}, {"$set": broken})
    desk.role("work")
    wait_until(lambda: "good:first_reply:1:breached" in kinds(desk))
    row = desk.database["clocks"].find_one({"_id": "bad"})
    assert row is not None
    assert row["alarm_at"] > datetime.now(UTC)


def test_policies_and_calendars_have_versions(sla: SlaServiceStub) -> None:
    calendar = service_pb2.Calendar(
        id="office",
        name="Office",
        zone="Europe/Berlin",
        windows=[service_pb2.OpenWindow(weekday=1, opens="09:00", closes="18:00")],
        holidays=["2026-12-25"],
    )
    kept = sla.SaveCalendar(service_pb2.SaveCalendarRequest(calendar=calendar)).calendar
    assert kept.version == 1
    policy = save(sla, a_policy(calendar_id="office"))
    assert (policy.version, list(policy.pause_statuses), policy.targets[0].time) == (
        1,
        ["pending"],
        "business",
    )
    with pytest.raises(Conflict):
        save(sla, a_policy(calendar_id="office"))
    assert save(sla, a_policy(name="Gold"), expected_version=1).version == 2
    assert [p.name for p in sla.ListPolicies(service_pb2.ListPoliciesRequest()).policies] == ["Gold"]
    assert list(sla.ListCalendars(service_pb2.ListCalendarsRequest()).calendars) == [kept]


def test_what_is_wrong_with_a_policy_or_a_calendar_is_named_by_field(sla: SlaServiceStub) -> None:
    targets = [
        service_pb2.PolicyTarget(name="first_reply", within_seconds=0, time="business"),
        service_pb2.PolicyTarget(name="first_answer", within_seconds=10**18),
    ]
    with pytest.raises(InvalidFields) as refusal:
        save(sla, a_policy(name="", calendar_id="nowhere", targets=targets, pause_statuses=["asleep"]))
    assert [field.field for field in refusal.value.fields] == [
        "policy.name",
        "policy.calendar_id",
        "policy.targets[0].within_seconds",
        "policy.targets[0].warn_before_seconds",
        "policy.targets[1].name",
        "policy.targets[1].within_seconds",
        "policy.pause_statuses[0]",
    ]
    for broken, field in (
        ({"zone": "Europe/Atlantis"}, "calendar.zone"),
        ({"windows": []}, "calendar.windows"),
        ({"holidays": ["2026-02-30"]}, "calendar.holidays[0]"),
    ):
        calendar: dict[str, Any] = {
            "name": "Office",
            "zone": "UTC",
            "windows": [service_pb2.OpenWindow(weekday=1, opens="09:00", closes="18:00")],
            **broken,
        }
        with pytest.raises(InvalidFields) as refusal:
            sla.SaveCalendar(service_pb2.SaveCalendarRequest(calendar=service_pb2.Calendar(**calendar)))
        assert [wrong.field for wrong in refusal.value.fields] == [field]


def test_what_is_at_risk_is_listed_overdue_first_and_counted_by_group(
    desk: ServiceDesk, sla: SlaServiceStub
) -> None:
    save(sla, a_policy())
    desk.role("listen")
    desk.publish(
        opened("soon", ago=timedelta(minutes=50)),
        opened("overdue", ago=timedelta(minutes=70), group="claims"),
        opened("later", ago=timedelta(minutes=10)),
    )
    wait_until(lambda: desk.database["clocks"].count_documents({}) == 3)
    risk = sla.ListAtRisk(service_pb2.ListAtRiskRequest(within_seconds=900))
    assert [(row.ticket_id, row.is_breached) for row in risk.tickets] == [("overdue", True), ("soon", False)]
    assert dict(risk.counts_by_group) == {"claims": 1, "first-line": 1}
    claims = sla.ListAtRisk(service_pb2.ListAtRiskRequest(within_seconds=900, groups=["claims"], page_size=1))
    assert [row.ticket_id for row in claims.tickets] == ["overdue"]


def test_what_is_at_risk_is_counted_by_group_and_channel_and_measured(
    desk: ServiceDesk, sla: SlaServiceStub
) -> None:
    save(sla, a_policy())
    desk.role("listen")
    desk.publish(
        opened("overdue", ago=timedelta(minutes=70), group="claims"),
        opened("soon", ago=timedelta(minutes=50)),
        opened("this hour", ago=timedelta(minutes=20)),
        opened("by chat", ago=timedelta(minutes=20), channel="shop"),
    )
    wait_until(lambda: desk.database["clocks"].count_documents({}) == 4)
    request = service_pb2.ListAtRiskRequest(within_seconds=60, with_counts=True)

    def counted(**of: Any) -> dict[tuple[str, str], tuple[int, int, int]]:
        asked = service_pb2.ListAtRiskRequest(within_seconds=0, with_counts=True, **of)
        return {
            (one.group, one.channel): (one.overdue, one.within_15_minutes, one.within_60_minutes)
            for one in sla.ListAtRisk(asked).counts
        }

    by_hand = {
        ("claims", "support"): (1, 0, 0),
        ("first-line", "support"): (0, 1, 2),
        ("first-line", "shop"): (0, 0, 1),
    }
    assert counted() == by_hand
    assert counted(channels=["shop"]) == {("first-line", "shop"): (0, 0, 1)}
    request.with_counts = False
    assert not sla.ListAtRisk(request).counts
    parts = desk.parts("work")
    gauges = StoreGauges(parts.metrics, parts.database, parts.clock)
    lease = parts.leases.take("counts", "test", timedelta(minutes=5))
    assert lease is not None
    gauges.count(lease)

    def measured(name: str, **labels: str) -> float | None:
        return parts.metrics.registry.get_sample_value(f"relaydesk_{name}", labels)

    for (group, channel), counts in by_hand.items():
        for window, count in zip(("overdue", "15m", "60m"), counts, strict=True):
            of = {"group": group, "channel": channel, "window": window}
            assert measured("sla_at_risk_tickets", **of) == count
    assert measured("sla_at_risk", target="first_reply", window="15m") == 1
    assert measured("sla_at_risk", target="first_reply", window="60m") == 3
    assert measured("sla_at_risk", target="resolution", window="60m") == 0


def test_an_unknown_ticket_has_no_clock_and_too_many_are_refused(sla: SlaServiceStub) -> None:
    assert clocks(sla, "nobody") == {}
    with pytest.raises(InvalidFields) as refusal:
        clocks(sla, *(f"t{n}" for n in range(201)))
    assert refusal.value.fields[0].field == "ticket_ids"


def test_a_token_that_nobody_can_check_is_no_reason_to_answer(desk: ServiceDesk) -> None:
    desk.serve()
    server = next(part for part in desk._started if part.name == "rpc")
    stranger = SlaServiceStub(desk.channel(server.port, "made-up"))  # type: ignore[attr-defined]
    # Nobody answers where tokens are checked.
    with pytest.raises(Unavailable):
        stranger.ListPolicies(service_pb2.ListPoliciesRequest())
