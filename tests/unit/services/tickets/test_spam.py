"""Spam: out of everybody's way, kept, and taken back by a word."""

from datetime import timedelta

from services.tickets.domain.commands import (
    AddEntry,
    AddMessage,
    ApplySteps,
    SetField,
    StepsOutcome,
    UpdateTicket,
)
from services.tickets.domain.people import AGENT, RULE, Actor
from tests.builders import a_message
from tests.fakes.tickets import MemoryPorts

KATE = Actor(AGENT, "kate", "Kate Stone")
A_RULE = Actor(RULE, "welcome", "Welcome")
HOUR = timedelta(hours=1)


def _status(desk: MemoryPorts, status: str) -> None:
    desk.run(UpdateTicket(KATE, desk.opened()[0].ticket_id, values={"status": status}))


def test_what_a_list_takes_for_spam_is_a_ticket_of_that_status_and_waits_for_no_machine(
    desk: MemoryPorts,
) -> None:
    desk.run(a_message(flags=("spam",)))
    ticket = desk.only_ticket()
    assert (ticket.status, ticket.is_machine_waiting, ticket.solved_at) == ("spam", True, None)


def test_a_rule_answers_no_spam(desk: MemoryPorts) -> None:
    desk.run(a_message())
    _status(desk, "spam")
    outcome = desk.run(
        ApplySteps(A_RULE, desk.only_ticket().ticket_id, (AddEntry("public", "Welcome!", True),))
    )
    assert outcome == StepsOutcome("refused", 0, "no automatic answer to spam")


def test_a_rule_takes_a_ticket_for_spam(desk: MemoryPorts) -> None:
    desk.run(a_message())
    desk.run(ApplySteps(A_RULE, desk.only_ticket().ticket_id, (SetField("status", "spam"),)))
    assert desk.only_ticket().status == "spam"


def test_what_is_no_spam_is_a_new_ticket_again_and_counts_as_no_reopening(desk: MemoryPorts) -> None:
    desk.run(a_message(flags=("spam",)))
    _status(desk, "new")
    assert (desk.only_ticket().status, desk.only_ticket().reopen_count) == ("new", 0)


def test_a_ticket_is_somebodys_work_from_the_version_that_first_took_it_back(desk: MemoryPorts) -> None:
    desk.run(a_message(flags=("spam",)))
    assert desk.only_ticket().opened_version == 0
    _status(desk, "new")
    taken_back = desk.only_ticket().version
    _status(desk, "spam")
    _status(desk, "open")
    assert desk.only_ticket().opened_version == taken_back == 2


def test_a_ticket_that_began_as_work_stays_so_whatever_it_is_taken_for(desk: MemoryPorts) -> None:
    desk.run(a_message())
    for status in ("spam", "new", "spam"):
        _status(desk, status)
        assert desk.only_ticket().opened_version == 1


def test_a_solved_ticket_that_is_taken_for_spam_is_no_solution_and_no_reopening(desk: MemoryPorts) -> None:
    desk.run(a_message())
    _status(desk, "solved")
    _status(desk, "spam")
    assert (desk.only_ticket().solved_at, desk.only_ticket().reopen_count) == (None, 0)


def test_whom_an_agent_answers_is_no_spammer(desk: MemoryPorts) -> None:
    desk.run(a_message(flags=("spam",)))
    desk.run(AddMessage(KATE, desk.only_ticket().ticket_id, "We know you, do we?"))
    assert desk.only_ticket().status == "open"


def test_what_follows_spam_is_a_ticket_of_its_own(desk: MemoryPorts) -> None:
    desk.run(a_message(message_id="<1@x>"))
    _status(desk, "spam")
    desk.run(a_message("It was me!", in_reply_to="<1@x>", after=HOUR))
    assert [ticket.status for ticket in desk.opened()] == ["spam", "new"]


def test_spam_joins_no_conversation_by_what_anybody_can_write(desk: MemoryPorts) -> None:
    desk.run(a_message(message_id="<1@x>"))
    desk.run(a_message(in_reply_to="<1@x>", flags=("spam",), after=HOUR))
    assert [ticket.status for ticket in desk.opened()] == ["new", "spam"]


def test_an_answer_that_our_own_proof_leads_to_its_ticket_joins_it_although_a_list_takes_it_for_spam(
    desk: MemoryPorts,
) -> None:
    desk.run(a_message())
    desk.run(a_message(proven=(desk.only_ticket().ticket_id,), flags=("spam",), after=HOUR))
    ticket = desk.only_ticket()
    assert (ticket.message_count, ticket.status, ticket.is_machine_waiting) == (2, "new", True)


def test_a_storm_of_spam_is_one_ticket_of_spam_and_takes_no_other_mail(desk: MemoryPorts) -> None:
    for second in range(60):
        desk.run(a_message(flags=("spam",), after=timedelta(seconds=second)))
    assert {ticket.status for ticket in desk.opened()} == {"spam"}
    assert len(desk.opened()) == 30
    desk.run(a_message("I am a person.", after=timedelta(seconds=61)))
    assert desk.opened()[-1].status == "new"
