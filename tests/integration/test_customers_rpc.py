"""CustomersService as another system meets it."""

from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from relaydesk.tickets.v1 import accounts_pb2, customers_pb2
from tests.integration.customers_desk import CustomersDesk, proven, refusal
from tests.integration.tickets_desk import TicketsDesk


@pytest.fixture
def desk(vhost: str, mongo_url: str, database_prefix: str) -> Iterator[CustomersDesk]:
    tickets = TicketsDesk(vhost, mongo_url, database_prefix)
    yield CustomersDesk(tickets, tickets.serve())
    tickets.stop()


def _claims(card: customers_pb2.Customer) -> list[tuple[str, str]]:
    return [(one.value, one.held_by) for one in card.identities if one.is_claim]


# ---------------------------------------------------------------------------------------------------------- identities


def test_a_card_says_since_when_and_by_what_channel_somebody_is_known(desk: CustomersDesk) -> None:
    card = desk.card(desk.mail("ana@example.org"))
    assert (card.name, card.email, card.channel, card.ticket_count) == (
        "Ana",
        "ana@example.org",
        "support",
        1,
    )
    (identity,) = card.identities
    assert (identity.kind, identity.channel, identity.is_claim) == ("email", "support", False)
    assert identity.known_since.seconds == card.created_at.seconds > 0


def test_a_message_by_an_added_identity_reaches_the_card(desk: CustomersDesk) -> None:
    ana = desk.mail("ana@example.org")
    card = desk.add_identity(ana, kind="email", value="Ana@Home.Example")
    assert proven(card) == {"ana@example.org", "ana@home.example"}
    assert desk.mail("ana@home.example") == ana
    assert desk.desk.tickets()[-1]["requester"]["email"] == "ana@home.example"


def test_what_another_card_is_known_by_cannot_be_added(desk: CustomersDesk) -> None:
    ana, bo = desk.mail("ana@example.org"), desk.mail("bo@example.org")
    request = customers_pb2.AddIdentityRequest(
        customer_id=ana, identity=customers_pb2.Identity(kind="email", value="bo@example.org")
    )
    assert refusal(desk.client, "AddIdentity", request)[0] == "ALREADY_EXISTS"
    assert desk.card(bo).email == "bo@example.org"


def test_a_claimed_phone_is_shown_as_such_with_the_card_that_has_it(desk: CustomersDesk) -> None:
    ana, bo = desk.asker(phone="+442079460000"), desk.asker(email="bo@example.org")
    desk.desk.database["requesters"].update_one({"_id": bo}, {"$set": {"found_by": ["p:+442079460000"]}})
    assert _claims(desk.card(bo)) == [("+442079460000", ana)]
    assert desk.find(phone="+44 20 7946 0000") == [ana, bo]


def test_a_claim_becomes_known_once_somebody_says_it_is_true(desk: CustomersDesk) -> None:
    bo = desk.asker(email="bo@example.org")
    desk.desk.database["requesters"].update_one({"_id": bo}, {"$set": {"found_by": ["p:+442079460000"]}})
    card = desk.add_identity(bo, kind="phone", value="+44 20 7946 0000")
    assert (_claims(card), proven(card)) == ([], {"bo@example.org", "+442079460000"})
    assert desk.asker(phone="+442079460000") == bo


def test_who_was_known_by_a_removed_identity_is_somebody_else_from_then_on(desk: CustomersDesk) -> None:
    ana = desk.mail("ana@example.org")
    identity = customers_pb2.Identity(kind="email", value="ana@example.org")
    request = customers_pb2.RemoveIdentityRequest(customer_id=ana, identity=identity)
    card = desk.client.ask("RemoveIdentity", request).customer
    assert (card.email, list(card.identities)) == ("", [])
    assert desk.mail("ana@example.org") != ana
    assert refusal(desk.client, "RemoveIdentity", request)[0] == "NOT_FOUND"


