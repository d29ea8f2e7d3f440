"""Tickets, rules and sla together on real parts: a mail is routed by a rule, watched by sla, and shows it all."""

from collections.abc import Iterator
from datetime import timedelta

import grpc
import pytest

from relaydesk.rules.v1 import service_pb2 as rules_pb2
from relaydesk.rules.v1.service_pb2_grpc import RulesServiceStub
from relaydesk.sla.v1 import service_pb2 as sla_pb2
from relaydesk.sla.v1 import timers_pb2
from relaydesk.sla.v1.service_pb2_grpc import SlaServiceStub
from relaydesk.sla.v1.timers_pb2_grpc import TimersServiceStub
from relaydesk.tickets.v1 import accounts_pb2, service_pb2, ticket_pb2
from services.rules import __main__ as rules_main
from services.rules.config import Settings as RulesSettings
from services.sla import __main__ as sla_main
from services.sla.config import Settings as SlaSettings
from tests.integration.service_desk import ServiceDesk, common
from tests.integration.tickets_desk import Client, TicketsDesk, received
from tests.waiting import wait_until


@pytest.fixture
def tickets(vhost: str, mongo_url: str, database_prefix: str) -> Iterator[TicketsDesk]:
    desk = TicketsDesk(vhost, mongo_url, database_prefix)
    desk.role("listen")
    yield desk
    desk.stop()


@pytest.fixture
def client(tickets: TicketsDesk) -> Client:
    return tickets.serve()


@pytest.fixture
def rules(vhost: str, mongo_url: str, database_prefix: str, client: Client) -> Iterator[RulesServiceStub]:
    address = f"127.0.0.1:{client.port}"
    settings = RulesSettings(
        **common(vhost, mongo_url, database_prefix), tickets_address=address, sla_address="127.0.0.1:1"
    )
    desk = ServiceDesk(rules_main, "rules", settings)
    desk.role("listen")
    yield RulesServiceStub(desk.serve())
    desk.stop()


@pytest.fixture
def clocks(vhost: str, mongo_url: str, database_prefix: str, client: Client) -> Iterator[ServiceDesk]:
    settings = SlaSettings(
        **common(vhost, mongo_url, database_prefix),
        linger=timedelta(milliseconds=20),
        tickets_address=f"127.0.0.1:{client.port}",
    )
    desk = ServiceDesk(sla_main, "sla", settings)
    desk.role("listen")
    yield desk
    desk.stop()


@pytest.fixture
def clocks_channel(clocks: ServiceDesk) -> grpc.Channel:
    return clocks.serve()


@pytest.fixture
def sla(clocks_channel: grpc.Channel) -> SlaServiceStub:
    return SlaServiceStub(clocks_channel)


@pytest.fixture
def timers(clocks_channel: grpc.Channel) -> TimersServiceStub:
    return TimersServiceStub(clocks_channel)


def a_ticket(client: Client) -> ticket_pb2.Ticket | None:
    found = client.ask("ListTickets", service_pb2.ListTicketsRequest()).tickets
    return found[0] if found else None


