"""What a card says of a person and of those who were made one with them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from services.tickets.domain.cards import Card
from services.tickets.domain.customers import Customer, Learnt, Merging, is_language, merged_below
from services.tickets.domain.identities import Identity
from services.tickets.domain.organisations import Organisation, Organisations
from services.tickets.domain.people import THE_SYSTEM
from services.tickets.domain.reach import BAD, REACHED, Reach

AT = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
ACME = Organisation("acme", "Acme", ("acme.example",))
US = Organisation("us", "We", ("demo.example",), is_own=True)


def a_card(*customers: Customer, agents: Sequence[str] = ()) -> Card:
    return Card(customers, Organisations([ACME, US]), agents.__contains__)


def merged(customer_id: str, into_id: str) -> Customer:
    return Customer(customer_id, merging=Merging(f"m-{customer_id}", into_id, AT, THE_SYSTEM), card_id="a")


def test_what_the_kept_one_lacks_the_merged_ones_say() -> None:
    card = a_card(Customer("a", name="Ana"), Customer("b", name="Anna", phone="+442079460000", language="pt"))
    assert (card.name, card.phone, card.language, card.email) == ("Ana", "+442079460000", "pt", "")


def test_identities_say_since_when_and_with_whom_they_came() -> None:
    home = Identity("email", "ana@home.example")
    ana = Customer(
        "a", email="ana@acme.example", keys=("e:ana@acme.example",), created_at=AT, channel="support"
    )
    ana = ana.with_identity(home, AT + timedelta(days=1))
    found = a_card(ana, Customer("b", keys=("x:telegram/*:7",))).identities
    assert [(one.identity.value, one.customer_id, one.channel, one.since) for one in found] == [
        ("ana@acme.example", "a", "support", AT),
        ("ana@home.example", "a", "", AT + timedelta(days=1)),
        ("7", "b", "", None),
    ]


def test_what_is_proven_on_one_side_of_the_card_is_no_claim_of_the_other() -> None:
    card = a_card(Customer("a", claims=("p:+442079460000",)), Customer("b", keys=("p:+442079460000",)))
    assert [(one.identity.value, one.is_claim) for one in card.identities] == [("+442079460000", False)]


def test_bounces_are_told_of_the_address_they_came_from() -> None:
    ana = Customer("a", keys=("e:ana@acme.example",), email="ana@acme.example")
    gone = Customer(
        "b",
        keys=("e:old@acme.example",),
        email="old@acme.example",
        reaches={"old@acme.example": Reach(BAD, "5.1.1", AT)},
    )
    assert [one.reach.state for one in a_card(ana, gone).identities] == [REACHED.state, BAD]


def test_a_removed_address_gives_its_place_to_the_next() -> None:
    ana = Customer("a", email="a@x.example", keys=("e:a@x.example", "e:b@x.example"))
    ana = Customer(
        "a",
        email="a@x.example",
        keys=ana.keys,
        learnt={"e:a@x.example": Learnt(AT)},
        claims=("p:+442079460000",),
    )
    left = ana.without_identity(Identity("email", "a@x.example"))
    assert (left.email, left.keys, left.learnt) == ("b@x.example", ("e:b@x.example",), {})
    assert left.without_identity(Identity("phone", "+442079460000")).claims == ()


def test_the_organisation_is_that_of_the_first_proven_address_that_has_one() -> None:
    free = Customer("a", email="ana@gmail.com", keys=("e:ana@gmail.com",))
    work = Customer("b", email="ana@mail.acme.example", keys=("e:ana@mail.acme.example",))
    assert a_card(free).organisation is None
    assert a_card(free, work).organisation == ACME
    assert a_card(Customer("c", email="boss@acme.example")).organisation is None


def test_one_of_us_is_an_agent_one_of_our_domains_or_who_is_said_to_be() -> None:
    kate = Customer("k", keys=("e:kate@elsewhere.example",))
    bo = Customer("b", keys=("e:bo@demo.example",))
    assert a_card(kate, agents=["kate@elsewhere.example"]).internal == (True, "agent")
    assert a_card(bo).internal == (True, "organisation")
    assert a_card(Customer("c", keys=bo.keys, internal_by_hand="no")).internal == (False, "by_hand")
    assert a_card(kate).internal == (False, "")


def test_with_a_customer_goes_who_was_merged_into_them_and_nobody_else() -> None:
    members = [merged("b", "a"), merged("c", "b"), merged("d", "c"), merged("e", "a")]
    assert merged_below("b", members) == ("c", "d")
    assert merged_below("e", members) == ()


def test_languages_are_as_bcp_47_writes_them() -> None:
    assert all(map(is_language, ("pt", "pt-BR", "sr-Latn-RS", "es-419")))
    assert not any(map(is_language, ("", "PT", "portuguese", "pt_BR", "pt-br")))
