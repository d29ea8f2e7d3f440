"""A storm from one sender is one ticket from a limit on: A6."""

from datetime import timedelta
from typing import Any

import pytest

from services.tickets.domain.commands import UpdateTicket
from services.tickets.domain.people import AGENT, Actor
from services.tickets.domain.storm import StormLimit, burst_after
from tests.builders import MONDAY, a_message
from tests.fakes.tickets import MemoryPorts

KATE = Actor(AGENT, "kate", "Kate Stone")
LIMIT = StormLimit()
SECOND = timedelta(seconds=1)


def _send(desk: MemoryPorts, count: int, *, after: timedelta = timedelta(0), **more: Any) -> None:
    """So many mails of Ana's, a second between them."""
    for number in range(count):
        desk.run(
            a_message(f"words {number}", subject=f"Alarm {number}", after=after + number * SECOND, **more)
        )


def test_a_storm_from_one_sender_becomes_one_ticket_with_every_message_and_a_tag(desk: MemoryPorts) -> None:
    _send(desk, 40)
    tickets = desk.opened()
    assert len(tickets) == LIMIT.tickets
    last = tickets[-1]
    assert (last.message_count, last.tags) == (11, ("flood",))
    assert [fact.message.text for fact in desk.added()] == [f"words {number}" for number in range(30, 40)]
    assert {fact.message.flags for fact in desk.added()} == {("flood",)}


def test_those_in_copy_of_a_storms_mails_get_no_answers_to_each_others(desk: MemoryPorts) -> None:
    _send(desk, 31)
    _send(desk, 1, cc=("one.customer@client.example",), after=31 * SECOND)
    assert desk.opened()[-1].participants == ()


def test_a_storm_gets_no_automatic_answer(desk: MemoryPorts) -> None:
    _send(desk, 31)
    assert desk.opened()[-1].is_machine_waiting


def test_others_who_write_during_a_storm_get_their_own_tickets(desk: MemoryPorts) -> None:
    _send(desk, 31)
    _send(desk, 1, sender="bo@example.org")
    assert desk.opened()[-1].requester.email == "bo@example.org"


def test_an_answer_in_its_thread_is_no_part_of_the_storm(desk: MemoryPorts) -> None:
    _send(desk, 1, message_id="<first@x>")
    _send(desk, 31)
    desk.run(a_message("about the first", in_reply_to="<first@x>", after=40 * SECOND))
    assert desk.opened()[0].message_count == 2
    assert desk.added()[-1].message.flags == ()


def test_a_storm_is_over_when_nothing_came_for_the_window(desk: MemoryPorts) -> None:
    _send(desk, 31)
    _send(desk, 1, after=31 * SECOND + LIMIT.within)
    assert desk.opened()[-1].message_count == 1
    assert len(desk.opened()) == 31


def test_a_storm_that_never_pauses_stays_one_ticket(desk: MemoryPorts) -> None:
    _send(desk, 30)
    for number in range(1, 6):
        _send(desk, 1, after=number * timedelta(minutes=9))
    assert len(desk.opened()) == 30


def test_a_storm_that_goes_on_after_its_ticket_was_closed_opens_another(desk: MemoryPorts) -> None:
    _send(desk, 31)
    desk.run(UpdateTicket(KATE, desk.opened()[-1].ticket_id, values={"status": "closed"}))
    _send(desk, 2, after=40 * SECOND)
    assert [ticket.message_count for ticket in desk.opened()[-2:]] == [2, 2]


def test_a_steady_sender_below_the_limit_gets_a_ticket_each(desk: MemoryPorts) -> None:
    for number in range(35):
        _send(desk, 1, after=number * timedelta(minutes=1))
    assert len(desk.opened()) == 35


def test_each_mailbox_counts_for_itself(desk: MemoryPorts) -> None:
    _send(desk, 30)
    _send(desk, 1, channel="sales")
    assert len(desk.opened()) == 31


def test_only_mail_has_a_limit(desk: MemoryPorts) -> None:
    _send(desk, 35, channel_kind="json")
    assert len(desk.opened()) == 35


@pytest.mark.parametrize(("tickets", "storm"), [(0, False), (2, True), (3, False)])
def test_the_limit_can_be_set_and_0_is_none(tickets: int, storm: bool) -> None:
    limit = StormLimit(tickets, timedelta(minutes=1))
    burst = burst_after(burst_after(None, MONDAY, "t1", limit), MONDAY, "t2", limit)
    assert burst.is_storm(MONDAY + SECOND, limit) is storm
