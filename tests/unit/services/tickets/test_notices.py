"""Colleagues are told of a ticket by a note that is mailed to them, and what they answer stays inside."""

from dataclasses import replace

import pytest

from services.tickets.domain.commands import ApplySteps, Notify, RecordDelivery, StepsOutcome, UpdateTicket
from services.tickets.domain.events import MessageAdded
from services.tickets.domain.people import AGENT, RULE, Actor, Agent
from tests.builders import MONDAY, a_message
from tests.fakes.tickets import MemoryPorts

ESCALATION = Actor(RULE, "escalation", "Escalation")


@pytest.fixture
def ticket_id(desk: MemoryPorts) -> str:
    """Kate's, in the group claims, whose manager is Max; Rita works in the group, and Otto has left it."""
    people = desk.directory.agents
    people["kate"] = replace(people["kate"], groups=("claims",))
    people["rita"] = Agent("rita", "Rita", "rita@demo.example", "agent", ("claims",))
    people["otto"] = Agent("otto", "Otto", "otto@demo.example", "agent", ("claims",), is_deactivated=True)
    people["max"] = Agent("max", "Max", "max@demo.example", "admin")
    desk.directory.managers["claims"] = "max"
    desk.run(a_message(message_id="<1@x>"))
    ticket_id = desk.only_ticket().ticket_id
    desk.run(UpdateTicket(Actor(AGENT, "kate"), ticket_id, values={"group": "claims", "agent": "kate"}))
    return ticket_id


def told(desk: MemoryPorts, ticket_id: str, *to: str) -> MessageAdded:
    outcome = desk.run(ApplySteps(ESCALATION, ticket_id, (Notify(to, "First reply is late."),)))
    assert isinstance(outcome, StepsOutcome)
    assert outcome.outcome == "done", outcome.reason
    return desk.added()[-1]


@pytest.mark.parametrize(
    ("to", "addresses"),
    [
        (("agent",), ("kate@demo.example",)),
        (("group",), ("kate@demo.example", "rita@demo.example")),
        (("manager",), ("max@demo.example",)),
        (("manager", "agent", "group"), ("max@demo.example", "kate@demo.example", "rita@demo.example")),
    ],
)
def test_a_notice_goes_to_whom_it_names_each_once(
    desk: MemoryPorts, ticket_id: str, to: tuple[str, ...], addresses: tuple[str, ...]
) -> None:
    fact = told(desk, ticket_id, *to)
    assert fact.reply is not None
    assert (fact.reply.to, fact.reply.cc) == (addresses, ())
    assert (fact.message.visibility, fact.message.is_automatic, fact.message.delivery_state) == (
        "internal",
        True,
        "queued",
    )


def test_a_notice_stands_in_no_thread_of_the_requester_and_changes_nothing_else(
    desk: MemoryPorts, ticket_id: str
) -> None:
    before = desk.only_ticket()
    fact = told(desk, ticket_id, "agent")
    assert fact.reply is not None
    assert (fact.reply.in_reply_to, fact.reply.references) == ("", ())
    assert fact.reply.subject == f"#{before.number} Parcel"
    after = desk.only_ticket()
    assert (after.status, after.first_replied_at, after.preview) == (before.status, None, before.preview)


def test_where_nobody_is_to_be_told_there_is_only_the_note(desk: MemoryPorts, ticket_id: str) -> None:
    desk.directory.managers.clear()
    fact = told(desk, ticket_id, "manager")
    assert (fact.reply, fact.message.delivery_state, fact.message.text) == (None, "", "First reply is late.")


def test_whom_nobody_knows_is_refused(desk: MemoryPorts, ticket_id: str) -> None:
    for to in ((), ("everybody",)):
        outcome = desk.run(ApplySteps(ESCALATION, ticket_id, (Notify(to, "Late."),)))
        assert isinstance(outcome, StepsOutcome)
        assert (outcome.outcome, outcome.reason.split(":")[0]) == ("refused", "steps[0].to")


@pytest.mark.parametrize("by", ["in_reply_to", "references"])
def test_what_an_agent_answers_to_a_notice_stays_inside(desk: MemoryPorts, ticket_id: str, by: str) -> None:
    sent = told(desk, ticket_id, "agent").message
    desk.run(RecordDelivery("s1", ticket_id, sent.message_id, "sent", "", "<n@us>", MONDAY, 1))
    lead = {"in_reply_to": "<n@us>"} if by == "in_reply_to" else {"references": ("<n@us>", "<other@x>")}
    desk.run(
        a_message(
            "I am on it, he is a bore.",
            sender="kate@demo.example",
            proven=(ticket_id,),
            flags=("author_proven",),
            **lead,
        )
    )
    fact = desk.added()[-1]
    assert (fact.message.visibility, fact.message.author.actor_id, fact.reply) == ("internal", "kate", None)
