"""Calendars saved by sla count in rules and reports: those of before it was there are asked for, later ones are heard."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bus.v1.bundle_pb2 import Envelope
from chassis.businesstime import Asker
from chassis.calendars import CalendarShelf
from chassis.rpc import RpcServer
from relaydesk.rules.v1 import service_pb2 as rules_pb2
from relaydesk.rules.v1.service_pb2_grpc import RulesServiceStub
from relaydesk.sla.v1 import service_pb2 as sla_pb2
from relaydesk.sla.v1.service_pb2_grpc import SlaServiceStub
from relaydesk.tickets.v1 import events_pb2, ticket_pb2
from services.reports import __main__ as reports_main
from services.reports.adapters.calendars import calendar_of_bytes
from services.reports.config import Settings as ReportsSettings
from services.rules import __main__ as rules_main
from services.rules.config import Settings as RulesSettings
from services.sla import __main__ as sla_main
from services.sla.config import Settings as SlaSettings
from tests.fakes.tickets_rpc import FakeTickets
from tests.integration.service_desk import ServiceDesk, common
from tests.waiting import wait_until

PATIENCE = 60


@dataclass
class Sla:
    """The service, where it is, and a way to ask it."""

    desk: ServiceDesk
    port: int
    stub: SlaServiceStub

    def save(self, *windows: sla_pb2.OpenWindow, expected_version: int = 0) -> None:
        calendar = sla_pb2.Calendar(id="office", name="Office", zone="UTC", windows=windows, is_company=True)
        request = sla_pb2.SaveCalendarRequest(calendar=calendar, expected_version=expected_version)
        self.stub.SaveCalendar(request, timeout=PATIENCE)


@pytest.fixture
def sla(vhost: str, mongo_url: str, database_prefix: str) -> Iterator[Sla]:
    settings = SlaSettings(**common(vhost, mongo_url, database_prefix), tickets_address="127.0.0.1:1")
    desk = ServiceDesk(sla_main, "sla", settings)
    (server,) = (one for one in desk.role("serve") if isinstance(one, RpcServer))
    yield Sla(desk, server.port, SlaServiceStub(desk.channel(server.port)))
    desk.stop()


@pytest.fixture
def outside() -> Iterator[FakeTickets]:
    outside = FakeTickets()
    yield outside
    outside.stop()


def closed_now() -> list[sla_pb2.OpenWindow]:
    """Half an hour a day, six hours from now."""
    hour = (datetime.now(UTC) + timedelta(hours=6)).hour
    return [
        sla_pb2.OpenWindow(weekday=day, opens=f"{hour:02}:00", closes=f"{hour:02}:30") for day in range(1, 8)
    ]


def always() -> list[sla_pb2.OpenWindow]:
    return [sla_pb2.OpenWindow(weekday=day, opens="00:00", closes="24:00") for day in range(1, 8)]


def opened(ticket_id: str) -> Envelope:
    now = datetime.now(UTC)
    ticket = ticket_pb2.Ticket(
        id=ticket_id, number=1, status="new", priority="medium", channel="support", lane="email", version=1
    )
    ticket.created_at.FromDatetime(now)
    author = ticket_pb2.Actor(kind="requester")
    message = ticket_pb2.Message(id=f"{ticket_id}-1", ticket_id=ticket_id, visibility="public", author=author)
    fact = events_pb2.TicketOpened(ticket=ticket, message=message, actor=author)
    envelope = Envelope(
        event_id=f"{ticket_id}:1:0",
        type=fact.DESCRIPTOR.full_name,
        lane="email",
        subject=ticket_id,
        version=1,
        body=fact.SerializeToString(),
    )
    envelope.occurred_at.FromDatetime(now)
    return envelope


def test_calendars_of_before_are_asked_for_and_later_ones_are_heard(
    vhost: str, mongo_url: str, database_prefix: str, sla: Sla, outside: FakeTickets
) -> None:
    # Nobody has a queue for it yet: what is said now, rules will never hear.
    sla.save(*closed_now())
    settings = RulesSettings(
        **common(vhost, mongo_url, database_prefix),
        linger=timedelta(milliseconds=10),
        tickets_address=outside.address,
        sla_address=f"127.0.0.1:{sla.port}",
    )
    desk = ServiceDesk(rules_main, "rules", settings)
    try:
        rules = RulesServiceStub(desk.serve())
        test = rules_pb2.Test(field="in_business_hours", operator="is", values=["false"])
        rule = rules_pb2.Rule(
            name="Closed",
            enabled=True,
            events=["ticket_opened"],
            condition=rules_pb2.Condition(test=test),
        )
        rule.actions.add(kind="add_tag").params.update({"tag": "closed"})
        rules.SaveRule(rules_pb2.SaveRuleRequest(rule=rule), timeout=PATIENCE)
        desk.role("listen")
        kept = desk.database["calendars"]
        wait_until(lambda: kept.count_documents({}) == 1, timeout=PATIENCE)

        def outcome(ticket_id: str) -> Any:
            request = rules_pb2.ExplainEventRequest(ticket_id=ticket_id)
            found = rules.ExplainEvent(request, timeout=PATIENCE).explanations
            return found[0].outcomes[0] if found else None

        desk.publish(opened("t1"))
        wait_until(lambda: outcome("t1"), timeout=PATIENCE)
        assert outcome("t1").outcome == "matched"

        sla.save(*always(), expected_version=1)
        wait_until(lambda: kept.count_documents({}) == 2, timeout=PATIENCE)
        desk.publish(opened("t2"))
        wait_until(lambda: outcome("t2"), timeout=PATIENCE)
        assert outcome("t2").outcome == "not_matched"
        assert [test.actual for test in outcome("t2").tests] == ["true"]
        # What was looked at before is explained with what was known then.
        assert [test.actual for test in outcome("t1").tests] == ["false"]
    finally:
        desk.stop()


def test_reports_ask_for_calendars_of_before_and_hear_later_ones(
    vhost: str, mongo_url: str, database_prefix: str, sla: Sla
) -> None:
    sla.save(*closed_now())
    settings = ReportsSettings(
        **common(vhost, mongo_url, database_prefix),
        linger=timedelta(milliseconds=20),
        sla_address=f"127.0.0.1:{sla.port}",
    )
    desk = ServiceDesk(reports_main, "reports", settings)
    try:
        desk.role("listen")
        kept = desk.database["calendars"]
        wait_until(lambda: kept.count_documents({}) == 1, timeout=PATIENCE)
        sla.save(*always(), expected_version=1)
        wait_until(lambda: kept.count_documents({}) == 2, timeout=PATIENCE)
        page, known = CalendarShelf(desk.database, calendar_of_bytes).newest()
        assert page == 2
        assert known.at(datetime.now(UTC)).calendar(Asker()).is_open(datetime.now(UTC))
    finally:
        desk.stop()
