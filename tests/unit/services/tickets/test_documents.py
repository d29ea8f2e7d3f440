"""What is kept of a ticket, and what a change writes of it."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from services.tickets.adapters.mongo.documents import new_ticket_document, ticket_of, ticket_update
from services.tickets.adapters.mongo.message_documents import message_document, message_of
from services.tickets.domain.message import Message
from services.tickets.domain.people import Actor, Requester
from services.tickets.domain.ticket import Ticket

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
TUESDAY = datetime(2026, 3, 3, 9, tzinfo=UTC)

moments = st.sampled_from([MONDAY, TUESDAY])
texts = st.sampled_from(["", "one", "two"])
lists = st.sampled_from([(), ("one",), ("one", "two")])
tickets = st.builds(
    Ticket,
    ticket_id=st.just("t1"),
    number=st.just(7),
    subject=st.sampled_from(["Parcel", "Lost parcel"]),
    requester=st.builds(Requester, st.sampled_from(["r1", "r2"]), name=texts, email=texts),
    created_at=moments,
    updated_at=moments,
    mailbox=texts,
    status=st.sampled_from(["new", "open", "closed"]),
    priority=st.sampled_from(["low", "urgent"]),
    group=texts,
    agent=texts,
    tags=lists,
    fields=st.sampled_from([{}, {"order": "1"}]),
    sla_policy=texts,
    version=st.integers(1, 3),
    first_replied_at=st.none() | moments,
    closed_at=st.none() | moments,
    message_count=st.integers(0, 3),
    reopen_count=st.integers(0, 1),
    preview=texts,
    participants=lists,
    chain=lists,
    is_machine_waiting=st.booleans(),
    mailed_subject=texts,
)


@given(tickets, tickets)
def test_what_was_kept_and_the_change_make_what_is_kept(was: Ticket, ticket: Ticket) -> None:
    kept = new_ticket_document(was)
    update = ticket_update(was, ticket)
    kept.update(update["$set"])
    for name in update.get("$unset", ()):
        del kept[name]
    assert kept == new_ticket_document(ticket)


@given(tickets)
def test_a_ticket_is_read_as_it_was_kept(ticket: Ticket) -> None:
    assert ticket_of(new_ticket_document(ticket)) == ticket


def test_a_change_of_the_group_writes_nothing_else() -> None:
    ticket = Ticket("t1", 7, "Parcel", Requester("r1"), MONDAY, MONDAY, version=1)
    draft = ticket.next_version()
    draft.set("group", "g2", TUESDAY)
    assert ticket_update(ticket, draft) == {
        "$set": {"group": "g2", "held_by": ["group:g2"], "updated_at": TUESDAY, "version": 2}
    }


def test_a_message_keeps_what_is_new_in_it_and_an_old_one_has_none() -> None:
    message = Message(
        "m1", "t1", Actor("requester"), "Yes.\n> Come?", MONDAY, said="Yes.", said_html="<p>Yes.</p>"
    )
    document = message_document(message)
    assert message_of(document) == message
    for name in ("said", "said_html"):
        del document[name]
    assert (message_of(document).said, message_of(document).said_html) == ("", "")
