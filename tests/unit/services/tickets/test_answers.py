"""What agents, other systems and rules do to a ticket."""

from datetime import timedelta

import pytest

from chassis.errors import Conflict, InvalidField, InvalidFields, NotFound
from services.tickets.domain.commands import (
    AddEntry,
    AddMessage,
    AddTag,
    ApplySteps,
    CreateTicket,
    RemoveTag,
    Sender,
    SetField,
    StepsOutcome,
    UpdateTicket,
)
from services.tickets.domain.events import MessageAdded, TicketChanged, TicketOpened
from services.tickets.domain.people import AGENT, API, RULE, Actor
from services.tickets.domain.ticket import Ticket
from tests.builders import a_message
from tests.fakes.tickets import MemoryPorts

KATE = Actor(AGENT, "kate", "Kate Stone")
SHOP = Actor(API, "t1", "shop")
MONEY = Actor(RULE, "r1", "Money first")


@pytest.fixture
def ticket(desk: MemoryPorts) -> Ticket:
    """A ticket of Ana's, from the mailbox support."""
    desk.run(a_message(message_id="<1@x>"))
    return desk.only_ticket()


def _steps(desk: MemoryPorts, *steps: object, expected: int = 0) -> StepsOutcome:
    command = ApplySteps(MONEY, desk.opened()[0].ticket_id, steps, expected)  # type: ignore[arg-type]
    outcome = desk.run(command)
    assert isinstance(outcome, StepsOutcome)
    return outcome


# -------------------------------------------------------------------------------------------------------------- answers


def test_the_first_public_answer_ends_the_first_wait_and_makes_a_new_ticket_open(
    desk: MemoryPorts, ticket: Ticket
) -> None:
    desk.now += timedelta(minutes=5)
    desk.run(AddMessage(KATE, ticket.ticket_id, "It is on its way."))
    answered = desk.only_ticket()
    assert (answered.status, answered.first_replied_at, answered.version) == ("open", desk.now, 2)
    assert answered.last_agent_message_at == desk.now


def test_a_second_answer_leaves_the_first_replys_moment(desk: MemoryPorts, ticket: Ticket) -> None:
    desk.run(AddMessage(KATE, ticket.ticket_id, "one"))
    first = desk.only_ticket().first_replied_at
    desk.now += timedelta(minutes=5)
    desk.run(AddMessage(KATE, ticket.ticket_id, "two"))
    assert desk.only_ticket().first_replied_at == first


def test_an_answer_keeps_the_subject_that_the_requester_knows_whatever_the_ticket_is_called_since(
    desk: MemoryPorts, ticket: Ticket
) -> None:
    for name in ("Parcel 7", "Parcel 8"):
        desk.run(UpdateTicket(KATE, ticket.ticket_id, values={"subject": name}))
    desk.run(AddMessage(KATE, ticket.ticket_id, "It is on its way."))
    (fact,) = desk.added()
    assert fact.reply is not None
    assert (fact.ticket.subject, fact.reply.subject) == ("Parcel 8", f"Re: {ticket.subject}")


def test_an_answer_waits_to_be_sent_and_says_where_to(desk: MemoryPorts, ticket: Ticket) -> None:
    desk.run(AddMessage(KATE, ticket.ticket_id, "It is on its way."))
    (fact,) = desk.added()
    assert fact.message.delivery_state == "queued"
    assert fact.reply is not None
    assert (fact.reply.channel, fact.reply.to, fact.reply.subject) == (
        "support",
        ("ana@example.org",),
        "Re: Parcel",
    )
    assert (fact.reply.in_reply_to, fact.reply.references) == ("<1@x>", ("<1@x>",))


def test_an_answer_goes_to_all_who_take_part_but_never_to_our_mailbox(desk: MemoryPorts) -> None:
    desk.run(a_message(cc=("bo@example.org", "Support@demo.example")))
    desk.run(AddMessage(KATE, desk.only_ticket().ticket_id, "Hello both."))
    reply = desk.added()[0].reply
    assert reply is not None
    assert reply.cc == ("bo@example.org",)


def test_an_answer_on_a_ticket_without_channel_is_read_where_it_stands(desk: MemoryPorts) -> None:
    desk.run(CreateTicket(SHOP, Sender(email="ana@example.org"), "Parcel", "Where is it?"))
    desk.run(AddMessage(KATE, desk.only_ticket().ticket_id, "On its way."))
    (fact,) = desk.added()
    assert (fact.reply, fact.message.delivery_state) == (None, "")


def test_a_note_is_internal_and_answers_nobody(desk: MemoryPorts, ticket: Ticket) -> None:
    desk.run(AddMessage(KATE, ticket.ticket_id, "Check with the depot.", visibility="internal"))
    noted = desk.only_ticket()
    assert (noted.status, noted.first_replied_at, noted.preview) == ("new", None, ticket.preview)
    assert desk.added()[0].reply is None


