"""What a mailbox may want of threads, and the last resort: T5, T6, F2."""

from datetime import timedelta

import pytest

from services.tickets.domain.commands import Thread, UpdateTicket
from services.tickets.domain.people import AGENT, Actor
from services.tickets.domain.subjects import base_subject, is_sent_on, without_number
from tests.builders import MONDAY, a_message
from tests.fakes.tickets import MemoryPorts

KATE = Actor(AGENT, "kate", "Kate Stone")
DAY = timedelta(days=1)


def _close(desk: MemoryPorts, ticket_id: str) -> None:
    desk.now = MONDAY
    desk.run(UpdateTicket(KATE, ticket_id, values={"agent": "kate", "status": "closed"}))


# ------------------------------------------------------------------------------------- T5: ids only with the subject


@pytest.mark.parametrize(
    "subject", ["Re: Parcel", "RES: ENC: parcel", "Ответ: Re[5]: Parcel", "[EXT] AW: Parcel"]
)
def test_ids_lead_to_their_ticket_where_the_subject_is_its_own(desk: MemoryPorts, subject: str) -> None:
    desk.run(a_message(message_id="<1@x>", subject="Parcel"))
    desk.run(a_message(in_reply_to="<1@x>", subject=subject, ids_need_subject=True))
    assert desk.only_ticket().message_count == 2


def test_ids_with_another_subject_open_a_ticket_where_the_mailbox_wants_it(desk: MemoryPorts) -> None:
    desk.run(a_message(message_id="<1@x>", subject="Parcel"))
    desk.run(a_message(in_reply_to="<1@x>", subject="Something else", ids_need_subject=True))
    desk.run(a_message(in_reply_to="<1@x>", subject="Something else"))
    assert [ticket.message_count for ticket in desk.opened()] == [2, 1]


def test_what_is_proven_needs_no_subject(desk: MemoryPorts) -> None:
    desk.run(a_message(subject="Parcel"))
    proven = (desk.only_ticket().ticket_id,)
    desk.run(a_message(proven=proven, subject="Something else", ids_need_subject=True))
    assert desk.only_ticket().message_count == 2


def test_a_ticket_that_was_renamed_is_found_by_the_subject_that_the_requester_knows(
    desk: MemoryPorts,
) -> None:
    desk.run(a_message(message_id="<1@x>", subject="Parcel"))
    desk.run(UpdateTicket(KATE, desk.only_ticket().ticket_id, values={"subject": "Lost in Lisbon"}))
    for subject in ("Re: Parcel", "Re: Lost in Lisbon"):
        desk.run(a_message(in_reply_to="<1@x>", subject=subject, ids_need_subject=True))
    assert desk.only_ticket().message_count == 3


@pytest.mark.parametrize(
    ("subject", "base"),
    [
        ("Re: Fwd: AW: WG: Fw: Ответ: Пересл: RES: ENC: Re[5]: Счёт", "счёт"),
        ("RE : SV: Rv:  Two   words", "two words"),
        ("Re^2: AW(3): x", "x"),
        ("回复：包裹", "包裹"),
        ("Regarding: x", "regarding: x"),
        ("Отвечаю: x", "отвечаю: x"),
        ("Re: [Ticket#48001] x (fwd)", "x"),
        ("[Invoice]", "[invoice]"),
        ("Re: Re:", ""),
        ("", ""),
    ],
)
def test_marks_of_answering_are_no_part_of_a_subject(subject: str, base: str) -> None:
    assert base_subject(subject) == base


# --------------------------------------------------------------------------------- T6: our mark in what is quoted


def _quoting(desk: MemoryPorts, **more: object) -> None:
    thread = Thread("<9@x>", quoted_ticket_ids=(desk.opened()[0].ticket_id,))
    desk.run(a_message(**{"thread": thread, **more}))  # type: ignore[arg-type]


def test_a_quoted_mark_leads_the_requester_to_the_ticket_where_nothing_else_does(desk: MemoryPorts) -> None:
    desk.run(a_message(subject="Parcel"))
    _quoting(desk, subject="Your mail of today")
    assert desk.only_ticket().message_count == 2


