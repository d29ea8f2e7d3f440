"""Promises to the second, on the whole system, over days: the clock is the one that is played, all else is as always."""

import smtplib
import urllib.request
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import grpc
import pytest

from local.roles import Ports
from local.simulation.conductor import Conductor
from local.simulation.stage import Stage, stage
from relaydesk.reports.v1 import service_pb2 as reports_pb2
from relaydesk.reports.v1.service_pb2_grpc import ReportsServiceStub
from relaydesk.sla.v1 import insight_pb2
from relaydesk.sla.v1 import service_pb2 as sla_pb2
from relaydesk.sla.v1.insight_pb2_grpc import InsightServiceStub
from relaydesk.sla.v1.service_pb2_grpc import SlaServiceStub
from relaydesk.tickets.v1 import service_pb2 as tickets_pb2
from relaydesk.tickets.v1.service_pb2_grpc import TicketsServiceStub
from relaydesk.tickets.v1.ticket_pb2 import Ticket
from tests.e2e.letters import MAILBOX, letter

# The first one waits for the whole system to start.
pytestmark = pytest.mark.timeout(900)

LISBON = ZoneInfo("Europe/Lisbon")
# Within it, in the night to the 25th, Lisbon's clocks go back from 02:00 to 01:00.
FRIDAY = datetime(2026, 10, 23, 6, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Desk:
    """The played system as these tests see it; each goes on where the one before it ended."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.conductor: Conductor = stage.conductor()
        self._metadata = (("authorization", f"Bearer {stage.endpoints.internal_token}"),)
        self._tickets = TicketsServiceStub(grpc.insecure_channel(stage.endpoints.tickets_address))
        self._reports = ReportsServiceStub(grpc.insecure_channel(stage.endpoints.reports_address))
        sla = grpc.insecure_channel(stage.endpoints.sla_address)
        self._sla, self._insight = SlaServiceStub(sla), InsightServiceStub(sla)

    def write(self, at: datetime, subject: str) -> None:
        """A stranger's mail comes at a moment."""
        mail = letter(subject)

        def hand_in(_: datetime) -> None:
            host, port = self.stage.endpoints.smtp_address
            with smtplib.SMTP(host, port, timeout=60) as smtp:
                smtp.send_message(mail, to_addrs=[MAILBOX])

        self.conductor.agenda.plan(at, hand_in)

    def answer(self, at: datetime, subject: str) -> None:
        """An agent answers the ticket at a moment."""

        def add(_: datetime) -> None:
            request = tickets_pb2.AddMessageRequest(
                idempotency_key=uuid.uuid4().hex, ticket_id=self.ticket(subject).id, text="It is on its way."
            )
            acting = (*self._metadata, ("x-acting-agent", "kate"))
            self._tickets.AddMessage(request, metadata=acting, timeout=60)

        self.conductor.agenda.plan(at, add)

    def ticket(self, subject: str) -> Ticket:
        request = tickets_pb2.ListTicketsRequest(page_size=200)
        found = self._tickets.ListTickets(request, metadata=self._metadata, timeout=60).tickets
        (ticket,) = (ticket for ticket in found if ticket.subject == subject)
        return ticket

    def target(self, subject: str, name: str = "first_reply") -> sla_pb2.TargetState:
        request = sla_pb2.GetClocksRequest(ticket_ids=[self.ticket(subject).id])
        (clock,) = self._sla.GetClocks(request, metadata=self._metadata, timeout=60).clocks
        return next(target for target in clock.targets if target.name == name)

    def days(self, begin: datetime, end: datetime) -> dict[str, reports_pb2.ReportRow]:
        """The report's days, by date."""
        request = reports_pb2.QueryReportRequest(bucket_minutes=1440)
        getattr(request, "from").FromDatetime(begin)
        request.to.FromDatetime(end)
        rows = self._reports.QueryReport(request, metadata=self._metadata, timeout=60).rows
        return {row.bucket_at.ToDatetime().date().isoformat(): row for row in rows}

    def quarters(self, at: datetime) -> reports_pb2.ReportRow:
        """The report's quarter of an hour that begins at a moment."""
        request = reports_pb2.QueryReportRequest()
        getattr(request, "from").FromDatetime(at)
        request.to.FromDatetime(at + timedelta(minutes=15))
        rows = self._reports.QueryReport(request, metadata=self._metadata, timeout=60).rows
        return next(iter(rows), reports_pb2.ReportRow())

    def differences(self) -> int:
        """Tickets whose clock is another when it is computed again from the log."""
        request = insight_pb2.VerifyClocksRequest(page_size=200)
        answer = self._insight.VerifyClocks(request, metadata=self._metadata, timeout=60)
        assert not answer.next_page_token
        return len(answer.differences) + answer.under_way

    def late_effects(self) -> tuple[float, float]:
        """How many alarms took effect, and the sum of the seconds that they were late."""
        port = self.stage.endpoints.ports.probes["sla work"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
            lines = answer.read().decode().splitlines()
        name = "relaydesk_sla_timer_effect_seconds"
        found = {
            line.split()[0].partition("{")[0]: float(line.split()[1])
            for line in lines
            if line.startswith(name)
        }
        return found[f"{name}_count"], found[f"{name}_sum"]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with stage(tmp_path_factory.mktemp("played"), Ports.free(), FRIDAY) as played:
        yield Desk(played)


def lisbon(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """By the clocks of Lisbon, October 2026."""
    return datetime(2026, 10, day, hour, minute, second, tzinfo=LISBON).astimezone(UTC)


def test_a_promise_in_business_hours_is_broken_at_its_second_on_the_other_side_of_the_clock_change(
    desk: Desk,
) -> None:
    # Three hours of business: Friday from 17:00:07 to 18:00, and the rest on Monday, an hour later by UTC than on Friday.
    desk.write(lisbon(23, 17, 0, 7), "Over the weekend")
    due = lisbon(26, 11, 0, 7)
    assert due == datetime(2026, 10, 26, 11, 0, 7, tzinfo=UTC)
    desk.conductor.play(due - SECOND)
    promise = desk.target("Over the weekend")
    assert promise.due_at.ToDatetime(UTC) == due
    assert not promise.is_breached
    assert desk.quarters(lisbon(26, 11)).breached == 0
    desk.conductor.play(due)
    assert desk.target("Over the weekend").is_breached
    assert desk.ticket("Over the weekend").clock.is_breached
    assert desk.quarters(lisbon(26, 11)).breached == 1


def test_an_urgent_promise_runs_through_the_lunch_break_in_calendar_time(desk: Desk) -> None:
    begin = lisbon(26, 12, 40, 30)
    desk.write(begin, "Urgent: a broken handle")
    desk.write(begin, "A question about it")
    desk.conductor.play(begin + timedelta(hours=1))
    assert desk.target("Urgent: a broken handle").is_breached
    # Three hours less 20 minutes before lunch are left at 14:00.
    assert desk.target("A question about it").due_at.ToDatetime(UTC) == lisbon(26, 16, 40, 30)


def test_an_answer_a_second_before_it_is_due_keeps_the_promise(desk: Desk) -> None:
    begin = lisbon(27, 9, 30)
    desk.write(begin, "Answered in time")
    desk.write(begin, "Answered too late")
    due = begin + timedelta(hours=3)
    desk.answer(due - SECOND, "Answered in time")
    desk.answer(due + SECOND, "Answered too late")
    desk.conductor.play(due + SECOND)
    kept, broken = desk.target("Answered in time"), desk.target("Answered too late")
    assert (kept.state, kept.is_breached, kept.met_at.ToDatetime(UTC)) == ("met", False, due - SECOND)
    assert (broken.is_breached, broken.late_seconds) == (True, 1)


def test_the_last_second_of_a_day_and_the_first_of_the_next_are_counted_on_their_days(desk: Desk) -> None:
    midnight = datetime(2026, 10, 28, tzinfo=UTC)
    desk.conductor.play(midnight - timedelta(minutes=1))
    before = (
        desk.days(midnight - timedelta(days=1), midnight).get("2026-10-27", reports_pb2.ReportRow()).opened
    )
    desk.write(midnight - SECOND, "Before midnight")
    desk.write(midnight, "At midnight")
    desk.conductor.play(midnight)
    days = desk.days(midnight - timedelta(days=1), midnight + timedelta(days=1))
    assert days["2026-10-27"].opened == before + 1
    assert days["2026-10-28"].opened == days["2026-10-28"].arrived == 1


def test_days_later_every_alarm_took_effect_at_its_moment_and_the_log_says_the_same(desk: Desk) -> None:
    begin = desk.stage.clock.now() + timedelta(minutes=1)
    for number in range(3):
        desk.write(begin + timedelta(seconds=number), f"Forgotten {number}")
    desk.conductor.play(begin + timedelta(days=7))
    effects, late = desk.late_effects()
    # Each is warned of and broken, twice: the first reply and the solution.
    assert effects >= 3 * 4
    assert late == 0
    assert desk.differences() == 0


def test_let_go_the_clock_runs_on_from_where_it_was(desk: Desk) -> None:
    stood = desk.stage.clock.now()
    desk.stage.clock.let_go()
    assert stood <= desk.stage.clock.now() < stood + timedelta(days=1)
    with pytest.raises(ValueError, match="runs by itself"):
        desk.stage.clock.move(stood + timedelta(days=1))
