"""Addresses where mail does not arrive: B3."""

from datetime import timedelta

import pytest

from services.tickets.domain.commands import (
    AddEntry,
    AddMessage,
    ApplySteps,
    CreateTicket,
    RecordDelivery,
    Sender,
)
from services.tickets.domain.events import MessageAdded
from services.tickets.domain.failure_words import words_of
from services.tickets.domain.message import Message
from services.tickets.domain.people import AGENT, API, RULE, Actor
from services.tickets.domain.reach import BAD, GOOD, REACHED, SOFT_BOUNCING
from tests.builders import MONDAY, a_bounce, a_message
from tests.fakes.tickets import MemoryPorts

KATE = Actor(AGENT, "kate", "Kate Stone")
DAY = timedelta(days=1)


@pytest.fixture
def ticket_id(desk: MemoryPorts) -> str:
    desk.run(a_message(message_id="<1@x>"))
    return desk.only_ticket().ticket_id


def _bounce(desk: MemoryPorts, ticket_id: str, kind: str = "soft", day: float = 0, **more: str) -> str:
    """A report of a mail to Ana; answers the note that it left."""
    code = "5.1.1" if kind == "hard" else "4.2.2"
    more = {"kind": kind, "code": code, "reason": "no such user", **more}
    desk.run(a_bounce("<x>", proven=(ticket_id,), **more, received_at=MONDAY + day * DAY))
    return desk.added()[-1].message.text


def _answer(desk: MemoryPorts, ticket_id: str) -> Message:
    desk.run(AddMessage(KATE, ticket_id, "It is on its way."))
    return desk.added()[-1].message


def test_after_a_hard_bounce_an_answer_says_that_the_address_is_bad_and_leaves_all_the_same(
    desk: MemoryPorts, ticket_id: str
) -> None:
    note = _bounce(desk, ticket_id, "hard")
    assert note.endswith(
        "no such mailbox, 5.1.1, no such user. The address counts as bad until somebody writes from it."
    )
    answer = _answer(desk, ticket_id)
    assert (answer.flags, answer.delivery_state) == (("bad_address",), "queued")


def test_the_address_is_bad_for_the_persons_other_tickets_too(desk: MemoryPorts, ticket_id: str) -> None:
    desk.run(a_message(subject="Another"))
    other = desk.opened()[1].ticket_id
    _bounce(desk, ticket_id, "hard")
    assert _answer(desk, other).flags == ("bad_address",)


def test_an_automatic_answer_is_not_sent_to_a_bad_address_and_says_why(
    desk: MemoryPorts, ticket_id: str
) -> None:
    _bounce(desk, ticket_id, "hard")
    step = AddEntry("public", "Are you still there?", is_automatic=True)
    desk.run(ApplySteps(Actor(RULE, "r"), ticket_id, (step,)))
    fact = desk.tickets.facts[-1]
    assert isinstance(fact, MessageAdded)
    assert (fact.reply, fact.message.delivery_state) == (None, "failed")
    assert fact.message.delivery_reason.startswith("not sent: mail to this address does not arrive (5.1.1")


def test_two_soft_bounces_within_seven_days_are_notes_and_the_third_makes_the_address_bad(
    desk: MemoryPorts, ticket_id: str
) -> None:
    assert "bad" not in _bounce(desk, ticket_id, day=0) + _bounce(desk, ticket_id, day=3)
    assert _answer(desk, ticket_id).flags == ()
    assert "counts as bad" in _bounce(desk, ticket_id, day=6.9)
    assert _answer(desk, ticket_id).flags == ("bad_address",)


def test_soft_bounces_further_apart_do_not_add_up(desk: MemoryPorts, ticket_id: str) -> None:
    notes = [_bounce(desk, ticket_id, day=day) for day in (0, 4, 8, 12)]
    assert not any("counts as bad" in note for note in notes)


@pytest.mark.parametrize("is_automatic", [False, True])
def test_mail_from_a_bad_address_makes_it_good_again(
    desk: MemoryPorts, ticket_id: str, is_automatic: bool
) -> None:
    _bounce(desk, ticket_id, "hard")
    desk.run(a_message(in_reply_to="<1@x>", is_automatic=is_automatic))
    assert _answer(desk, ticket_id).flags == ()


NOT_THE_ADDRESS = ["5.7.1", "5.2.2", "5.3.4", "5.1.7", "5.1.8", "5.1.90", "5.4.5", "5.0.0", ""]
THE_ADDRESS = ["5.1.1", "5.1.2", "5.1.10", "5.2.1", "5.4.1"]


