"""Several tickets become one, and are what they were again; F3: an answer to a merged one lands where it is part of."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chassis.errors import Conflict, FailedPrecondition, InvalidField, NotFound
from services.tickets.application.find_thread import end_of_merges
from services.tickets.domain.commands import (
    AddMessage,
    ApplySteps,
    MergeTickets,
    SetField,
    StepsOutcome,
    UnmergeTicket,
    UpdateTicket,
)
from services.tickets.domain.events import MessageAdded, TicketChanged
from services.tickets.domain.merged import IsMerged, MergeRefused
from services.tickets.domain.message import MERGED
from services.tickets.domain.people import AGENT, RULE, Actor
from services.tickets.domain.ticket import Ticket
from tests.builders import a_bounce, a_message
from tests.fakes.tickets import MemoryPorts

KATE = Actor(AGENT, "kate", "Kate Stone")


def _opened(desk: MemoryPorts, count: int, *, sender: str = "ana@example.org") -> list[str]:
    for _ in range(count):
        number = len(desk.opened()) + 1
        desk.run(a_message(sender=sender, message_id=f"<{number}@x>", after=timedelta(minutes=number)))
    return [ticket.ticket_id for ticket in desk.opened()]


def _merge(desk: MemoryPorts, source: str, target: str, **more: object) -> None:
    desk.run(MergeTickets(KATE, target, (source,), **more))  # type: ignore[arg-type]


def _is(desk: MemoryPorts, ticket_id: str) -> Ticket:
    return desk.tickets.rows[ticket_id]


def _set(desk: MemoryPorts, ticket_id: str, **values: str) -> None:
    desk.run(UpdateTicket(KATE, ticket_id, values=values))


# ------------------------------------------------------------------------------------------------------ what it does


def test_several_tickets_become_part_of_one_and_each_says_so(desk: MemoryPorts) -> None:
    first, second, target = _opened(desk, 3)
    desk.run(MergeTickets(KATE, target, (first, second), reason="asked twice"))
    assert [_is(desk, one).status for one in (first, second, target)] == [MERGED, MERGED, "new"]
    assert _is(desk, target).merged_from == (first, second)
    merging = _is(desk, first).merging
    assert merging is not None
    assert (merging.into_id, merging.actor, merging.at) == (target, KATE, desk.now)
    assert [_is(desk, one).version for one in (first, second, target)] == [2, 2, 2]


def test_both_logs_tell_who_merged_what_and_why(desk: MemoryPorts) -> None:
    source, target = _opened(desk, 2)
    _merge(desk, source, target, reason="asked twice")
    told = [fact for fact in desk.tickets.facts if isinstance(fact, TicketChanged)]
    assert {fact.ticket.ticket_id: [(c.field, c.old, c.new) for c in fact.changes] for fact in told} == {
        target: [("merged_from", "", source)],
        source: [
            ("status", "new", MERGED),
            ("merged_into", "", target),
            ("merge_reason", "", "asked twice"),
        ],
    }
    assert {fact.actor for fact in told} == {KATE}


def test_messages_are_told_on_the_target_without_words_and_close_no_row_of_the_ledger_twice(
    desk: MemoryPorts,
) -> None:
    source, target = _opened(desk, 2)
    _merge(desk, source, target)
    (fact,) = (fact for fact in desk.added() if MERGED in fact.message.flags)
    assert fact.ticket.ticket_id == fact.message.ticket_id == target
    assert (fact.message.text, fact.message.intake_id, fact.reply) == ("", "", None)
    assert fact.message.author.name == "Ana"
    assert len(desk.tickets.messages) == 2


def test_nobody_is_told(desk: MemoryPorts) -> None:
    source, target = _opened(desk, 2)
    _merge(desk, source, target)
    assert not [fact for fact in desk.added() if fact.reply is not None]


def test_a_trial_changes_nothing_and_says_what_would_be(desk: MemoryPorts) -> None:
    source, target = _opened(desk, 2)
    would = desk.run(MergeTickets(KATE, target, (source,), is_trial=True))
    assert isinstance(would, tuple)
    assert would[0].merged_from == (source,)
    assert (_is(desk, source).status, _is(desk, target).version) == ("new", 1)


def test_who_takes_part_in_the_source_is_in_copy_of_the_target(desk: MemoryPorts) -> None:
    source = _opened(desk, 1, sender="bo@example.org")[0]
    target = _opened(desk, 1)[1]
    desk.run(a_message("Me too", sender="cy@example.org", proven=(source,)))
    _merge(desk, source, target, allows_other_requester=True)
    assert _is(desk, target).participants == ("bo@example.org", "cy@example.org")
    desk.run(AddMessage(KATE, target, "For both of you."))
    reply = desk.added()[-1].reply
    assert reply is not None
    assert (reply.to, reply.cc) == (("ana@example.org",), ("bo@example.org", "cy@example.org"))


# ------------------------------------------------------------------------------------------------------ what it refuses


@pytest.mark.parametrize(
    ("status", "of", "reason"),
    [
        ("closed", "target", "target_closed"),
        ("spam", "target", "target_spam"),
        ("spam", "source", "source_spam"),
    ],
)
def test_tickets_that_cannot_be_merged_are_refused_by_name(
    desk: MemoryPorts, status: str, of: str, reason: str
) -> None:
    source, target = _opened(desk, 2)
    _set(desk, target if of == "target" else source, status=status)
    with pytest.raises(MergeRefused, match=f"^{reason}: "):
        _merge(desk, source, target)
    assert not _is(desk, target).merged_from


def test_a_ticket_is_not_merged_into_itself(desk: MemoryPorts) -> None:
    (ticket,) = _opened(desk, 1)
    with pytest.raises(MergeRefused, match=r"^same_ticket: "):
        _merge(desk, ticket, ticket)


def test_a_merged_ticket_is_merged_no_second_time_and_takes_none(desk: MemoryPorts) -> None:
    first, second, third = _opened(desk, 3)
    _merge(desk, first, second)
    with pytest.raises(MergeRefused, match=r"^already_merged: "):
        _merge(desk, first, third)
    with pytest.raises(MergeRefused, match=r"^target_merged: "):
        _merge(desk, third, first)
    with pytest.raises(MergeRefused, match=r"^target_merged: "):
        _merge(desk, second, first)


def test_another_requesters_ticket_is_merged_only_where_that_is_said(desk: MemoryPorts) -> None:
    _opened(desk, 1, sender="bo@example.org")
    source, target = _opened(desk, 1)
    with pytest.raises(MergeRefused, match=r"^other_requester: #\d+ "):
        _merge(desk, source, target)
    _merge(desk, source, target, allows_other_requester=True)
    assert _is(desk, source).is_merged


def test_one_that_cannot_be_merged_keeps_all_from_being_merged(desk: MemoryPorts) -> None:
    first, second, target = _opened(desk, 3)
    _set(desk, second, status="spam")
    with pytest.raises(MergeRefused):
        desk.run(MergeTickets(KATE, target, (first, second)))
    assert not _is(desk, first).is_merged


def test_what_is_not_there_or_has_moved_on_is_refused(desk: MemoryPorts) -> None:
    source, target = _opened(desk, 2)
    with pytest.raises(NotFound):
        _merge(desk, "f" * 32, target)
    with pytest.raises(Conflict):
        _merge(desk, source, target, expected_target_version=7)
    with pytest.raises(InvalidField):
        desk.run(MergeTickets(KATE, target, ()))
    with pytest.raises(InvalidField):
        desk.run(MergeTickets(KATE, target, (source, source)))


def test_a_merged_ticket_is_changed_by_nobody(desk: MemoryPorts) -> None:
    source, target = _opened(desk, 2)
    _merge(desk, source, target)
    with pytest.raises(IsMerged, match=r"^is_merged: #\d+ is part of #\d+"):
        _set(desk, source, status="open")
    with pytest.raises(IsMerged):
        desk.run(AddMessage(KATE, source, "Hello"))
    outcome = desk.run(ApplySteps(Actor(RULE, "r"), source, (SetField("priority", "high"),)))
    assert isinstance(outcome, StepsOutcome)
    assert outcome.outcome == "refused"


def test_nobody_sets_the_status_merged(desk: MemoryPorts) -> None:
    (ticket,) = _opened(desk, 1)
    with pytest.raises(InvalidField):
        _set(desk, ticket, status=MERGED)


# ------------------------------------------------------------------------------------------ F3: what comes to a merged one


def test_f3_an_answer_to_a_merged_ticket_lands_in_its_target_by_id_and_by_proof(desk: MemoryPorts) -> None:
    source, target = _opened(desk, 2)
    _set(desk, target, status="pending")
    _merge(desk, source, target)
    desk.run(a_message(in_reply_to="<1@x>"))
    desk.run(a_message(proven=(source,)))
    desk.run(a_message(numbers=(_is(desk, source).number,)))
    assert (_is(desk, target).message_count, _is(desk, source).message_count) == (4, 1)
    assert _is(desk, target).status == "open"
    assert len(desk.opened()) == 2


def test_f3_several_merges_are_gone_along_to_the_end(desk: MemoryPorts) -> None:
    first, second, third, fourth = _opened(desk, 4)
    _merge(desk, first, second)
    _merge(desk, second, third)
    _merge(desk, third, fourth)
    desk.run(a_message(in_reply_to="<1@x>"))
    desk.run(a_message(proven=(second,)))
    assert _is(desk, fourth).message_count == 3


def test_f3_a_ticket_that_follows_a_closed_one_may_be_merged_too(desk: MemoryPorts) -> None:
    first, _ = _opened(desk, 2)
    _set(desk, first, status="closed")
    desk.run(a_message(in_reply_to="<1@x>", message_id="<3@x>"))
    _, target, follower = (ticket.ticket_id for ticket in desk.opened())
    _merge(desk, follower, target)
    desk.run(a_message(in_reply_to="<1@x>"))
    desk.run(a_message(in_reply_to="<3@x>"))
    assert (len(desk.opened()), _is(desk, target).message_count) == (3, 3)


def test_f3_a_target_that_was_closed_since_is_followed_by_another(desk: MemoryPorts) -> None:
    source, target = _opened(desk, 2)
    _merge(desk, source, target)
    _set(desk, target, status="closed")
    desk.run(a_message(in_reply_to="<1@x>"))
    assert desk.opened()[-1].fields["follows"] == str(_is(desk, target).number)


def test_f3_a_circle_in_the_store_is_gone_along_once(desk: MemoryPorts) -> None:
    source, target = _opened(desk, 2)
    _merge(desk, source, target)
    rows = {source: _is(desk, source), target: replace(_is(desk, target), merging=_is(desk, source).merging)}
    circle = MemoryPorts()
    circle.tickets.rows = rows
    assert end_of_merges(rows[source], circle).ticket_id == target


def test_a_chat_goes_on_in_the_target_and_is_its_own_again_after_the_undoing(desk: MemoryPorts) -> None:
    desk.run(a_message("Hi", conversation="chat-1"))
    source, target = _opened(desk, 1)
    _merge(desk, source, target)
    desk.run(a_message("Anybody?", conversation="chat-1"))
    assert _is(desk, target).message_count == 2
    desk.run(UnmergeTicket(KATE, source))
    desk.run(a_message("Still there", conversation="chat-1"))
    assert (_is(desk, source).message_count, _is(desk, target).message_count) == (2, 2)


def test_a_bounce_of_a_merged_tickets_mail_is_noted_on_the_target(desk: MemoryPorts) -> None:
    source, target = _opened(desk, 2)
    _merge(desk, source, target)
    desk.run(a_bounce(proven=(source,)))
    assert desk.added()[-1].ticket.ticket_id == target


def test_what_another_system_says_as_the_requester_lands_in_the_target(desk: MemoryPorts) -> None:
    source, target = _opened(desk, 2)
    _merge(desk, source, target)
    desk.run(AddMessage(KATE, source, "From the app", is_from_requester=True))
    assert _is(desk, target).message_count == 2


# ------------------------------------------------------------------------------------------------------------- undoing


@pytest.mark.parametrize("status", ["new", "pending", "solved", "closed"])
def test_a_merge_undone_leaves_the_source_as_it_was(desk: MemoryPorts, status: str) -> None:
    source, target = _opened(desk, 2)
    _set(desk, source, priority="high", status=status)
    was = _is(desk, source)
    _merge(desk, source, target)
    desk.run(UnmergeTicket(KATE, source))
    now = _is(desk, source)
    assert (now.status, now.solved_at, now.closed_at, now.reopen_count, now.merging) == (
        was.status,
        was.solved_at,
        was.closed_at,
        was.reopen_count,
        None,
    )
    assert _is(desk, target).merged_from == ()


def test_what_came_to_the_target_since_the_merge_stays_there(desk: MemoryPorts) -> None:
    source, target = _opened(desk, 2)
    _merge(desk, source, target)
    desk.run(a_message(in_reply_to="<1@x>", message_id="<late@x>"))
    desk.run(UnmergeTicket(KATE, source))
    desk.run(a_message(in_reply_to="<late@x>"))
    desk.run(a_message(in_reply_to="<1@x>"))
    assert (_is(desk, source).message_count, _is(desk, target).message_count) == (2, 3)


def test_who_was_in_copy_by_the_merge_is_so_no_longer(desk: MemoryPorts) -> None:
    _opened(desk, 1, sender="bo@example.org")
    source, target = _opened(desk, 1)
    desk.run(a_message(sender="di@example.org", proven=(target,)))
    _merge(desk, source, target, allows_other_requester=True)
    assert _is(desk, target).participants == ("di@example.org", "bo@example.org")
    desk.run(UnmergeTicket(KATE, source))
    assert _is(desk, target).participants == ("di@example.org",)


def test_in_a_chain_each_merge_is_undone_by_itself(desk: MemoryPorts) -> None:
    first, second, third = _opened(desk, 3)
    _merge(desk, first, second)
    _merge(desk, second, third)
    desk.run(UnmergeTicket(KATE, first))
    assert (_is(desk, first).status, _is(desk, second).merged_from) == ("new", ())
    desk.run(a_message(in_reply_to="<2@x>"))
    assert _is(desk, third).message_count == 2


def test_what_is_not_merged_is_not_undone(desk: MemoryPorts) -> None:
    (ticket,) = _opened(desk, 1)
    with pytest.raises(FailedPrecondition, match=r"^not_merged: "):
        desk.run(UnmergeTicket(KATE, ticket))


def test_of_a_long_ticket_the_last_hundred_messages_are_told(desk: MemoryPorts) -> None:
    source, target = _opened(desk, 2)
    for _ in range(120):
        desk.run(AddMessage(KATE, source, "More", is_from_requester=True))
    _merge(desk, source, target)
    told = [
        fact for fact in desk.tickets.facts if isinstance(fact, MessageAdded) and MERGED in fact.message.flags
    ]
    assert len(told) == 100