def test_an_answer_can_set_the_status_in_the_same_version(desk: MemoryPorts, ticket: Ticket) -> None:
    desk.run(AddMessage(KATE, ticket.ticket_id, "Which address?", status="pending"))
    (fact,) = desk.added()
    assert [(change.old, change.new) for change in fact.changes] == [("new", "pending")]
    assert fact.ticket.version == 2


def test_a_system_can_bring_the_requesters_words(desk: MemoryPorts, ticket: Ticket) -> None:
    desk.run(UpdateTicket(KATE, ticket.ticket_id, values={"status": "pending"}))
    desk.run(AddMessage(SHOP, ticket.ticket_id, "It came.", is_from_requester=True))
    assert desk.only_ticket().status == "open"
    assert desk.added()[0].message.author.kind == "requester"


def test_the_requesters_words_on_a_closed_ticket_open_the_next(desk: MemoryPorts, ticket: Ticket) -> None:
    desk.run(UpdateTicket(KATE, ticket.ticket_id, values={"status": "closed"}))
    desk.run(AddMessage(SHOP, ticket.ticket_id, "Broken.", is_from_requester=True))
    assert desk.opened()[1].fields == {"follows": str(ticket.number)}


def test_an_empty_answer_is_refused_by_its_field(desk: MemoryPorts, ticket: Ticket) -> None:
    with pytest.raises(InvalidField) as refusal:
        desk.run(AddMessage(KATE, ticket.ticket_id, " \n"))
    assert refusal.value.field == "text"


def test_a_text_of_more_than_64_k_characters_is_refused(desk: MemoryPorts, ticket: Ticket) -> None:
    with pytest.raises(InvalidField, match="at most 65536 characters"):
        desk.run(AddMessage(KATE, ticket.ticket_id, "x" * 65_537))


# ------------------------------------------------------------------------------------------------------------- changes


def test_what_does_not_change_makes_no_version(desk: MemoryPorts, ticket: Ticket) -> None:
    desk.run(UpdateTicket(KATE, ticket.ticket_id, values={"status": "new"}, tags=()))
    assert desk.only_ticket().version == 1


def test_a_change_names_each_field_with_its_old_and_new_value(desk: MemoryPorts, ticket: Ticket) -> None:
    desk.run(
        UpdateTicket(KATE, ticket.ticket_id, values={"group": "money"}, tags=("Refund ", "a/b", "refund"))
    )
    fact = desk.tickets.facts[-1]
    assert isinstance(fact, TicketChanged)
    assert [(c.field, c.old, c.new) for c in fact.changes] == [
        ("group", "", "money"),
        ("tags", "", "a/b,refund"),
    ]


def test_a_ticket_that_moved_on_is_a_conflict(desk: MemoryPorts, ticket: Ticket) -> None:
    desk.run(UpdateTicket(KATE, ticket.ticket_id, values={"priority": "high"}))
    with pytest.raises(Conflict, match="version 2, not 1"):
        desk.run(UpdateTicket(KATE, ticket.ticket_id, expected_version=1, values={"priority": "low"}))


def test_a_ticket_that_is_not_there_is_not_found(desk: MemoryPorts) -> None:
    with pytest.raises(NotFound):
        desk.run(UpdateTicket(KATE, "nowhere", values={"priority": "low"}))


def test_all_mistakes_of_a_request_are_told_at_once(desk: MemoryPorts, ticket: Ticket) -> None:
    with pytest.raises(InvalidFields) as refusal:
        desk.run(
            UpdateTicket(
                KATE, ticket.ticket_id, values={"group": "nobody", "status": "gone"}, tags=("two words",)
            )
        )
    assert [field.field for field in refusal.value.fields] == ["group", "status", "tags"]


def test_fields_of_the_form_are_taken_as_a_whole(desk: MemoryPorts) -> None:
    desk.run(a_message(fields={"order": "A-17", "size": "L"}))
    desk.run(UpdateTicket(KATE, desk.only_ticket().ticket_id, fields={"order": "A-18"}))
    assert desk.only_ticket().fields == {"order": "A-18"}


def test_a_solved_ticket_that_is_closed_keeps_when_it_was_solved(desk: MemoryPorts, ticket: Ticket) -> None:
    desk.run(UpdateTicket(KATE, ticket.ticket_id, values={"status": "solved"}))
    solved_at = desk.now
    desk.now += timedelta(days=4)
    desk.run(UpdateTicket(KATE, ticket.ticket_id, values={"status": "closed"}))
    closed = desk.only_ticket()
    assert (closed.solved_at, closed.closed_at) == (solved_at, desk.now)


def test_another_system_opens_a_ticket_in_the_requesters_name(desk: MemoryPorts) -> None:
    opened = desk.run(
        CreateTicket(SHOP, Sender(name="Ana", email="Ana@Example.org"), "Parcel", "Where?", tags=("b", "a"))
    )
    assert isinstance(opened, Ticket)
    assert (opened.requester.email, opened.tags, opened.lane) == ("ana@example.org", ("a", "b"), "api")
    fact = desk.tickets.facts[0]
    assert isinstance(fact, TicketOpened)
    assert (fact.actor.kind, fact.message.author.kind) == ("api", "requester")