def test_a_mail_is_routed_answered_and_watched(
    tickets: TicketsDesk, client: Client, rules: RulesServiceStub, sla: SlaServiceStub
) -> None:
    group = accounts_pb2.Group(name="Claims")
    claims = client.ask("SaveGroup", accounts_pb2.SaveGroupRequest(group=group)).group.id
    sla.SavePolicy(
        sla_pb2.SavePolicyRequest(
            policy=sla_pb2.Policy(
                id="gold",
                name="Gold",
                targets=[
                    sla_pb2.PolicyTarget(name="first_reply", within_seconds=3_600),
                    sla_pb2.PolicyTarget(name="resolution", within_seconds=7_200),
                ],
            )
        )
    )
    rule = rules_pb2.Rule(
        name="Claims", enabled=True, events=["ticket_opened", "ticket_changed"], condition=contains("claim")
    )
    for kind, params in {
        "set_group": {"group": claims},
        "set_priority": {"priority": "urgent"},
        "add_tag": {"tag": "Claim/damaged"},
        "set_sla_policy": {"policy": "gold"},
        "reply": {"text": "We look into #{{ ticket.number }}."},
    }.items():
        rule.actions.add(kind=kind).params.update(params)
    kept = rules.SaveRule(rules_pb2.SaveRuleRequest(rule=rule)).rule

    tickets.publish(received("1" * 32, subject="A claim: broken"))
    ticket = wait_until(
        lambda: found if (found := a_ticket(client)) and found.group and found.message_count == 2 else None
    )
    assert ticket is not None
    assert (ticket.group, ticket.priority, list(ticket.tags), ticket.sla_policy) == (
        claims,
        "urgent",
        ["claim/damaged"],
        "gold",
    )
    wait_until(
        lambda: client.ask("GetTicket", service_pb2.GetTicketRequest(id=ticket.id)).ticket.clock.target
    )
    messages = client.ask("ListMessages", service_pb2.ListMessagesRequest(ticket_id=ticket.id)).messages
    assert (messages[1].text, messages[1].is_automatic, messages[1].author.name) == (
        f"We look into #{ticket.number}.",
        True,
        "Claims",
    )
    log = client.ask("ListChanges", service_pb2.ListChangesRequest(ticket_id=ticket.id)).changes
    assert {change.actor.id for change in log if change.version > 1} == {kept.id}
    assert len({change.chain_id for change in log}) == 1

    def outcomes() -> list[rules_pb2.Explanation]:
        request = rules_pb2.ExplainEventRequest(ticket_id=ticket.id)
        return list(rules.ExplainEvent(request).explanations)

    # The opening, and what the rule changed, which it hears and does not answer to.
    wait_until(lambda: len(outcomes()) == 2, describe=outcomes)
    opening = next(one for one in outcomes() if one.event_id.endswith(":1:0"))
    assert (opening.outcomes[0].outcome, opening.outcomes[0].result) == ("matched", "done; done")
    echo = next(one for one in outcomes() if not one.event_id.endswith(":1:0"))
    assert (echo.outcomes[0].reason, echo.depth) == ("already_ran", opening.depth + 1)

    client.as_role("admin").ask(
        "AddMessage", service_pb2.AddMessageRequest(ticket_id=ticket.id, text="Sorry!", status="pending")
    )
    clock = wait_until(
        lambda: (
            found
            if (
                found := client.ask("GetTicket", service_pb2.GetTicketRequest(id=ticket.id)).ticket.clock
            ).is_paused
            else None
        )
    )
    assert clock is not None
    assert clock.target == "resolution"
    (states,) = sla.GetClocks(sla_pb2.GetClocksRequest(ticket_ids=[ticket.id])).clocks
    assert (states.policy_name, [(s.name, s.state) for s in states.targets]) == (
        "Gold",
        [("first_reply", "met"), ("resolution", "paused")],
    )


def contains(word: str) -> rules_pb2.Condition:
    return rules_pb2.Condition(test=rules_pb2.Test(field="subject", operator="contains", values=[word]))


def tagging(name: str, event: str, field: str, value: str) -> rules_pb2.Rule:
    """A rule that adds its name as a tag."""
    test = rules_pb2.Test(field=field, operator="is", values=[value])
    rule = rules_pb2.Rule(name=name, enabled=True, events=[event], condition=rules_pb2.Condition(test=test))
    rule.actions.add(kind="add_tag").params.update({"tag": name})
    return rule


def test_rules_hear_warnings_breaches_and_timers(
    tickets: TicketsDesk,
    client: Client,
    rules: RulesServiceStub,
    clocks: ServiceDesk,
    sla: SlaServiceStub,
    timers: TimersServiceStub,
) -> None:
    clocks.role("work")
    line = sla_pb2.PolicyTarget(
        name="resolution", within_seconds=4, warn_before_seconds=2, also_warn_before_seconds=[3]
    )
    policy = sla_pb2.Policy(id="hasty", name="Hasty", targets=[line])
    sla.SavePolicy(sla_pb2.SavePolicyRequest(policy=policy))
    for rule in (
        tagging("missed", "target_breached", "target", "resolution"),
        tagging("at-risk", "target_warned", "target", "resolution"),
        tagging("rung", "timer_fired", "timer", "reminders:call-back"),
        tagging("elsewhere", "timer_fired", "timer", "reminders:another"),
    ):
        rules.SaveRule(rules_pb2.SaveRuleRequest(rule=rule))
    tickets.publish(received("2" * 32, subject="Where is it?"))
    ticket = wait_until(lambda: a_ticket(client), describe="the ticket")
    assert ticket is not None
    timer = timers_pb2.Timer(owner="reminders", key="call-back", epoch=1, ticket_id=ticket.id, lane="email")
    timer.due_at.GetCurrentTime()
    timers.ArmTimers(timers_pb2.ArmTimersRequest(timers=[timer]))

    def tags() -> list[str]:
        return list(client.ask("GetTicket", service_pb2.GetTicketRequest(id=ticket.id)).ticket.tags)

    wait_until(lambda: tags() == ["at-risk", "missed", "rung"], describe=tags)

    def told() -> set[str]:
        request = rules_pb2.ExplainEventRequest(ticket_id=ticket.id)
        return {one.event_id.split(":", 1)[1] for one in rules.ExplainEvent(request).explanations}

    # What tickets did is seen before rules has committed that it was asked for.
    wanted = {
        "resolution:1:3:warned",
        "resolution:1:2:warned",
        "resolution:1:breached",
        "timer:reminders:call-back:1",
    }
    wait_until(lambda: told() >= wanted, describe=told)