def test_two_cards_without_any_identity_can_be(desk: CustomersDesk) -> None:
    for sender in ("ana@example.org", "bo@example.org"):
        identity = customers_pb2.Identity(kind="email", value=sender)
        request = customers_pb2.RemoveIdentityRequest(customer_id=desk.mail(sender), identity=identity)
        assert not desk.client.ask("RemoveIdentity", request).customer.identities


@pytest.mark.parametrize(
    ("identity", "field"),
    [
        ({"kind": "email", "value": "nobody"}, "identity.value"),
        ({"kind": "phone", "value": "101"}, "identity.value"),
        ({"kind": "fax", "value": "1"}, "identity.kind"),
        ({"kind": "external_id", "value": " "}, "identity.value"),
        ({"kind": "external_id", "value": "7", "scope": "a:b"}, "identity.scope"),
    ],
)
def test_what_is_no_identity_is_refused_by_its_field(
    desk: CustomersDesk, identity: dict[str, Any], field: str
) -> None:
    request = customers_pb2.AddIdentityRequest(
        customer_id=desk.asker(email="ana@example.org"), identity=customers_pb2.Identity(**identity)
    )
    assert refusal(desk.client, "AddIdentity", request) == ("INVALID_ARGUMENT", [field])


# ------------------------------------------------------------------------------------------------------------- changes


def test_a_change_is_in_the_log_with_who_and_what_before(desk: CustomersDesk) -> None:
    ana = desk.mail("ana@example.org")
    desk.client.ask("SaveGroup", accounts_pb2.SaveGroupRequest(group=accounts_pb2.Group(name="Money")))
    agent = accounts_pb2.Agent(name="Kate Stone", email="kate@demo.example", groups=["money"])
    kate = desk.client.ask("SaveAgent", accounts_pb2.SaveAgentRequest(agent=agent)).agent.id
    hers = CustomersDesk(desk.desk, desk.client.as_role("agent", kate))
    card = hers.update(ana, name="Ana Ribeiro", language="pt-BR")
    assert (card.name, card.language, card.version) == ("Ana Ribeiro", "pt-BR", 1)
    (change,) = desk.changes(ana)
    assert (change.fact, change.actor.id, change.actor.name) == (
        "CustomerUpdated",
        "kate-stone",
        "Kate Stone",
    )
    assert [(one.field, one.old, one.new) for one in change.changes] == [
        ("name", "Ana", "Ana Ribeiro"),
        ("language", "", "pt-BR"),
    ]


def test_a_name_by_hand_outlasts_what_mails_say(desk: CustomersDesk) -> None:
    ana = desk.asker(email="ana@example.org")
    desk.update(ana, name="Ana Ribeiro")
    desk.mail("ana@example.org")
    assert desk.card(ana).name == "Ana Ribeiro"
    assert desk.desk.tickets()[-1]["requester"]["name"] == "Ana Ribeiro"


def test_a_card_that_is_as_wanted_already_gets_no_version(desk: CustomersDesk) -> None:
    ana = desk.mail("ana@example.org")
    assert desk.update(ana, name="Ana").version == 0
    assert desk.changes(ana) == []


def test_whoever_saw_an_older_version_is_told(desk: CustomersDesk) -> None:
    ana = desk.mail("ana@example.org")
    desk.update(ana, name="Ana Ribeiro")
    desk.update(ana, name="Ana R.")
    request = customers_pb2.UpdateCustomerRequest(
        customer=customers_pb2.Customer(id=ana, name="Anna"),
        update_mask=FieldMask(paths=["name"]),
        expected_version=1,
    )
    assert refusal(desk.client, "UpdateCustomer", request)[0] == "ABORTED"