def test_a_ticket_of_nobody_is_refused(desk: MemoryPorts) -> None:
    with pytest.raises(InvalidField) as refusal:
        desk.run(CreateTicket(SHOP, Sender(name="Ana"), "Parcel", "Where?"))
    assert refusal.value.field == "requester"


# --------------------------------------------------------------------------------------------------------------- steps


def test_the_steps_of_a_rule_are_one_version_with_its_facts_in_order(
    desk: MemoryPorts, ticket: Ticket
) -> None:
    outcome = _steps(
        desk, SetField("group", "money"), AddEntry("internal", "Looks like money."), AddTag("payment/refund")
    )
    assert outcome == StepsOutcome("done", 2)
    changed, noted = desk.tickets.facts[1:]
    assert isinstance(changed, TicketChanged)
    assert [change.field for change in changed.changes] == ["group", "tags"]
    assert isinstance(noted, MessageAdded)
    assert changed.ticket.version == noted.ticket.version == 2


def test_one_wrong_step_refuses_them_all(desk: MemoryPorts, ticket: Ticket) -> None:
    outcome = _steps(desk, SetField("priority", "high"), SetField("group", "nobody"))
    assert outcome.outcome == "refused"
    assert outcome.reason.startswith("group: expected the id of a group")
    assert desk.only_ticket().priority == "medium"


def test_steps_that_change_nothing_are_unchanged(desk: MemoryPorts, ticket: Ticket) -> None:
    assert _steps(desk, SetField("priority", "medium"), RemoveTag("x")) == StepsOutcome("unchanged", 1)


def test_there_and_back_is_unchanged(desk: MemoryPorts, ticket: Ticket) -> None:
    assert _steps(desk, AddTag("x"), RemoveTag("x")).outcome == "unchanged"


def test_taking_a_subtree_off_takes_all_below_it(desk: MemoryPorts, ticket: Ticket) -> None:
    _steps(desk, AddTag("payment"), AddTag("payment/refund"), AddTag("payments"))
    _steps(desk, RemoveTag("payment/*"))
    assert desk.only_ticket().tags == ("payments",)


def test_an_unknown_field_is_refused(desk: MemoryPorts, ticket: Ticket) -> None:
    assert "steps[0].field" in _steps(desk, SetField("version", "9")).reason


def test_a_step_on_a_ticket_that_moved_on_is_refused(desk: MemoryPorts, ticket: Ticket) -> None:
    _steps(desk, AddTag("x"))
    assert _steps(desk, AddTag("y"), expected=1).outcome == "refused"


def test_an_automatic_answer_is_no_first_reply_and_opens_nothing(desk: MemoryPorts, ticket: Ticket) -> None:
    _steps(desk, AddEntry("public", "We have your message.", is_automatic=True))
    told = desk.only_ticket()
    assert (told.first_replied_at, told.status) == (None, "new")
    reply = desk.added()[0].reply
    assert reply is not None
    assert reply.to == ("ana@example.org",)


def test_an_automatic_answer_never_goes_to_those_in_copy(desk: MemoryPorts) -> None:
    desk.run(a_message(cc=("list@example.org",)))
    _steps(desk, AddEntry("public", "We have your message.", is_automatic=True))
    reply = desk.added()[0].reply
    assert reply is not None
    assert reply.cc == ()


def test_automatic_mail_gets_no_automatic_answer(desk: MemoryPorts) -> None:
    desk.run(a_message(is_automatic=True))
    outcome = _steps(desk, AddEntry("public", "We have your message.", is_automatic=True))
    assert outcome.reason == "no automatic answer to automatic mail"


@pytest.mark.parametrize("flag", ["suppress_answer", "own_address", "too_many_hops"])
def test_mail_that_wants_no_automatic_answer_gets_none(desk: MemoryPorts, flag: str) -> None:
    desk.run(a_message(flags=(flag,)))
    assert _steps(desk, AddEntry("public", "We have your message.", is_automatic=True)).outcome == "refused"


@pytest.mark.parametrize("sender", ["mailer-daemon@x.org", "noreply@shop.org", "no-reply+7@shop.org"])
def test_an_address_that_nobody_reads_gets_no_automatic_answer(desk: MemoryPorts, sender: str) -> None:
    desk.run(a_message(sender=sender))
    assert _steps(desk, AddEntry("public", "Hello", is_automatic=True)).outcome == "refused"


def test_our_own_mailbox_gets_no_automatic_answer(desk: MemoryPorts) -> None:
    desk.run(a_message(sender="support@demo.example"))
    assert _steps(desk, AddEntry("public", "Hello", is_automatic=True)).outcome == "refused"
