"""The console's port Customers over a real tickets service."""

from collections.abc import Iterator

import pytest

from chassis.errors import AlreadyExists, Conflict, FailedPrecondition, NotFound
from chassis.rpc import channel
from relaydesk.tickets.v1 import accounts_pb2
from services.console.adapters.calls import Caller
from services.console.adapters.customers import GrpcCustomers
from services.console.domain.customers import CustomerEdit, Identity, Organisation, Question
from tests.integration.customers_desk import CustomersDesk
from tests.integration.tickets_desk import INTERNAL, TicketsDesk

KATE = "kate-stone"


@pytest.fixture
def desk(vhost: str, mongo_url: str, database_prefix: str) -> Iterator[CustomersDesk]:
    tickets = TicketsDesk(vhost, mongo_url, database_prefix)
    desk = CustomersDesk(tickets, tickets.serve())
    agent = accounts_pb2.Agent(name="Kate Stone", email="kate@demo.example")
    desk.client.ask("SaveAgent", accounts_pb2.SaveAgentRequest(agent=agent))
    yield desk
    tickets.stop()


@pytest.fixture
def customers(desk: CustomersDesk) -> Iterator[GrpcCustomers]:
    with channel(f"127.0.0.1:{desk.client.port}", INTERNAL) as opened:
        yield GrpcCustomers(opened, Caller("tickets"))


def test_a_card_is_read_changed_and_told_of_by_whom(desk: CustomersDesk, customers: GrpcCustomers) -> None:
    ana = desk.asker(name="Ana", email="ana@acme.example", phone="+442079460000")
    desk.organisation("Acme", "acme.example")
    card = customers.get_customer(ana)
    assert card.organisation is not None
    assert (card.called, card.organisation.name, card.ticket_count, card.version) == ("Ana", "Acme", 1, 0)
    assert [(one.kind, one.value) for one in card.identities] == [
        ("email", "ana@acme.example"),
        ("phone", "+442079460000"),
    ]
    edit = CustomerEdit(name="Ana Ribeiro", internal_by_hand="yes")
    now = customers.update_customer(ana, edit, expected_version=0, key="u1", agent_id=KATE)
    assert (now.name, now.is_internal, now.internal_reason, now.version) == (
        "Ana Ribeiro",
        True,
        "by_hand",
        1,
    )
    with pytest.raises(Conflict):
        customers.update_customer(ana, CustomerEdit(name="A."), expected_version=0, key="u2", agent_id=KATE)
    customers.add_note(ana, "Calls on Fridays.", key="n1", agent_id=KATE)
    note, change = customers.list_customer_changes(ana)
    assert (note.fact, note.text, note.actor.name) == ("NoteAdded", "Calls on Fridays.", "Kate Stone")
    assert [(step.name, step.old, step.new) for step in change.changes] == [
        ("name", "Ana", "Ana Ribeiro"),
        ("internal_by_hand", "", "yes"),
    ]
    with pytest.raises(NotFound):
        customers.get_customer("nobody")


def test_two_cards_are_tried_merged_and_parted(desk: CustomersDesk, customers: GrpcCustomers) -> None:
    ana, work = desk.asker(email="ana@example.org"), desk.asker(name="Ana at work", email="ana@work.example")
    taken = Identity("email", "ana@work.example")
    with pytest.raises(AlreadyExists):
        customers.add_identity(ana, taken, key="i1", agent_id=KATE)
    assert len(customers.try_merge(ana, work).identities) == 2
    seen = customers.get_customer(ana), customers.get_customer(work)
    customers.add_note(work, "Moved.", key="n1", agent_id=KATE)
    with pytest.raises(Conflict):
        customers.merge_customers(*seen, key="m1", agent_id=KATE)
    seen = customers.get_customer(ana), customers.get_customer(work)
    customers.merge_customers(*seen, key="m2", agent_id=KATE)
    (merge,) = customers.get_customer(work).merges
    assert (merge.customer_id, merge.name, merge.actor.name) == (work, "Ana at work", "Kate Stone")
    assert customers.undo_merge(work, merge.merge_id, key="d1", agent_id=KATE).customer_id == work
    with pytest.raises(FailedPrecondition):
        customers.undo_merge(work, merge.merge_id, key="d2", agent_id=KATE)


def test_people_are_listed_found_and_known_by_more(desk: CustomersDesk, customers: GrpcCustomers) -> None:
    ana = desk.asker(name="Ana", email="ana@example.org")
    home = Identity("email", "ana@home.example")
    assert len(customers.add_identity(ana, home, key="i1", agent_id=KATE).identities) == 2
    for question in (Question(email="ana@home.example"), Question(text="an*")):
        assert [one.customer_id for one in customers.find_customers(question)] == [ana]
    assert [one.customer_id for one in customers.list_customers().customers] == [ana]
    assert len(customers.remove_identity(ana, home, key="i2", agent_id=KATE).identities) == 1
    assert customers.find_customers(Question(email="ana@home.example")) == ()


def test_an_organisation_is_made_and_changed(customers: GrpcCustomers) -> None:
    made = customers.save_organisation(Organisation("", "Acme", ("ACME.example",)), key="o1", agent_id="")
    assert made == Organisation("acme", "Acme", ("acme.example",))
    changed = Organisation("acme", "Acme Ltd", (), is_own=True)
    assert customers.save_organisation(changed, key="o2", agent_id="") == changed
    assert customers.list_organisations() == (changed,)