def test_all_mistakes_are_told_at_once_by_their_fields(desk: CustomersDesk) -> None:
    wire = customers_pb2.Customer(
        id=desk.mail("ana@example.org"),
        name="x" * 300,
        language="portuguese",
        internal_by_hand="maybe",
        organisation_by_hand="nowhere",
    )
    names = ["name", "language", "internal_by_hand", "organisation_by_hand"]
    request = customers_pb2.UpdateCustomerRequest(customer=wire, update_mask=FieldMask(paths=names))
    assert refusal(desk.client, "UpdateCustomer", request) == (
        "INVALID_ARGUMENT",
        [f"customer.{name}" for name in names],
    )


def test_a_repeated_note_with_the_same_key_is_one(desk: CustomersDesk) -> None:
    ana = desk.mail("ana@example.org")
    for _ in range(2):
        request = customers_pb2.AddNoteRequest(
            idempotency_key="n1", customer_id=ana, text="Calls on Fridays."
        )
        desk.client.ask("AddNote", request)
    (note,) = desk.changes(ana, notes_only=True)
    assert (note.text, note.version) == ("Calls on Fridays.", 1)


# ------------------------------------------------------------------------------------------ organisations, colleagues


def test_somebody_is_of_the_organisation_whose_domain_the_address_has(desk: CustomersDesk) -> None:
    people = [desk.mail(sender) for sender in ("ana@acme.example", "bo@mail.acme.example", "cy@gmail.com")]
    acme = desk.organisation("Acme", "ACME.example")
    assert (acme.id, list(acme.domains)) == ("acme", ["acme.example"])
    assert [desk.card(one).organisation.name for one in people] == ["Acme", "Acme", ""]
    listed = desk.client.ask("ListCustomers", customers_pb2.ListCustomersRequest(organisation="acme"))
    assert [one.id for one in listed.customers] == [people[1], people[0]]


def test_an_organisation_by_hand_counts_before_the_domains(desk: CustomersDesk) -> None:
    ana = desk.mail("ana@gmail.com")
    acme = desk.organisation("Acme", "acme.example")
    card = desk.update(ana, organisation_by_hand=acme.id)
    assert (card.organisation.name, card.organisation_by_hand) == ("Acme", "acme")
    listed = desk.client.ask("ListCustomers", customers_pb2.ListCustomersRequest(organisation="acme"))
    assert [one.id for one in listed.customers] == [ana]
    assert not desk.update(ana, organisation_by_hand="").HasField("organisation")


@pytest.mark.parametrize("domain", ["gmail.com", "mail.ru", "co.uk", "acme", "a b.example"])
def test_a_domain_that_is_nobodys_own_makes_no_organisation(desk: CustomersDesk, domain: str) -> None:
    wire = customers_pb2.Organisation(name="Acme", domains=[domain])
    status, fields = refusal(
        desk.client, "SaveOrganisation", customers_pb2.SaveOrganisationRequest(organisation=wire)
    )
    assert (status, set(fields)) == ("INVALID_ARGUMENT", {"organisation.domains"})
    assert not desk.client.ask("ListOrganisations", customers_pb2.ListOrganisationsRequest()).organisations


def test_a_domain_belongs_to_one_organisation(desk: CustomersDesk) -> None:
    acme = desk.organisation("Acme", "acme.example")
    other = customers_pb2.Organisation(name="Other", domains=["acme.example"])
    request = customers_pb2.SaveOrganisationRequest(organisation=other)
    assert refusal(desk.client, "SaveOrganisation", request)[0] == "ALREADY_EXISTS"
    desk.organisation("Acme", id=acme.id)
    assert desk.organisation("Other", "acme.example").id == "other"
    assert desk.organisation("Other").id not in ("other", "")


