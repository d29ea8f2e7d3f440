"""What the bus does not bring is read from the tickets' log, and a poller that dies between claim and effect does no harm."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from relaydesk.sla.v1 import events_pb2, service_pb2
from relaydesk.sla.v1.service_pb2_grpc import SlaServiceStub
from relaydesk.tickets.v1 import service_pb2 as tickets
from relaydesk.tickets.v1 import ticket_pb2
from services.sla import __main__ as main
from services.sla.config import Settings
from tests.fakes.tickets_rpc import FakeTickets
from tests.integration.service_desk import INTERNAL, ServiceDesk, common
from tests.integration.test_sla_service import a_policy, answered, clocks, kinds, opened, save
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]


@pytest.fixture
def outside() -> Iterator[FakeTickets]:
    outside = FakeTickets()
    yield outside
    outside.stop()


@pytest.fixture
def desk(vhost: str, mongo_url: str, database_prefix: str, outside: FakeTickets) -> Iterator[ServiceDesk]:
    settings = Settings(
        **common(vhost, mongo_url, database_prefix),
        linger=timedelta(milliseconds=20),
        gap_every=timedelta(milliseconds=100),
        tickets_address=outside.address,
    )
    desk = ServiceDesk(main, "sla", settings)
    yield desk
    desk.stop()


@pytest.fixture
def sla(desk: ServiceDesk) -> SlaServiceStub:
    return SlaServiceStub(desk.serve())


def test_a_gap_that_stays_is_filled_from_the_tickets_log(
    desk: ServiceDesk, sla: SlaServiceStub, outside: FakeTickets
) -> None:
    save(sla, a_policy())
    now = datetime.now(UTC)
    requester = ticket_pb2.Message(id="m1", visibility="public", author=ticket_pb2.Actor(kind="requester"))
    requester.created_at.FromDatetime(now - timedelta(minutes=90))
    automatic = ticket_pb2.Message(
        id="m2", visibility="public", is_automatic=True, author=ticket_pb2.Actor(kind="rule")
    )
    automatic.created_at.FromDatetime(now - timedelta(minutes=89))
    outside.messages["t1"] = [requester, automatic]
    changes = [
        tickets.Change(version=1, fact="TicketOpened", message_id="m1"),
        tickets.Change(version=2, fact="MessageAdded", message_id="m2"),
        tickets.Change(
            version=3,
            fact="TicketChanged",
            changes=[ticket_pb2.FieldChange(field="status", old="new", new="pending")],
        ),
    ]
    for change, ago in zip(changes, (90, 89, 60), strict=True):
        change.occurred_at.FromDatetime(now - timedelta(minutes=ago))
    outside.changes["t1"] = changes
    desk.role("listen")
    # Of four versions only the last one came: an answer ten minutes ago.
    desk.publish(answered("t1", 4, ago=timedelta(minutes=10)))
    wait_until(lambda: desk.database["clocks"].count_documents({"gap_since": {"$exists": True}}) == 1)
    long_ago = {"$set": {"gap_since": now - timedelta(minutes=1)}}
    desk.database["clocks"].update_one({"_id": "t1"}, long_ago)
    desk.role("work")
    wait_until(lambda: desk.database["clocks"].count_documents({"gap_since": {"$exists": True}}) == 0)
    states = clocks(sla, "t1")["t1"]
    assert [pause.reason for pause in states["resolution"].pauses] == ["pending"]
    row = desk.database["clocks"].find_one({"_id": "t1"})
    assert row is not None
    assert (row["seen_to"], row["ahead"], len(row["entries"])) == (4, [], 4)


def test_a_poller_killed_between_claim_and_effect_loses_and_doubles_nothing(
    desk: ServiceDesk, sla: SlaServiceStub
) -> None:
    save(sla, a_policy())
    desk.role("listen")
    desk.publish(*(opened(f"t{n}", ago=timedelta(minutes=59, seconds=58)) for n in range(30)))
    wait_until(lambda: desk.database["clocks"].count_documents({"alarm_at": {"$exists": True}}) == 30)
    settings = desk.settings
    environ = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}",
        "BROKER_URL": settings.broker_url,
        "MONGO_URL": settings.mongo_url,
        "DATABASE_PREFIX": settings.database_prefix,
        "INSTANCE_KEY": settings.instance_key,
        "INTERNAL_TOKEN": INTERNAL,
        "FAILPOINTS": "after-claim-before-fire=kill",
        "LOG_LEVEL": "error",
    }
    child = subprocess.Popen([sys.executable, "-m", "services.sla", "work"], cwd=ROOT, env=environ)
    assert child.wait(60) == -signal.SIGKILL
    assert kinds(desk) == []
    desk.role("work")
    expected = sorted(f"t{n}:first_reply:1:breached" for n in range(30))
    wait_until(lambda: kinds(desk) == expected, describe=lambda: kinds(desk))
    assert all(
        breach.target.happened_at == breach.target.due_at for breach in desk.heard(events_pb2.TimerBreached)
    )
    risk = sla.ListAtRisk(service_pb2.ListAtRiskRequest(within_seconds=0, page_size=1))
    assert dict(risk.counts_by_group) == {"first-line": 30}


def test_a_log_with_a_hole_leaves_the_clock_incomplete_and_says_which_version_is_missing(
    desk: ServiceDesk, sla: SlaServiceStub, outside: FakeTickets
) -> None:
    save(sla, a_policy())
    now = datetime.now(UTC)
    change = tickets.Change(version=1, fact="TicketOpened")
    change.occurred_at.FromDatetime(now - timedelta(hours=2))
    outside.changes["t1"] = [change]
    desk.role("listen")
    desk.publish(answered("t1", 3, ago=timedelta(minutes=10)))
    wait_until(lambda: desk.database["clocks"].count_documents({"gap_since": {"$exists": True}}) == 1)
    long_ago = {"$set": {"gap_since": now - timedelta(minutes=2)}}
    desk.database["clocks"].update_one({"_id": "t1"}, long_ago)
    desk.role("work")
    wait_until(lambda: desk.database["clocks"].count_documents({"asked_at": {"$exists": True}}) == 1)
    (clock,) = sla.GetClocks(service_pb2.GetClocksRequest(ticket_ids=["t1"])).clocks
    assert list(clock.missing_versions) == [2]
    assert {target.state for target in clock.targets} == {"incomplete"}
    assert not any(target.HasField("due_at") for target in clock.targets)
    assert kinds(desk) == []
