"""Colleagues are told by mail: a timer's moment comes, a rule hears it, and those whom it names get a mail."""

import uuid
from email.message import EmailMessage
from email.utils import getaddresses
from typing import Any

import grpc

from relaydesk.rules.v1 import service_pb2 as rules_pb2
from relaydesk.sla.v1 import timers_pb2
from relaydesk.sla.v1.timers_pb2_grpc import TimersServiceStub
from relaydesk.tickets.v1 import accounts_pb2
from tests.e2e.letters import letter, messages_of, send, ticket_of
from tests.e2e.relaydesk import relaydesk
from tests.e2e.system import System
from tests.waiting import wait_until


def test_a_timer_leads_to_a_mail_for_the_agent_and_the_groups_manager(system: System) -> None:
    name = uuid.uuid4().hex[:8]
    ask: dict[str, Any] = {"metadata": system.metadata, "timeout": 10}
    group = relaydesk(system, "group", "add", f"Escalated {name}", "--manager", "rafael").strip()
    (kept,) = (
        one
        for one in system.accounts.ListGroups(accounts_pb2.ListGroupsRequest(), **ask).groups
        if one.id == group
    )
    assert kept.manager == "rafael"
    test = rules_pb2.Test(field="timer", operator="is", values=[f"test:{name}"])
    rule = rules_pb2.Rule(
        name=name, enabled=True, events=["timer_fired"], condition=rules_pb2.Condition(test=test)
    )
    # In one commit: the notice goes to whom the steps before it have named.
    for kind, params in {
        "set_group": {"group": group},
        "set_agent": {"agent": "kate"},
        "notify": {"to": "agent, manager", "text": f"Look at it, {name}."},
    }.items():
        rule.actions.add(kind=kind).params.update(params)
    system.rules.SaveRule(rules_pb2.SaveRuleRequest(rule=rule), **ask)

    mail = letter(f"Nothing happens {name}", sender="Ana <ana@notices.example>")
    send(system, mail)
    ticket = ticket_of(system, str(mail["Subject"]))
    timer = timers_pb2.Timer(owner="test", key=name, epoch=1, ticket_id=ticket.id, lane="email")
    timer.due_at.GetCurrentTime()
    with grpc.insecure_channel(system.endpoints.sla_address) as channel:
        TimersServiceStub(channel).ArmTimers(timers_pb2.ArmTimersRequest(timers=[timer]), **ask)

    def mails() -> list[EmailMessage]:
        return [sunk.message for sunk in system.sink.mails() if f"Look at it, {name}." in sunk.text]

    # One for each of them, by the mailbox that the ticket came by, and no word to the requester.
    wait_until(lambda: len(mails()) == 2, timeout=60, describe=lambda: [str(one["To"]) for one in mails()])
    told = ["kate@demo.example", "rafael@demo.example"]
    for one in mails():
        assert sorted(address for _, address in getaddresses([str(one["To"])])) == told
        assert (one["Cc"], one["In-Reply-To"], one["Subject"]) == (
            None,
            None,
            f"#{ticket.number} Nothing happens {name}",
        )
        assert one["Auto-Submitted"] == "auto-replied"
    wait_until(lambda: messages_of(system, ticket)[-1].delivery_state == "sent", timeout=60)
    note = messages_of(system, ticket)[-1]
    assert (note.visibility, sorted(note.to)) == ("internal", told)
