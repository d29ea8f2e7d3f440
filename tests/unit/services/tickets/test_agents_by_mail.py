"""An agent who answers by mail: O4."""

from dataclasses import replace
from typing import Any

import pytest

from services.tickets.domain.commands import AddMessage, UpdateTicket
from services.tickets.domain.events import MessageAdded
from services.tickets.domain.message import Attachment
from services.tickets.domain.people import AGENT, Actor, Agent
from tests.builders import a_message
from tests.fakes.tickets import MemoryPorts

KATE = Actor(AGENT, "kate", "Kate Stone")


@pytest.fixture
def ticket_id(desk: MemoryPorts) -> str:
    """Ana's, with Bo in copy and an answer of ours."""
    desk.run(a_message(message_id="<1@x>", cc=("bo@example.org",)))
    ticket_id = desk.only_ticket().ticket_id
    desk.run(AddMessage(KATE, ticket_id, "We look into it.", status="pending"))
    return ticket_id


def _mail_of_kate(
    desk: MemoryPorts, ticket_id: str, text: str = "It is on its way.", **more: Any
) -> MessageAdded:
    told = {"proven": (ticket_id,), "sender": "kate@demo.example", "flags": ("author_proven",), **more}
    desk.run(a_message(text, **told))
    return desk.added()[-1]


def test_an_agent_who_is_proven_answers_in_public(desk: MemoryPorts, ticket_id: str) -> None:
    fact = _mail_of_kate(desk, ticket_id)
    assert (fact.message.visibility, fact.actor.actor_id, fact.message.delivery_state) == (
        "public",
        "kate",
        "queued",
    )
    assert fact.reply is not None
    assert (fact.reply.to, fact.reply.cc) == (("ana@example.org",), ("bo@example.org",))
    assert fact.message.intake_id
    assert desk.only_ticket().last_agent_message_at == fact.message.created_at


def test_what_the_agents_mail_quotes_does_not_leave(desk: MemoryPorts, ticket_id: str) -> None:
    files = (Attachment("f1", "offer.pdf"), Attachment("f2", "logo.png", is_inline=True))
    text = "Yes.\n\n> an internal word"
    fact = _mail_of_kate(desk, ticket_id, text, said="Yes.", html="<p>all</p>", attachments=files)
    assert (fact.message.text, fact.message.html, fact.message.said) == ("Yes.", "", "")
    assert [file.name for file in fact.message.attachments] == ["offer.pdf"]


def test_who_got_the_agents_mail_directly_does_not_get_it_twice(desk: MemoryPorts, ticket_id: str) -> None:
    fact = _mail_of_kate(desk, ticket_id, to=("ana@example.org", "support@demo.example"))
    assert fact.reply is not None
    assert (fact.reply.to, fact.reply.cc) == (("bo@example.org",), ())
    fact = _mail_of_kate(desk, ticket_id, to=("ana@example.org",), cc=("bo@example.org",))
    assert (fact.reply, fact.message.visibility, fact.message.delivery_state) == (None, "public", "")


def test_the_agents_mail_heard_again_is_a_duplicate(desk: MemoryPorts, ticket_id: str) -> None:
    for _ in range(2):
        _mail_of_kate(desk, ticket_id, message_id="<k@demo.example>", content="same")
    assert [fact.reason for fact in desk.ignored] == ["duplicate"]


@pytest.mark.parametrize(
    "more",
    [
        {"flags": ()},
        # Somebody else's id: the agent may be sending the customer's mail on.
        {"proven": (), "in_reply_to": "<1@x>"},
        {"subject": "Fwd: Parcel"},
        {"is_truncated": True},
        {"text": " \n"},
    ],
)
def test_an_agents_mail_is_a_note_where_anything_is_missing(
    desk: MemoryPorts, ticket_id: str, more: dict[str, Any]
) -> None:
    fact = _mail_of_kate(desk, ticket_id, **more)
    assert (fact.message.visibility, fact.reply) == ("internal", None)
    assert "unverified_agent" in fact.message.flags


@pytest.mark.parametrize("flags", [("own_address",), ()])
def test_a_colleagues_mail_into_a_closed_thread_is_a_note_there(
    desk: MemoryPorts, ticket_id: str, flags: tuple[str, ...]
) -> None:
    desk.run(UpdateTicket(KATE, ticket_id, values={"status": "closed"}))
    _mail_of_kate(desk, ticket_id, flags=flags)
    ticket = desk.only_ticket()
    assert (ticket.status, desk.added()[-1].message.visibility) == ("closed", "internal")


def test_who_may_only_read_answers_nobody_by_mail(desk: MemoryPorts, ticket_id: str) -> None:
    desk.directory.agents["kate"] = replace(_kate(desk), role="read_only")
    assert _mail_of_kate(desk, ticket_id).message.visibility == "internal"


def test_a_machine_in_an_agents_name_is_ignored_whatever_is_proven(desk: MemoryPorts, ticket_id: str) -> None:
    _mail_of_kate(desk, ticket_id, is_automatic=True)
    assert [fact.reason for fact in desk.ignored] == ["automatic_mail_of_an_agent"]


def _kate(desk: MemoryPorts) -> Agent:
    return desk.directory.agents["kate"]
