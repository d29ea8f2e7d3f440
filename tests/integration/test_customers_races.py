"""Messages and people who write to the same card at once, on a real store."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from services.tickets.adapters.mongo.requesters import MongoRequesters
from services.tickets.domain.commands import CreateTicket, Sender
from services.tickets.domain.customer_commands import AddIdentity, MergeCustomers, UpdateCustomer
from services.tickets.domain.people import API, Actor
from tests.builders import a_message
from tests.integration.tickets_on_mongo import MongoDesk, store_of_tickets

BY = Actor(API, "test", "test")


@pytest.fixture
def desk(mongo_url: str) -> Iterator[MongoDesk]:
    with store_of_tickets(mongo_url) as database:
        yield MongoDesk(database)


def _meanwhile(monkeypatch: pytest.MonkeyPatch, what: Callable[[], object]) -> None:
    """Let it happen once, after the next batch has read its requesters and before it writes."""
    flush = MongoRequesters.flush

    def flushing(self: MongoRequesters) -> None:
        monkeypatch.setattr(MongoRequesters, "flush", flush)
        what()
        flush(self)

    monkeypatch.setattr(MongoRequesters, "flush", flushing)


def _row(desk: MongoDesk, customer_id: str) -> dict[str, Any]:
    row = desk.database["requesters"].find_one({"_id": customer_id})
    assert row is not None
    return row


def test_a_name_by_hand_outlasts_a_message_that_was_being_read(
    desk: MongoDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.run(CreateTicket(BY, Sender(email="ana@example.org"), "Parcel", "Where is it?"))
    ana = desk.opened()[0].requester.requester_id
    _meanwhile(monkeypatch, lambda: desk.run(UpdateCustomer(BY, ana, {"name": "Ana Ribeiro"})))
    desk.run(a_message(sender="ana@example.org"))
    assert _row(desk, ana)["name"] == "Ana Ribeiro"
    assert desk.opened()[1].requester.name == "Ana Ribeiro"


def test_what_a_message_teaches_outlasts_a_change_by_hand_and_the_other_way_round(
    desk: MongoDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.run(a_message(sender="ana@example.org"))
    ana = desk.opened()[0].requester.requester_id
    identity = AddIdentity(BY, ana, "email", "ana@home.example")
    _meanwhile(monkeypatch, lambda: desk.run(identity))
    known = Sender(email="ana@example.org", external_id="crm-7")
    desk.run(CreateTicket(BY, known, "Parcel", "Where is it?"))
    row = _row(desk, ana)
    assert sorted(row["keys"]) == ["e:ana@example.org", "e:ana@home.example", "x::crm-7"]
    assert sorted(key for key, _, _ in row["learnt"]) == ["e:ana@home.example", "x::crm-7"]


def test_a_key_that_a_message_and_a_person_give_to_two_cards_at_once_is_ones(
    desk: MongoDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.run(a_message(sender="ana@example.org"))
    ana = desk.opened()[0].requester.requester_id
    identity = AddIdentity(BY, ana, "email", "new@example.org")
    _meanwhile(monkeypatch, lambda: desk.run(identity))
    desk.run(a_message(sender="new@example.org"))
    assert desk.opened()[1].requester.requester_id == ana
    assert desk.database["requesters"].count_documents({}) == 1


def test_a_message_that_comes_while_its_sender_is_merged_is_on_the_card(
    desk: MongoDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for sender in ("ana@example.org", "ana@work.example"):
        desk.run(a_message(sender=sender))
    ana, work = (ticket.requester.requester_id for ticket in desk.opened())
    _meanwhile(monkeypatch, lambda: desk.run(MergeCustomers(BY, ana, work)))
    desk.run(a_message(sender="ana@work.example"))
    assert desk.opened()[2].requester.requester_id == work
    assert _row(desk, work)["card"] == ana
    assert _row(desk, ana)["members"] == [work]


def test_who_types_another_number_into_every_form_is_remembered_with_fifty(desk: MongoDesk) -> None:
    for n in range(60):
        message = a_message(sender="ana@example.org", after=timedelta(hours=n))
        message.sender = Sender(email="ana@example.org", phone=f"+4420794600{n:02}")
        desk.run(message)
    (row,) = desk.database["requesters"].find()
    assert sum(one.startswith("p:") for one in row["found_by"]) == 50
    assert len(row["learnt"]) == 49
    assert row["keys"] == ["e:ana@example.org"]


def test_a_person_is_known_by_at_most_two_hundred(desk: MongoDesk) -> None:
    for n in range(205):
        desk.run(CreateTicket(BY, Sender(email=f"a{n}@example.org", external_id="crm-7"), "Parcel", "?"))
    rows = list(desk.database["requesters"].find())
    assert max(len(row["keys"]) for row in rows) == 200
    assert {ticket.requester.requester_id for ticket in desk.opened()} == {rows[0]["_id"]}
