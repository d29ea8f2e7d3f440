"""Every named point in every role that passes it, one by one: its process dies there under load."""

import random
import smtplib
from collections import defaultdict
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import ParseDict

from relaydesk.rules.v1 import service_pb2 as rules_pb2
from relaydesk.sla.v1 import service_pb2 as sla_pb2
from tests.chaos.failpoints import BESIDE_THE_ROAD, POINTS, ROAD
from tests.chaos.generator import Generator
from tests.chaos.site import CARRIERS, Site, some_more

pytestmark = [pytest.mark.exhaustive, pytest.mark.timeout(600)]


@pytest.mark.parametrize(("role", "point"), ROAD)
def test_nothing_is_lost_or_doubled_when_a_role_dies_at_a_point_of_the_road(
    site: Site, load: Generator, chance: random.Random, role: str, point: str
) -> None:
    site.fall({role: f"{point}=kill@{chance.randint(1, 5)}"})
    some_more(load)
    site.judge(load)


def test_nothing_is_lost_or_doubled_when_the_reader_dies_setting_poison_aside(
    site: Site, load: Generator
) -> None:
    armed = {"ingest listen": "after-publish-before-mark=kill"}
    site.arm(armed)
    with smtplib.SMTP(*site.system.endpoints.smtp_address, timeout=60) as smtp:
        smtp.sendmail("poison@customer.example", ["support@demo.example"], b"\x00" * 64)
    site.await_fall(armed)
    some_more(load)
    site.judge(load)


def test_a_rule_whose_server_died_before_its_answer_is_there_once(site: Site) -> None:
    ask: dict[str, Any] = {"metadata": site.system.metadata, "timeout": 10}
    armed = {"rules serve": "after-commit-before-ack=kill"}
    site.arm(armed)
    site.await_ready("rules serve")
    actions = [{"kind": "add_tag", "params": {"tag": "spare"}}]
    spare = {"id": "spare", "name": "Spare", "events": ["ticket_opened"], "actions": actions}
    with pytest.raises(grpc.RpcError):
        site.system.rules.SaveRule(rules_pb2.SaveRuleRequest(rule=ParseDict(spare, rules_pb2.Rule())), **ask)
    site.await_fall(armed)
    site.await_ready("rules serve")
    kept = site.system.rules.ListRules(rules_pb2.ListRulesRequest(), **ask).rules
    assert [rule.version for rule in kept if rule.id == "spare"] == [1]


def test_a_calendar_whose_server_died_before_its_answer_is_there_once(site: Site) -> None:
    ask: dict[str, Any] = {"metadata": site.system.metadata, "timeout": 10}
    armed = {"sla serve": "after-commit-before-ack=kill"}
    site.arm(armed)
    site.await_ready("sla serve")
    hours = sla_pb2.OpenWindow(weekday=1, opens="09:00", closes="13:00")
    spare = sla_pb2.Calendar(id="spare", name="Spare", zone="Europe/Lisbon", windows=[hours])
    with pytest.raises(grpc.RpcError):
        site.system.sla.SaveCalendar(sla_pb2.SaveCalendarRequest(calendar=spare), **ask)
    site.await_fall(armed)
    site.await_ready("sla serve")
    kept = site.system.sla.ListCalendars(sla_pb2.ListCalendarsRequest(), **ask).calendars
    assert [calendar.version for calendar in kept if calendar.id == "spare"] == [1]


def test_nothing_is_lost_or_doubled_when_the_sweep_dies_over_what_the_dead_left(
    site: Site, load: Generator
) -> None:
    site.fall(
        {"tickets work": "after-publish-before-mark=kill", "tickets listen": "after-commit-before-ack=kill@3"}
    )
    some_more(load)
    site.judge(load)


def test_nothing_is_lost_or_doubled_when_each_point_raises_instead(site: Site, load: Generator) -> None:
    points: dict[str, list[str]] = defaultdict(list)
    for role, point in ROAD:
        points[role].append(f"{point}=error@3")
    site.arm({role: ",".join(armed) for role, armed in points.items()})
    site.await_ready()
    some_more(load, 100)
    site.disarm(*points)
    some_more(load)
    site.judge(load)


def test_no_role_passes_a_point_that_is_not_written_down(site: Site, load: Generator) -> None:
    known = {*ROAD, *BESIDE_THE_ROAD}
    site.arm(
        {
            role: ",".join(f"{point}=kill" for point in POINTS if (role, point) not in known)
            for role in CARRIERS
        }
    )
    fallen = {role: site.system.supervisor.restarts(role) for role in CARRIERS}
    site.await_ready()
    some_more(load, 100)
    site.judge(load)
    assert {role: site.system.supervisor.restarts(role) for role in CARRIERS} == fallen
    site.disarm(*CARRIERS)