def test_a_mark_that_a_stranger_quotes_opens_a_ticket_with_a_note_of_it(desk: MemoryPorts) -> None:
    desk.run(a_message())
    _quoting(desk, sender="mallory@example.org")
    first, own = desk.opened()
    assert (first.message_count, own.message_count) == (1, 2)
    assert desk.added()[0].message.text == (
        f"The text quotes ticket #{first.number}, but the sender takes no part in it."
    )


@pytest.mark.parametrize(
    "subject", ["Fwd: Parcel", "WG: Parcel", "Пересл: Parcel", "[EXT] Fw: Parcel", "Parcel (fwd)"]
)
def test_a_mark_in_a_forwarded_mail_is_not_asked(desk: MemoryPorts, subject: str) -> None:
    desk.run(a_message())
    _quoting(desk, subject=subject)
    assert is_sent_on(subject)
    assert len(desk.opened()) == 2


def test_every_other_way_goes_before_a_quoted_mark(desk: MemoryPorts) -> None:
    desk.run(a_message(message_id="<1@x>"))
    desk.run(a_message(message_id="<2@x>"))
    first, second = desk.opened()
    thread = Thread("<9@x>", in_reply_to="<2@x>", quoted_ticket_ids=(first.ticket_id,))
    desk.run(a_message(thread=thread))
    assert desk.added()[0].ticket.ticket_id == second.ticket_id


# ----------------------------------------------------------------------------- F2: what an answer to a closed one does


def test_a_closed_ticket_is_opened_again_where_the_mailbox_wants_it(desk: MemoryPorts) -> None:
    desk.run(a_message(message_id="<1@x>"))
    _close(desk, desk.only_ticket().ticket_id)
    desk.run(a_message(in_reply_to="<1@x>", after=DAY, reopens_within=2 * DAY))
    ticket = desk.only_ticket()
    assert (ticket.status, ticket.agent, ticket.reopen_count, ticket.closed_at) == ("open", "kate", 1, None)
    (change,) = desk.added()[0].changes
    assert (change.old, change.new) == ("closed", "open")


def test_a_ticket_that_was_closed_too_long_ago_is_followed_by_another(desk: MemoryPorts) -> None:
    desk.run(a_message(message_id="<1@x>"))
    _close(desk, desk.only_ticket().ticket_id)
    desk.run(a_message(in_reply_to="<1@x>", after=3 * DAY, reopens_within=2 * DAY))
    old, new = desk.opened()
    assert (old.status, new.fields) == ("closed", {"follows": str(old.number)})


def test_a_closed_ticket_that_another_follows_stays_closed(desk: MemoryPorts) -> None:
    desk.run(a_message(message_id="<1@x>"))
    _close(desk, desk.only_ticket().ticket_id)
    desk.run(a_message(in_reply_to="<1@x>", after=DAY))
    desk.run(a_message(in_reply_to="<1@x>", after=DAY, reopens_within=2 * DAY))
    assert [ticket.message_count for ticket in desk.opened()] == [1, 2]


def test_a_machines_answer_opens_no_closed_ticket_again(desk: MemoryPorts) -> None:
    desk.run(a_message(message_id="<1@x>"))
    _close(desk, desk.only_ticket().ticket_id)
    desk.run(a_message(in_reply_to="<1@x>", is_automatic=True, reopens_within=2 * DAY))
    assert desk.only_ticket().status == "closed"


def test_a_ticket_that_follows_has_no_number_of_the_closed_one_in_its_subject(desk: MemoryPorts) -> None:
    desk.run(a_message(message_id="<1@x>"))
    number = desk.only_ticket().number
    _close(desk, desk.only_ticket().ticket_id)
    desk.run(a_message(in_reply_to="<1@x>", subject=f"Re: [Ticket#{number}] Parcel [#7]"))
    assert desk.opened()[1].subject == "Re: Parcel [#7]"
    assert without_number("[# 48001] x", 4800) == "[# 48001] x"
