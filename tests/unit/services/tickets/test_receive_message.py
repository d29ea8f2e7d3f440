"""From a received message to its ticket: threading T1-T8, follow-ups F1-F7, loops and doubles."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.tickets.domain.commands import AddMessage, Sender, Thread, UpdateTicket
from services.tickets.domain.events import MessageAdded, TicketOpened
from services.tickets.domain.people import AGENT, Actor
from tests.builders import MONDAY, a_message
from tests.fakes.tickets import MemoryPorts

KATE = Actor(AGENT, "kate", "Kate Stone")
LATER = timedelta(hours=2)


def _set_status(desk: MemoryPorts, status: str) -> None:
    ticket = desk.opened()[0]
    desk.run(UpdateTicket(KATE, ticket.ticket_id, values={"status": status}))


def test_a_message_opens_a_ticket_that_is_new(desk: MemoryPorts) -> None:
    desk.run(a_message("Where is my parcel?\nIt is late.", message_id="<1@x>"))
    ticket = desk.only_ticket()
    assert (ticket.status, ticket.priority, ticket.version, ticket.message_count) == ("new", "medium", 1, 1)
    assert (ticket.subject, ticket.preview) == ("Parcel", "Where is my parcel? It is late.")
    assert (ticket.channel, ticket.lane, ticket.mailbox) == ("support", "email", "support@demo.example")
    assert ticket.requester.email == "ana@example.org"
    assert ticket.created_at == ticket.last_requester_message_at == MONDAY


def test_the_opening_fact_carries_the_intake_so_that_its_row_can_be_closed(desk: MemoryPorts) -> None:
    command = a_message()
    desk.run(command)
    (fact,) = desk.tickets.facts
    assert isinstance(fact, TicketOpened)
    assert fact.message.intake_id == command.intake_id


def test_a_message_without_subject_names_its_ticket_by_its_first_words(desk: MemoryPorts) -> None:
    desk.run(a_message("Hello there\n\nmy parcel", subject="  "))
    assert desk.only_ticket().subject == "Hello there my parcel"


def test_a_subject_of_a_thousand_letters_is_cut_for_the_ticket_and_kept_with_the_message(
    desk: MemoryPorts,
) -> None:
    desk.run(a_message(subject="x" * 1000))
    assert len(desk.only_ticket().subject) == 255
    (message,) = desk.tickets.messages.values()
    assert len(message.subject) == 1000


def test_the_same_person_writing_again_is_the_same_requester(desk: MemoryPorts) -> None:
    desk.run(a_message(sender="ana@example.org"))
    desk.run(a_message(sender="ana@example.org", subject="Another thing"))
    first, second = desk.opened()
    assert first.requester.requester_id == second.requester.requester_id


# ------------------------------------------------------------------------------------------------------------ threading


def test_a_proven_ticket_id_goes_before_every_message_id(desk: MemoryPorts) -> None:
    desk.run(a_message(message_id="<1@x>"))
    desk.run(a_message(message_id="<2@x>"))
    first, _ = desk.opened()
    desk.run(a_message(in_reply_to="<2@x>", proven=(first.ticket_id,)))
    assert desk.added()[0].ticket.ticket_id == first.ticket_id


def test_a_proof_of_a_ticket_that_is_gone_is_no_proof(desk: MemoryPorts) -> None:
    desk.run(a_message(proven=("0" * 32,)))
    assert desk.only_ticket().version == 1


def test_a_known_message_id_in_in_reply_to_finds_the_ticket(desk: MemoryPorts) -> None:
    desk.run(a_message(message_id="<1@x>"))
    desk.run(a_message(in_reply_to="<1@x>"))
    assert desk.only_ticket().message_count == 2


def test_references_alone_find_the_ticket(desk: MemoryPorts) -> None:
    desk.run(a_message(message_id="<1@x>"))
    desk.run(a_message(references=("<unknown@x>", "<1@x>", "<lost@x>")))
    assert desk.only_ticket().message_count == 2


def test_references_that_lead_to_two_tickets_join_the_newest_messages(desk: MemoryPorts) -> None:
    desk.run(a_message(message_id="<old@x>"))
    desk.run(a_message(message_id="<new@x>"))
    _, newer = desk.opened()
    desk.run(a_message(in_reply_to="<old@x>", references=("<new@x>", "<old@x>")))
    assert desk.added()[0].ticket.ticket_id == newer.ticket_id


def test_a_message_id_of_another_mailbox_opens_a_new_ticket(desk: MemoryPorts) -> None:
    desk.run(a_message(message_id="<1@x>"))
    desk.run(a_message(in_reply_to="<1@x>", channel="sales"))
    assert len(desk.opened()) == 2


def test_the_same_mail_to_two_mailboxes_is_a_ticket_in_each(desk: MemoryPorts) -> None:
    desk.run(a_message(message_id="<1@x>", content="same"))
    desk.run(a_message(message_id="<1@x>", content="same", channel="sales"))
    assert [ticket.channel for ticket in desk.opened()] == ["support", "sales"]


def test_an_answer_that_comes_before_what_it_answers_shares_its_ticket(desk: MemoryPorts) -> None:
    desk.run(a_message("the answer", message_id="<2@x>", in_reply_to="<1@x>"))
    desk.run(a_message("the question", message_id="<1@x>"))
    assert desk.only_ticket().message_count == 2


def test_two_answers_to_a_mail_that_never_came_share_a_ticket(desk: MemoryPorts) -> None:
    desk.run(a_message(message_id="<2@x>", references=("<1@x>",)))
    desk.run(a_message(message_id="<3@x>", references=("<1@x>",), sender="bo@example.org"))
    assert desk.only_ticket().message_count == 2


def test_the_same_subject_alone_never_joins(desk: MemoryPorts) -> None:
    desk.run(a_message(subject="Parcel"))
    desk.run(a_message(subject="Re: Parcel"))
    assert len(desk.opened()) == 2


def test_a_number_in_the_subject_joins_when_the_requester_writes_it(desk: MemoryPorts) -> None:
    desk.run(a_message())
    desk.run(a_message(numbers=(desk.only_ticket().number,)))
    assert desk.only_ticket().message_count == 2


def test_a_number_in_the_subject_joins_when_somebody_in_copy_writes_it(desk: MemoryPorts) -> None:
    desk.run(a_message(cc=("Bo@Example.org",)))
    desk.run(a_message(numbers=(desk.only_ticket().number,), sender="bo@example.org"))
    assert desk.only_ticket().message_count == 2


def test_a_number_guessed_by_a_stranger_opens_a_ticket_with_a_note_of_it(desk: MemoryPorts) -> None:
    desk.run(a_message())
    number = desk.only_ticket().number
    desk.run(a_message(numbers=(number,), sender="mallory@example.org"))
    hijacked, own = desk.opened()
    assert hijacked.message_count == 1
    assert (own.message_count, own.version) == (2, 1)
    (note,) = desk.added()
    assert note.message.visibility == "internal"
    assert f"#{number}" in note.message.text


def test_a_chat_is_one_ticket_by_its_conversation(desk: MemoryPorts) -> None:
    desk.run(a_message("hi", conversation="chat-7"))
    desk.run(a_message("are you there?", conversation="chat-7"))
    assert desk.only_ticket().message_count == 2


def test_a_chat_goes_on_in_a_new_ticket_once_its_ticket_is_closed(desk: MemoryPorts) -> None:
    desk.run(a_message("hi", conversation="chat-7"))
    _set_status(desk, "closed")
    desk.run(a_message("me again", conversation="chat-7"))
    desk.run(a_message("and again", conversation="chat-7"))
    old, new = desk.opened()
    assert (old.message_count, new.message_count) == (1, 2)
    assert new.fields["follows"] == str(old.number)


# ----------------------------------------------------------------------------------------------------------- follow-ups


@pytest.mark.parametrize("status", ["pending", "on_hold", "solved"])
def test_a_reply_reopens_what_waits_and_keeps_its_agent(desk: MemoryPorts, status: str) -> None:
    desk.run(a_message(message_id="<1@x>"))
    ticket_id = desk.only_ticket().ticket_id
    desk.run(UpdateTicket(KATE, ticket_id, values={"agent": "kate", "status": status}))
    desk.run(a_message(in_reply_to="<1@x>", after=LATER))
    ticket = desk.only_ticket()
    assert (ticket.status, ticket.agent) == ("open", "kate")
    (change,) = desk.added()[0].changes
    assert (change.field, change.old, change.new) == ("status", status, "open")


def test_a_reply_to_a_solved_ticket_counts_as_a_reopening_and_unsolves_it(desk: MemoryPorts) -> None:
    desk.run(a_message(message_id="<1@x>"))
    _set_status(desk, "solved")
    assert desk.only_ticket().solved_at is not None
    desk.run(a_message(in_reply_to="<1@x>"))
    ticket = desk.only_ticket()
    assert (ticket.reopen_count, ticket.solved_at) == (1, None)


@pytest.mark.parametrize("status", ["new", "open"])
def test_a_reply_to_what_does_not_wait_changes_no_status(desk: MemoryPorts, status: str) -> None:
    desk.run(a_message(message_id="<1@x>"))
    _set_status(desk, status)
    desk.run(a_message(in_reply_to="<1@x>"))
    assert desk.only_ticket().status == status


def test_a_reply_to_a_closed_ticket_opens_one_that_follows_it(desk: MemoryPorts) -> None:
    desk.run(a_message(message_id="<1@x>"))
    _set_status(desk, "closed")
    desk.run(a_message(in_reply_to="<1@x>"))
    old, new = desk.opened()
    assert (old.status, old.message_count) == ("closed", 1)
    assert (new.status, new.fields) == ("new", {"follows": str(old.number)})


def test_every_further_reply_to_the_closed_ticket_joins_the_one_that_follows_it(desk: MemoryPorts) -> None:
    desk.run(a_message(message_id="<1@x>"))
    _set_status(desk, "closed")
    desk.run(a_message(in_reply_to="<1@x>"))
    desk.run(a_message(proven=(desk.opened()[0].ticket_id,)))
    assert [ticket.message_count for ticket in desk.opened()] == [1, 2]


@pytest.mark.parametrize("status", ["pending", "on_hold", "solved", "closed"])
def test_automatic_mail_is_kept_and_never_reopens(desk: MemoryPorts, status: str) -> None:
    desk.run(a_message(message_id="<1@x>"))
    _set_status(desk, status)
    desk.run(a_message("I am away", in_reply_to="<1@x>", is_automatic=True))
    ticket = desk.only_ticket()
    assert (ticket.status, ticket.message_count) == (status, 2)
    assert desk.added()[0].message.is_automatic


def test_a_vacation_reply_joins_its_ticket_and_nobody_waits_for_an_answer_to_it(desk: MemoryPorts) -> None:
    desk.run(a_message(message_id="<1@x>"))
    desk.run(
        a_message(
            "I am away",
            in_reply_to="<1@x>",
            sender="robot@example.org",
            cc=("list@example.org",),
            is_automatic=True,
            after=timedelta(hours=1),
        )
    )
    ticket = desk.only_ticket()
    assert (ticket.message_count, ticket.last_requester_message_at, ticket.participants) == (2, MONDAY, ())


def test_a_third_persons_reply_is_added_and_the_requester_stays(desk: MemoryPorts) -> None:
    desk.run(a_message(message_id="<1@x>"))
    desk.run(a_message(in_reply_to="<1@x>", sender="bo@example.org"))
    ticket = desk.only_ticket()
    assert ticket.requester.email == "ana@example.org"
    assert desk.added()[0].message.author.name == "Bo"
    assert ticket.participants == ("bo@example.org",)


def test_an_agents_mail_into_a_thread_is_a_note_because_nothing_proves_it(desk: MemoryPorts) -> None:
    desk.run(a_message(message_id="<1@x>"))
    desk.run(a_message(in_reply_to="<1@x>", sender="kate@demo.example"))
    (fact,) = desk.added()
    assert (fact.message.visibility, fact.message.flags) == ("internal", ("unverified_agent",))
    assert fact.actor.actor_id == "kate"


def test_an_agent_who_is_the_requester_counts_as_one(desk: MemoryPorts) -> None:
    desk.run(a_message(message_id="<1@x>", sender="kate@demo.example"))
    _set_status(desk, "pending")
    desk.run(a_message(in_reply_to="<1@x>", sender="kate@demo.example"))
    assert desk.only_ticket().status == "open"
    assert desk.added()[0].message.visibility == "public"


def test_an_agents_out_of_office_is_ignored(desk: MemoryPorts) -> None:
    desk.run(a_message(message_id="<1@x>"))
    desk.run(a_message(in_reply_to="<1@x>", sender="kate@demo.example", is_automatic=True))
    assert [fact.reason for fact in desk.ignored] == ["automatic_mail_of_an_agent"]


# ---------------------------------------------------------------------------------------------------- loops and doubles


def test_what_is_our_own_mail_is_ignored_with_its_reason(desk: MemoryPorts) -> None:
    command = a_message(flags=("loop",))
    desk.run(command)
    assert desk.tickets.rows == {}
    assert [(fact.intake_id, fact.reason) for fact in desk.ignored] == [(command.intake_id, "loop")]


def test_a_colleague_who_writes_from_our_mailbox_is_heard_but_gets_no_automatic_answer(
    desk: MemoryPorts,
) -> None:
    desk.run(a_message(flags=("own_address",)))
    assert desk.only_ticket().is_machine_waiting


def test_our_own_mailbox_never_becomes_a_requester_and_gets_no_answer(desk: MemoryPorts) -> None:
    desk.run(a_message(sender="support@demo.example", flags=("own_address",)))
    ticket = desk.only_ticket()
    assert (ticket.requester.name, ticket.requester.email) == ("Support", "")
    desk.run(AddMessage(KATE, ticket.ticket_id, "Who was that?"))
    assert desk.added()[-1].reply is None


def test_a_colleagues_mail_from_our_mailbox_into_a_thread_is_a_note_that_reopens_nothing(
    desk: MemoryPorts,
) -> None:
    desk.run(a_message(message_id="<1@x>"))
    _set_status(desk, "solved")
    desk.run(a_message(in_reply_to="<1@x>", sender="support@demo.example", flags=("own_address",)))
    ticket = desk.only_ticket()
    assert (ticket.status, ticket.participants) == ("solved", ())
    assert (desk.added()[-1].message.visibility, desk.added()[-1].actor.kind) == ("internal", "agent")


def test_a_forwarded_mail_without_our_ids_is_a_new_ticket(desk: MemoryPorts) -> None:
    desk.run(a_message(subject="Parcel", message_id="<1@x>"))
    desk.run(a_message(subject="Fwd: Parcel", sender="bo@example.org", message_id="<2@y>"))
    assert len(desk.opened()) == 2


def test_a_person_is_known_by_the_address_whatever_the_display_name_says(desk: MemoryPorts) -> None:
    desk.run(a_message(sender="ana@example.org"))
    desk.run(replace(a_message(), sender=Sender(name="ana@example.org", email="mallory@example.net")))
    desk.run(replace(a_message(), sender=Sender(name="Ana of the bank", email="ana@example.org")))
    people = [ticket.requester.requester_id for ticket in desk.opened()]
    assert people[0] == people[2] != people[1]
    assert desk.opened()[2].requester.name == "Ana"


def test_plus_tags_and_dots_are_other_people(desk: MemoryPorts) -> None:
    for sender in ("ana.lee@example.org", "analee@example.org", "ana.lee+shop@example.org"):
        desk.run(a_message(sender=sender))
    assert len({ticket.requester.requester_id for ticket in desk.opened()}) == 3


def test_the_same_mail_again_is_ignored_as_a_duplicate(desk: MemoryPorts) -> None:
    desk.run(a_message(message_id="<1@x>", content="same"))
    desk.run(a_message(message_id="<1@x>", content="same"))
    assert desk.only_ticket().message_count == 1
    assert [fact.reason for fact in desk.ignored] == ["duplicate"]


def test_the_same_message_id_with_other_content_is_kept_and_flagged(desk: MemoryPorts) -> None:
    desk.run(a_message(message_id="<1@x>", content="one"))
    desk.run(a_message("something else", message_id="<1@x>", content="another"))
    assert len(desk.opened()) == 2
    flags = [message.flags for message in desk.tickets.messages.values()]
    assert flags == [(), ("same_id_other_content",)]


def test_a_mail_without_message_id_is_a_ticket_all_the_same(desk: MemoryPorts) -> None:
    desk.run(a_message(thread=Thread()))
    desk.run(a_message(thread=Thread()))
    assert len(desk.opened()) == 2


def test_people_are_told_apart_by_phone_where_there_is_no_address(desk: MemoryPorts) -> None:
    desk.run(replace(a_message(channel="calls"), sender=Sender(phone="+442079460001")))
    desk.run(replace(a_message(channel="calls"), sender=Sender(phone="+442079460000")))
    assert [ticket.requester.phone for ticket in desk.opened()] == ["+442079460001", "+442079460000"]


def test_form_fields_become_the_tickets(desk: MemoryPorts) -> None:
    desk.run(a_message(fields={"order": "A-17"}))
    assert desk.only_ticket().fields == {"order": "A-17"}


def test_an_answer_in_the_thread_refers_to_its_whole_chain(desk: MemoryPorts) -> None:
    desk.run(a_message(message_id="<1@x>"))
    desk.run(a_message(message_id="<3@x>", in_reply_to="<1@x>", references=("<1@x>", "<2@x>")))
    desk.run(AddMessage(KATE, desk.only_ticket().ticket_id, "It is on its way."))
    fact = desk.tickets.facts[-1]
    assert isinstance(fact, MessageAdded)
    assert fact.reply is not None
    assert fact.reply.in_reply_to == "<3@x>"
    assert fact.reply.references == ("<1@x>", "<2@x>", "<3@x>")


def test_the_preview_is_of_what_is_new_and_the_text_stays_whole(desk: MemoryPorts) -> None:
    desk.run(replace(a_message("> Has it come?\n\nYes.", message_id="<1@x>"), said="Yes."))
    assert desk.only_ticket().preview == "Yes."
    (fact,) = desk.tickets.facts
    assert isinstance(fact, TicketOpened)
    assert (fact.message.text, fact.message.said) == ("> Has it come?\n\nYes.", "Yes.")