@pytest.mark.parametrize("code", THE_ADDRESS)
def test_a_hard_bounce_that_blames_the_address_makes_it_bad(
    desk: MemoryPorts, ticket_id: str, code: str
) -> None:
    _bounce(desk, ticket_id, "hard", code=code)
    assert _answer(desk, ticket_id).flags == ("bad_address",)


@pytest.mark.parametrize("code", NOT_THE_ADDRESS)
def test_a_hard_bounce_that_blames_the_mail_and_not_the_address_counts_as_a_soft_one(
    desk: MemoryPorts, ticket_id: str, code: str
) -> None:
    _bounce(desk, ticket_id, "hard", code=code)
    assert _answer(desk, ticket_id).flags == ()


def test_a_bounce_of_an_address_that_takes_no_part_leaves_the_requesters_alone(
    desk: MemoryPorts, ticket_id: str
) -> None:
    _bounce(desk, ticket_id, "hard", failed_recipient="stranger@example.org")
    assert _answer(desk, ticket_id).flags == ()


def test_a_bounce_that_names_nobody_is_the_only_recipients(desk: MemoryPorts, ticket_id: str) -> None:
    _bounce(desk, ticket_id, "hard", failed_recipient="")
    assert _answer(desk, ticket_id).flags == ("bad_address",)


def _refuse(desk: MemoryPorts, ticket_id: str, code: str, reason: str) -> None:
    message_id = _answer(desk, ticket_id).message_id
    desk.run(
        RecordDelivery("s1", ticket_id, message_id, "failed", reason, "", MONDAY, 1, "ana@example.org", code)
    )


@pytest.mark.parametrize("code", THE_ADDRESS)
def test_a_server_that_refuses_the_address_at_once_counts_as_a_hard_bounce(
    desk: MemoryPorts, ticket_id: str, code: str
) -> None:
    _refuse(desk, ticket_id, code, f"550 {code} no")
    assert _answer(desk, ticket_id).flags == ("bad_address",)


@pytest.mark.parametrize("code", NOT_THE_ADDRESS)
def test_a_server_that_refuses_for_another_reason_makes_no_address_bad(
    desk: MemoryPorts, ticket_id: str, code: str
) -> None:
    _refuse(desk, ticket_id, code, "the server does not take the mailbox's own address: 550 5.1.1 no")
    assert _answer(desk, ticket_id).flags == ()


def test_an_address_is_good_soft_bouncing_or_bad_with_a_reason_and_since_when() -> None:
    soft = REACHED.bounced("soft", "4.2.2", "full", MONDAY)
    bad = soft.bounced("hard", "5.1.1", "gone", MONDAY + DAY)
    assert [(one.state, one.reason, one.since) for one in (REACHED, soft, bad)] == [
        (GOOD, "", None),
        (SOFT_BOUNCING, "4.2.2, full", MONDAY),
        (BAD, "5.1.1, gone", MONDAY + DAY),
    ]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("5.1.1", "there is no such mailbox"),
        ("4.2.2", "the mailbox is full"),
        ("5.2.2", "the mailbox is full"),
        ("5.9.9", ""),
        ("", ""),
    ],
)
def test_a_code_is_told_in_words_where_it_has_any(code: str, words: str) -> None:
    assert words_of(code) == words


def test_a_bounce_of_one_of_somebodys_addresses_says_nothing_of_the_others(desk: MemoryPorts) -> None:
    by = Actor(API, "shop", "shop")
    for address in ("ana@example.org", "ana@home.example"):
        desk.run(
            CreateTicket(by, Sender(email=address, external_id="crm-7"), "Parcel", "?", channel="support")
        )
    first, second = desk.opened()
    assert first.requester.requester_id == second.requester.requester_id
    _bounce(desk, first.ticket_id, "hard", failed_recipient="ana@example.org")
    assert "bad_address" in _answer(desk, first.ticket_id).flags
    assert "bad_address" not in _answer(desk, second.ticket_id).flags


def test_who_types_a_bad_address_elsewhere_does_not_make_it_good(desk: MemoryPorts, ticket_id: str) -> None:
    _bounce(desk, ticket_id, "hard")
    typed = a_message(sender="ana@example.org", channel="site", channel_kind="json")
    desk.run(typed)
    assert desk.opened()[1].requester.requester_id == desk.opened()[0].requester.requester_id
    assert "bad_address" in _answer(desk, ticket_id).flags