def test_who_changed_what_of_an_organisation_is_kept(desk: CustomersDesk) -> None:
    acme = desk.organisation("Acme", "acme.example")
    desk.organisation("Other", "other.example")
    desk.organisation("Acme", "acme.example", id=acme.id)
    desk.organisation("Acme Ltd", "acme.example", "acme.co.uk", id=acme.id, is_own=True)
    desk.organisation("Acme Ltd", id=acme.id)
    changes = _organisation_changes(desk, organisation_id=acme.id)
    assert [[(step.field, step.old, step.new) for step in one.changes] for one in changes] == [
        [("domains", "acme.co.uk,acme.example", ""), ("is_own", "true", "")],
        [
            ("name", "Acme", "Acme Ltd"),
            ("domains", "acme.example", "acme.co.uk,acme.example"),
            ("is_own", "", "true"),
        ],
        [("name", "", "Acme"), ("domains", "", "acme.example")],
    ]
    assert {one.organisation_id for one in changes} == {acme.id}
    assert all(one.actor.kind and one.changed_at.seconds for one in changes)
    assert len(_organisation_changes(desk, page_size=1)) == 4


def _organisation_changes(desk: CustomersDesk, **request: Any) -> list[customers_pb2.OrganisationChange]:
    """What all pages hold."""
    found: list[customers_pb2.OrganisationChange] = []
    asked = customers_pb2.ListOrganisationChangesRequest(**request)
    while True:
        page = desk.client.ask("ListOrganisationChanges", asked)
        found += page.changes
        asked.page_token = page.next_page_token
        if not asked.page_token:
            return found


def test_agents_and_people_of_our_own_domains_are_internal_unless_somebody_says_otherwise(
    desk: CustomersDesk,
) -> None:
    agent = accounts_pb2.Agent(name="Kate", email="kate@elsewhere.example")
    desk.client.ask("SaveAgent", accounts_pb2.SaveAgentRequest(agent=agent))
    desk.organisation("We", "demo.example", is_own=True)
    senders = ("kate@elsewhere.example", "bo@demo.example", "ana@example.org")
    kate, bo, ana = [desk.mail(sender) for sender in senders]
    assert [(desk.card(one).internal, desk.card(one).internal_reason) for one in (kate, bo, ana)] == [
        (True, "agent"),
        (True, "organisation"),
        (False, ""),
    ]
    assert desk.update(bo, internal_by_hand="no").internal is False
    assert desk.update(ana, internal_by_hand="yes").internal_reason == "by_hand"


def test_an_address_that_is_only_claimed_makes_nobody_a_colleague(desk: CustomersDesk) -> None:
    desk.organisation("We", "demo.example", is_own=True)
    visitor = desk.mail("", channel_id="site", channel_kind="json", author=_author("v7", "boss@demo.example"))
    card = desk.card(visitor)
    assert (card.internal, card.HasField("organisation")) == (False, False)
    assert _claims(card) == [("boss@demo.example", "")]


def _author(external_id: str, email: str) -> Any:
    from relaydesk.ingest.v1 import events_pb2

    return events_pb2.Author(external_id=external_id, email=email)


# ------------------------------------------------------------------------------------------------------ finding, pages


def test_somebody_is_found_by_address_phone_id_and_words(desk: CustomersDesk) -> None:
    ana = desk.asker(name="Ana Lúcia Ribeiro", email="ana@example.org", phone="+442079460000")
    crm = desk.asker(name="Ana Costa", external_id="crm-7")
    assert desk.find(email="ANA@example.org") == [ana]
    assert desk.find(phone="+44 (20) 7946-0000") == [ana]
    assert desk.find(external_id="crm-7") == [crm]
    assert desk.find(text="ribeiro lucia") == [ana]
    assert desk.find(text="ana") == [crm, ana]
    assert desk.find(text="rib*") == [ana]
    assert desk.find(text="nobody") == []


def test_a_new_name_is_found_and_the_old_is_not(desk: CustomersDesk) -> None:
    ana = desk.mail("ana@example.org")
    desk.update(ana, name="Anna Schmidt")
    assert (desk.find(text="schmidt"), desk.find(text="ana")) == ([ana], [])


