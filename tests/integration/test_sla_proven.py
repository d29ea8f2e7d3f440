"""The real tickets' log proves the clocks: whatever is done to tickets, the store has what is computed from it again."""

import random
from collections.abc import Callable
from typing import Any

import grpc
import pytest

from relaydesk.rules.v1 import service_pb2 as rules_pb2
from relaydesk.rules.v1.service_pb2_grpc import RulesServiceStub
from relaydesk.sla.v1 import insight_pb2, service_pb2
from relaydesk.sla.v1.insight_pb2_grpc import InsightServiceStub
from relaydesk.sla.v1.service_pb2_grpc import SlaServiceStub
from relaydesk.tickets.v1 import service_pb2 as tickets_pb2
from relaydesk.tickets.v1 import ticket_pb2
from services.sla.domain.counting import COUNTABLE
from services.sla.domain.policy import TARGETS
from tests.integration.service_desk import ServiceDesk
from tests.integration.test_rules_sla_tickets import client, clocks, clocks_channel, rules, sla, tickets
from tests.integration.tickets_desk import Client, TicketsDesk, received
from tests.waiting import wait_until

__all__ = ["client", "clocks", "clocks_channel", "rules", "sla", "tickets"]


@pytest.fixture
def insight(clocks_channel: grpc.Channel) -> InsightServiceStub:
    return InsightServiceStub(clocks_channel)


def promise(sla: SlaServiceStub, policy_id: str, position: int, **more: Any) -> None:
    """Every target there is, and whatever anybody writes counts."""
    targets = [
        service_pb2.PolicyTarget(name=name, within_seconds=3_600 + n) for n, name in enumerate(TARGETS)
    ]
    policy = service_pb2.Policy(
        id=policy_id, name=policy_id, position=position, targets=targets, counts=COUNTABLE, **more
    )
    sla.SavePolicy(service_pb2.SavePolicyRequest(policy=policy))


def verified(insight: InsightServiceStub) -> tuple[int, int, list[str]]:
    """How many were compared, how many are under way, and what differs."""
    request, checked, under_way, found = insight_pb2.VerifyClocksRequest(page_size=7), 0, 0, []
    while True:
        page = insight.VerifyClocks(request)
        checked += page.checked
        under_way += page.under_way
        found += [f"{one.ticket_number}: {reason}" for one in page.differences for reason in one.reasons]
        request.page_token = page.next_page_token
        if not request.page_token:
            return checked, under_way, found


def test_what_was_done_to_tickets_is_what_their_clocks_say(
    tickets: TicketsDesk,
    client: Client,
    rules: RulesServiceStub,
    clocks: ServiceDesk,
    sla: SlaServiceStub,
    insight: InsightServiceStub,
) -> None:
    vip = rules_pb2.Condition(test=rules_pb2.Test(field="tags", operator="contains", values=["vip"]))
    promise(sla, "vip", 1, condition=vip, pause_statuses=["pending", "on_hold"])
    promise(sla, "standard", 2)
    rule = rules_pb2.Rule(name="Confirm", enabled=True, events=["ticket_opened"])
    rule.actions.add(kind="reply").params.update({"text": "We have it."})
    rule.actions.add(kind="add_tag").params.update({"tag": "confirmed"})
    rules.SaveRule(rules_pb2.SaveRuleRequest(rule=rule))

    tickets.publish(
        *(received(f"{n:032x}", subject=f"Parcel {n}", sender=f"a{n}@shop.example") for n in range(12))
    )
    for n in range(6):
        request = tickets_pb2.CreateTicketRequest(
            idempotency_key=f"made-{n}", subject=f"Made {n}", text="Hello", tags=["vip"] if n % 2 else []
        )
        request.requester.email = f"b{n}@shop.example"
        request.fields["plan"] = "gold"
        client.ask("CreateTicket", request)

    def listed() -> list[ticket_pb2.Ticket]:
        return list(client.ask("ListTickets", tickets_pb2.ListTicketsRequest(page_size=200)).tickets)

    wait_until(lambda: len(listed()) == 18)
    chance = random.Random(7)
    for step in range(120):
        ticket = chance.choice(listed())
        chance.choice(DEEDS)(client, ticket, chance, f"step-{step}")

    def settled() -> bool:
        rows = {row["_id"]: row for row in clocks.database["clocks"].find({}, {"seen_to": 1, "ahead": 1})}
        return all(ticket.id in rows and rows[ticket.id]["seen_to"] == ticket.version for ticket in listed())

    wait_until(settled, timeout=60, describe="every fact in its clock")
    assert verified(insight) == (18, 0, [])
    # Something was counted: the deeds were not all of one kind.
    states = {
        (target.name, target.state)
        for clock in sla.GetClocks(
            service_pb2.GetClocksRequest(ticket_ids=[ticket.id for ticket in listed()])
        ).clocks
        for target in clock.targets
    }
    assert {"running", "met", "cancelled"} <= {state for _, state in states}
    assert {name for name, _ in states} == set(TARGETS)


def _write(client: Client, ticket: ticket_pb2.Ticket, chance: random.Random, key: str) -> None:
    request = tickets_pb2.AddMessageRequest(
        idempotency_key=key,
        ticket_id=ticket.id,
        text="So it is.",
        visibility=chance.choice(["public", "public", "internal"]),
        status=chance.choice(["", "pending", "solved"]),
    )
    if chance.random() < 0.4:
        request.as_requester, request.visibility, request.status = True, "public", ""
    client.ask("AddMessage", request)


def _change(client: Client, ticket: ticket_pb2.Ticket, chance: random.Random, key: str) -> None:
    changed = ticket_pb2.Ticket(id=ticket.id)
    field = chance.choice(["status", "priority", "tags", "fields", "subject"])
    if field == "tags":
        changed.tags.extend(chance.choice([[], ["vip"], ["late", "vip"]]))
    elif field == "fields":
        changed.fields["plan"] = chance.choice(["gold", "silver", ""])
    else:
        values = {
            "status": ["open", "pending", "on_hold", "solved", "spam"],
            "priority": ["low", "urgent"],
            "subject": ["Another", "Once more"],
        }
        setattr(changed, field, chance.choice(values[field]))
    request = tickets_pb2.UpdateTicketRequest(idempotency_key=key, ticket=changed)
    request.update_mask.paths.append(field)
    client.ask("UpdateTicket", request)


def _bot(client: Client, ticket: ticket_pb2.Ticket, chance: random.Random, key: str) -> None:
    command = tickets_pb2.TicketCommand(idempotency_key=key, ticket_id=ticket.id)
    command.actor.kind = chance.choice(["api", "rule"])
    command.steps.add().add_entry.CopyFrom(
        tickets_pb2.AddEntry(visibility="public", text="A machine says hello.", is_automatic=True)
    )
    client.ask("ApplyCommands", tickets_pb2.ApplyCommandsRequest(commands=[command]))


Deed = Callable[[Client, ticket_pb2.Ticket, random.Random, str], None]
DEEDS: tuple[Deed, ...] = (_write, _write, _change, _change, _bot)
