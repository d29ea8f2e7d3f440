"""A clock explained, a change previewed and the store verified: by gRPC and by the `relaydesk sla` command."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chassis.errors import Conflict, InvalidFields, NotFound
from cli.__main__ import main as relaydesk
from relaydesk.sla.v1 import insight_pb2, service_pb2
from relaydesk.sla.v1.insight_pb2_grpc import InsightServiceStub
from relaydesk.sla.v1.service_pb2_grpc import SlaServiceStub
from relaydesk.tickets.v1 import events_pb2 as tickets_events
from relaydesk.tickets.v1 import service_pb2 as tickets
from relaydesk.tickets.v1 import ticket_pb2
from services.sla import __main__ as main
from services.sla.config import Settings
from tests.fakes.tickets_rpc import FakeTickets
from tests.integration.service_desk import INTERNAL, ServiceDesk, common, said
from tests.integration.test_sla_service import a_policy, a_ticket, clocks, kinds, save
from tests.waiting import wait_until

NOW = datetime.now(UTC).replace(microsecond=0)


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
        page_every=timedelta(milliseconds=50),
        tickets_address=outside.address,
    )
    desk = ServiceDesk(main, "sla", settings)
    yield desk
    desk.stop()


@pytest.fixture
def sla(desk: ServiceDesk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SlaServiceStub:
    channel = desk.serve()
    server = next(part for part in desk._started if part.name == "rpc")
    token_file = tmp_path / "internal.token"
    token_file.write_text(INTERNAL + "\n")
    monkeypatch.delenv("RELAYDESK_TOKEN", raising=False)
    monkeypatch.setenv("INTERNAL_TOKEN_FILE", str(token_file))
    monkeypatch.setenv("SLA_ADDRESS", f"127.0.0.1:{server.port}")  # type: ignore[attr-defined]
    return SlaServiceStub(channel)


@pytest.fixture
def insight(desk: ServiceDesk, sla: SlaServiceStub) -> InsightServiceStub:
    server = next(part for part in desk._started if part.name == "rpc")
    return InsightServiceStub(desk.channel(server.port, INTERNAL))  # type: ignore[attr-defined]


class Told:
    """A ticket that both the bus and the tickets' log tell of: opened, and perhaps pending after."""

    def __init__(self, ticket_id: str, *, ago: timedelta, pending_after: timedelta | None = None) -> None:
        self.ticket_id = ticket_id
        begun = NOW - ago
        message = ticket_pb2.Message(
            id=f"{ticket_id}-1", visibility="public", author=ticket_pb2.Actor(kind="requester")
        )
        message.created_at.FromDatetime(begun)
        first = a_ticket(ticket_id, begun, number=int(ticket_id[1:]))
        first.last_requester_message_at.FromDatetime(begun)
        self.messages = [message]
        opened = tickets.Change(version=1, fact="TicketOpened", message_id=message.id)
        opened.occurred_at.FromDatetime(begun)
        self.changes = [opened]
        fact = tickets_events.TicketOpened(ticket=first, message=message)
        self.facts = [said(fact, f"{ticket_id}:1:0")]
        self.ticket = first
        if pending_after is not None:
            self.ticket = ticket_pb2.Ticket()
            self.ticket.CopyFrom(first)
            self.ticket.version, self.ticket.status = 2, "pending"
            steps = [ticket_pb2.FieldChange(field="status", old="new", new="pending")]
            change = tickets.Change(version=2, fact="TicketChanged", changes=steps)
            change.occurred_at.FromDatetime(begun + pending_after)
            self.changes.append(change)
            second = said(tickets_events.TicketChanged(ticket=self.ticket, changes=steps), f"{ticket_id}:2:0")
            second.occurred_at.FromDatetime(begun + pending_after)
            self.facts.append(second)
        # Long settled.
        self.ticket.updated_at.FromDatetime(NOW - timedelta(hours=1))

    def tell(self, outside: FakeTickets) -> None:
        outside.messages[self.ticket_id] = self.messages
        outside.changes[self.ticket_id] = self.changes
        outside.listed.append(self.ticket)


def told(desk: ServiceDesk, outside: FakeTickets, *stories: Told) -> None:
    """The listener has heard all of them."""
    desk.role("listen")
    for story in stories:
        story.tell(outside)
    desk.publish(*(fact for story in stories for fact in story.facts))

    def heard() -> bool:
        rows = desk.database["clocks"].find({}, {"seen_to": 1})
        return {row["_id"]: row["seen_to"] for row in rows} == {
            story.ticket_id: len(story.facts) for story in stories
        }

    wait_until(heard, describe="every fact in its clock")


def test_a_clock_is_explained_span_by_span(
    desk: ServiceDesk, outside: FakeTickets, sla: SlaServiceStub, insight: InsightServiceStub
) -> None:
    save(sla, a_policy())
    told(desk, outside, Told("t1", ago=timedelta(hours=5), pending_after=timedelta(hours=2)))
    clock = insight.ExplainClock(insight_pb2.ExplainClockRequest(ticket_id="t1"))
    assert (clock.policy_name, clock.policy_version, list(clock.missing_versions)) == ("Standard", 1, [])
    resolution = next(target for target in clock.targets if target.state.name == "resolution")
    assert (resolution.state.state, resolution.time, resolution.zone) == ("paused", "calendar", "UTC")
    assert [(one.kind, one.reason, one.elapsed_seconds) for one in resolution.segments] == [
        ("running", "", 7_200),
        ("paused", "pending", 7_200),
    ]
    assert resolution.segments[0].to.ToDatetime(UTC) == NOW - timedelta(hours=3)
    with pytest.raises(NotFound):
        insight.ExplainClock(insight_pb2.ExplainClockRequest(ticket_id="nobody"))