def test_a_merged_one_is_found_as_the_card_it_is_on(desk: CustomersDesk) -> None:
    ana, work = desk.mail("ana@example.org"), desk.mail("ana@work.example")
    desk.merge(ana, work)
    assert desk.find(email="ana@work.example") == desk.find(text="ana") == [ana]


@pytest.mark.parametrize("wanted", [{}, {"email": "a@b.c", "text": "ana"}, {"email": "ana"}, {"phone": "12"}])
def test_a_question_that_cannot_be_answered_is_refused(desk: CustomersDesk, wanted: dict[str, str]) -> None:
    request = customers_pb2.FindCustomersRequest(**wanted)
    assert refusal(desk.client, "FindCustomers", request)[0] == "INVALID_ARGUMENT"


def test_pages_hold_each_card_once_newest_first_and_no_merged_one(desk: CustomersDesk) -> None:
    people = [desk.asker(email=f"p{n}@example.org") for n in range(6)]
    desk.merge(people[0], people[3])
    assert _listed(desk) == [people[5], people[4], people[2], people[1], people[0]]


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_an_organisations_pages_hold_a_merged_card_once_at_its_newest(desk: CustomersDesk, size: int) -> None:
    people = [desk.asker(email=f"p{n}@acme.example") for n in range(5)]
    outsider = desk.asker(email="p@example.org")
    acme = desk.organisation("Acme", "acme.example")
    desk.merge(people[0], people[3])
    desk.merge(people[1], outsider)
    wanted = [people[4], people[0], people[2], people[1]]
    assert _listed(desk, organisation=acme.id, page_size=size) == wanted


def _listed(desk: CustomersDesk, **request: Any) -> list[str]:
    """Whom all pages hold."""
    listed: list[str] = []
    asked = customers_pb2.ListCustomersRequest(**{"page_size": 2, **request})
    while True:
        page = desk.client.ask("ListCustomers", asked)
        listed += [one.id for one in page.customers]
        asked.page_token = page.next_page_token
        if not asked.page_token:
            return listed


def test_a_page_token_of_another_list_is_refused(desk: CustomersDesk) -> None:
    for n in range(2):
        desk.asker(email=f"p{n}@example.org")
    token = desk.client.ask("ListCustomers", customers_pb2.ListCustomersRequest(page_size=1)).next_page_token
    request = customers_pb2.ListCustomersRequest(page_token=token, organisation="acme")
    assert refusal(desk.client, "ListCustomers", request) == ("INVALID_ARGUMENT", ["page_token"])


# -------------------------------------------------------------------------------------------------------------- access


def test_who_only_reads_reads_and_organisations_are_an_administrators(desk: CustomersDesk) -> None:
    ana = desk.mail("ana@example.org")
    reader = desk.client.as_role("read_only")
    assert reader.ask("GetCustomer", customers_pb2.GetCustomerRequest(id=ana)).customer.id == ana
    note = customers_pb2.AddNoteRequest(customer_id=ana, text="x")
    assert refusal(reader, "AddNote", note)[0] == "PERMISSION_DENIED"
    wire = accounts_pb2.Agent(name="Kate", email="kate@demo.example")
    kate = desk.client.ask("SaveAgent", accounts_pb2.SaveAgentRequest(agent=wire)).agent.id
    agent = desk.client.as_role("agent", kate)
    agent.ask("AddNote", note)
    save = customers_pb2.SaveOrganisationRequest(organisation=customers_pb2.Organisation(name="Acme"))
    assert refusal(agent, "SaveOrganisation", save)[0] == "PERMISSION_DENIED"
    log = customers_pb2.ListOrganisationChangesRequest()
    assert refusal(agent, "ListOrganisationChanges", log)[0] == "PERMISSION_DENIED"


def test_the_service_describes_itself_by_reflection(desk: CustomersDesk) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{desk.client.port}") as channel:
        described = ProtoReflectionDescriptorDatabase(channel)
        assert "relaydesk.tickets.v1.CustomersService" in described.get_services()
