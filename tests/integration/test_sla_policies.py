"""Policies on a real store: a version for all reaches tickets that nothing happens to, one for what is new does not."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from chassis.errors import InvalidFields
from relaydesk.rules.v1 import service_pb2 as rules
from relaydesk.sla.v1 import events_pb2, service_pb2
from relaydesk.sla.v1.service_pb2_grpc import SlaServiceStub
from services.sla import __main__ as main
from services.sla.config import Settings
from tests.integration.service_desk import ServiceDesk, common
from tests.integration.test_sla_service import a_policy, clocks, kinds, opened, save
from tests.waiting import wait_until


@pytest.fixture
def desk(vhost: str, mongo_url: str, database_prefix: str) -> Iterator[ServiceDesk]:
    settings = Settings(
        **common(vhost, mongo_url, database_prefix),
        linger=timedelta(milliseconds=20),
        page_every=timedelta(milliseconds=50),
        page_batch=7,
        # Nobody is there.
        tickets_address="127.0.0.1:1",
    )
    desk = ServiceDesk(main, "sla", settings)
    yield desk
    desk.stop()


@pytest.fixture
def sla(desk: ServiceDesk) -> SlaServiceStub:
    return SlaServiceStub(desk.serve())


def longer(hours: int) -> list[service_pb2.PolicyTarget]:
    return [service_pb2.PolicyTarget(name="first_reply", within_seconds=hours * 3_600)]


def test_a_version_for_all_reaches_tickets_that_nothing_happens_to(
    desk: ServiceDesk, sla: SlaServiceStub
) -> None:
    save(sla, a_policy(targets=longer(3)))
    desk.role("listen")
    names = [f"t{n}" for n in range(30)]
    desk.publish(*(opened(name, ago=timedelta(hours=2)) for name in names))
    wait_until(lambda: desk.database["clocks"].count_documents({}) == 30)
    save(sla, a_policy(targets=longer(1)), expected_version=1)
    desk.role("work")
    expected = sorted(f"{name}:first_reply:2:breached" for name in names)
    wait_until(lambda: kinds(desk) == expected, describe=lambda: kinds(desk))
    pages = desk.database["clocks"].distinct("page")
    assert pages == ["2.0"]


def test_a_version_for_what_is_new_leaves_what_runs(desk: ServiceDesk, sla: SlaServiceStub) -> None:
    save(sla, a_policy(targets=longer(3)))
    desk.role("listen")
    desk.publish(opened("old", ago=timedelta(hours=2)))
    wait_until(lambda: clocks(sla, "old"))
    save(sla, a_policy(targets=longer(1), applies_to="new"), expected_version=1)
    desk.role("work")
    desk.publish(opened("new"))
    wait_until(lambda: clocks(sla, "new"))
    wait_until(lambda: desk.database["clocks"].distinct("page") == ["2.0"])
    states = clocks(sla, "old", "new")
    assert {name: found["first_reply"].within_seconds for name, found in states.items()} == {
        "old": 3 * 3_600,
        "new": 3_600,
    }
    assert not desk.heard(events_pb2.TimerBreached)


def test_a_policy_comes_back_as_it_was_saved_and_its_condition_chooses(
    desk: ServiceDesk, sla: SlaServiceStub
) -> None:
    test = rules.Condition(test=rules.Test(field="subject", operator="contains", values=["refund"]))
    target = service_pb2.PolicyTarget(
        name="requester_wait", within_seconds=3_600, time="calendar", pause_statuses=["on_hold"]
    )
    refunds = service_pb2.Policy(
        id="refunds",
        name="Refunds",
        position=1,
        targets=[target],
        condition=rules.Condition(all=rules.ConditionGroup(conditions=[test])),
        counts=["notes", "merged_messages"],
        applies_to="running",
        pause_statuses=["none"],
    )
    kept = save(sla, refunds)
    refunds.version = 1
    assert kept == refunds
    save(sla, a_policy(position=2))
    desk.role("listen")
    desk.publish(opened("t1", subject="My refund"), opened("t2", subject="My parcel"))
    wait_until(lambda: len(clocks(sla, "t1", "t2")) == 2)
    found = clocks(sla, "t1", "t2")
    assert set(found["t1"]) == {"requester_wait"}
    assert set(found["t2"]) == {"first_reply", "resolution"}
    assert sla.ListPolicies(service_pb2.ListPoliciesRequest()).policies[0] == refunds


def test_what_is_wrong_with_a_policy_is_named(sla: SlaServiceStub) -> None:
    save(sla, a_policy(position=4))
    organisation = rules.Condition(test=rules.Test(field="organisation", operator="is", values=["acme"]))
    with pytest.raises(InvalidFields) as refusal:
        save(sla, a_policy(id="other", position=4, condition=organisation, targets=longer(24 * 3_653)))
    assert [field.field for field in refusal.value.fields] == [
        "policy.position",
        "policy.condition.test.field",
        "policy.targets[0].within_seconds",
    ]