def test_verify_finds_what_differs_and_says_why(
    desk: ServiceDesk,
    outside: FakeTickets,
    sla: SlaServiceStub,
    capsys: pytest.CaptureFixture[str],
) -> None:
    save(sla, a_policy())
    pending = timedelta(minutes=10)
    stories = [Told(f"t{n}", ago=timedelta(hours=2), pending_after=pending) for n in range(1, 8)]
    told(desk, outside, *stories)
    assert relaydesk(["sla", "verify", "--page-size", "3"]) == 0
    captured = capsys.readouterr()
    assert captured.out == "7 tickets: 0 differ, of 0 the newest facts are still on their way\n"
    assert captured.err.splitlines()[-1] == "7 of about 7 clocks, 0 differ"
    # One was set open by hand in the store, one is not there, of one the log lost a version.
    desk.database["clocks"].update_one({"_id": "t2"}, {"$set": {"entries.1.4": []}})
    desk.database["clocks"].delete_one({"_id": "t4"})
    del outside.changes["t6"][1]
    assert relaydesk(["sla", "verify", "--quiet"]) == 3
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "7 tickets: 3 differ, of 0 the newest facts are still on their way"
    assert [line for line in lines if line.startswith("#")] == ["#2 t2", "#4 t4", "#6 t6"]
    assert any("resolution: state running here, paused by the log" in line for line in lines)
    assert "  no clock is kept of it" in lines
    assert "  the log has no version 2, and 2 is kept" in lines


SHORTER = """
policy:
  id: standard
  name: Standard
  targets:
    - {name: first_reply, within_seconds: 1800}
    - {name: resolution, within_seconds: 36000}
"""


def test_a_change_is_previewed_and_applied_for_what_runs_or_for_what_is_new(
    desk: ServiceDesk,
    outside: FakeTickets,
    sla: SlaServiceStub,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    save(sla, a_policy())
    stories = [Told(f"t{n}", ago=timedelta(minutes=15 * n)) for n in range(1, 4)]
    told(desk, outside, *stories)
    file = tmp_path / "standard.yaml"
    file.write_text(SHORTER)
    assert relaydesk(["sla", "preview", str(file), "--to", "new"]) == 0
    assert "0        due moved" in capsys.readouterr().out
    assert relaydesk(["sla", "preview", str(file), "--to", "running"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("3 open tickets, of which 0 are left out")
    # Half an hour and three quarters have passed: two would be missed by it.
    assert "2        newly breached" in out
    assert "4        due moved" in out
    assert sum("newly breached" in line for line in out.splitlines()) == 3
    assert clocks(sla, "t3")["t3"]["first_reply"].within_seconds == 3_600
    assert relaydesk(["sla", "apply", str(file), "--to", "running"]) == 0
    assert "standard is at version 2, for what runs too" in capsys.readouterr().out
    desk.role("work")
    wait_until(
        lambda: (
            [kind for kind in kinds(desk) if "first_reply" in kind]
            == ["t2:first_reply:2:breached", "t3:first_reply:2:breached"]
        ),
        timeout=60,
    )
    assert relaydesk(["sla", "policies"]) == 0
    assert "first_reply,resolution" in capsys.readouterr().out


def test_a_preview_asks_as_saving_would(insight: InsightServiceStub, sla: SlaServiceStub) -> None:
    save(sla, a_policy())
    with pytest.raises(Conflict):
        insight.PreviewChange(insight_pb2.PreviewChangeRequest(policy=a_policy()))
    with pytest.raises(InvalidFields) as refusal:
        insight.PreviewChange(insight_pb2.PreviewChangeRequest(policy=a_policy(name=""), expected_version=1))
    assert refusal.value.fields[0].field == "policy.name"
    for request in (
        insight_pb2.PreviewChangeRequest(),
        insight_pb2.PreviewChangeRequest(policy=a_policy(), expected_version=1, page_size=1_001),
    ):
        with pytest.raises(InvalidFields):
            insight.PreviewChange(request)
    calendar = service_pb2.Calendar(id="office", name="Office", zone="Europe/Atlantis")
    with pytest.raises(InvalidFields):
        insight.PreviewChange(insight_pb2.PreviewChangeRequest(calendar=calendar))


def test_a_file_that_says_no_policy_is_refused_with_its_place(
    sla: SlaServiceStub, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "bad.yaml"
    for text, expected in (
        ("policy: [", "not YAML in line 1"),
        ("rule: {}", "expected a map with `policy:` or `calendar:`"),
        ("policy: {id: x, targetz: []}", 'no field named "targetz"'),
        ("policy: {name: x}", "policy.id: expected an id"),
    ):
        file.write_text(text)
        assert relaydesk(["sla", "apply", str(file), "--to", "new"]) == 1
        assert expected in capsys.readouterr().err


def test_a_ticket_clock_is_printed_with_its_reasons(
    desk: ServiceDesk, outside: FakeTickets, sla: SlaServiceStub, capsys: pytest.CaptureFixture[str]
) -> None:
    save(sla, a_policy())
    told(desk, outside, Told("t1", ago=timedelta(hours=5), pending_after=timedelta(hours=2)))
    assert relaydesk(["sla", "clock", "t1"]) == 0
    out = capsys.readouterr().out
    assert "policy Standard, version 1" in out
    assert "resolution: paused, 2:00:00 of 8:00:00 calendar time in UTC" in out
    assert "paused: pending" in out
