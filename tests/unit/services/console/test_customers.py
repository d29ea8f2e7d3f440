"""Customers in the console: found, on their card, changed, merged and parted."""

from dataclasses import replace

import pytest

from services.console.domain.customers import Customer, Identity, Question, question_of
from services.console.domain.tickets import MailReach
from tests.console_over_fakes import Visitor
from tests.fakes.console import MemoryDesk
from tests.fakes.console_samples import NOW

RAFAEL, HANNAH = "r48163", "r48198"


def _known_by(fakes: MemoryDesk, customer_id: str) -> list[str]:
    return [one.value for one in fakes.customers.get_customer(customer_id).identities]


def test_the_ticket_page_leads_to_the_card(kate: Visitor) -> None:
    assert f'href="/customers/{RAFAEL}"' in kate.get("/tickets/48163").text


def test_beside_a_ticket_stands_what_the_card_says_of_whoever_asks(kate: Visitor, fakes: MemoryDesk) -> None:
    assert f'hx-get="/customers/{RAFAEL}/brief"' in kate.get("/tickets/48163").text
    form: dict[str, object] = {
        "name": "Rafael T.", "language": "pt-BR", "internal": "yes", "organisation": "brightwave", "version": "0",
    }  # fmt: skip
    kate.post(f"/customers/{RAFAEL}/change", form, part=False)
    for n in range(4):
        kate.post(f"/customers/{RAFAEL}/notes", {"text": f"Note {n}.", "key": f"k{n}"}, part=False)
    shown = kate.get(f"/customers/{RAFAEL}/brief", part=True).text
    for expected in ("Brightwave Ltd", "Colleague", "pt-BR", "Note 3.", "Note 1."):
        assert expected in shown
    assert "Note 0." not in shown
    with fakes.outages.of("tickets"):
        assert "is not available" in kate.get(f"/customers/{RAFAEL}/brief", part=True).text


def test_a_card_shows_what_is_known_and_the_tickets(kate: Visitor) -> None:
    shown = kate.get(f"/customers/{RAFAEL}").text
    for part in ("Rafael Teixeira", "rafaelteixeira@post.example", "Cobrança em dobro", "Shop API"):
        assert part in shown


def test_nobodys_card_is_not_there(kate: Visitor) -> None:
    assert kate.get("/customers/nobody").status_code == 404


def test_a_claim_is_marked_and_leads_to_the_card_that_has_it(kate: Visitor, fakes: MemoryDesk) -> None:
    rafael = fakes.customers.customers[RAFAEL]
    claim = Identity("phone", "+442079460000", is_claim=True, held_by=HANNAH)
    fakes.customers.customers[RAFAEL] = _with(rafael, claim)
    shown = kate.get(f"/customers/{RAFAEL}").text
    assert "only claimed" in shown
    assert f'href="/customers/{RAFAEL}/merge?other={HANNAH}"' in shown


def test_an_address_where_mail_does_not_arrive_is_marked(kate: Visitor, fakes: MemoryDesk) -> None:
    rafael = fakes.customers.customers[RAFAEL]
    gone = Identity("email", "old@post.example", mail_reach=MailReach("bad", "5.1.1", NOW))
    fakes.customers.customers[RAFAEL] = _with(rafael, gone)
    assert "Mail does not arrive" in kate.get(f"/customers/{RAFAEL}").text


def _with(customer: Customer, identity: Identity) -> Customer:
    return replace(customer, identities=(*customer.identities, identity))


@pytest.mark.parametrize(
    ("typed", "question"),
    [
        (" ana@example.org ", Question(email="ana@example.org")),
        ("+44 (20) 7946-0000", Question(phone="+44 (20) 7946-0000")),
        ("8 921 123-45-67", Question(phone="8 921 123-45-67")),
        ("Rafael Tei*", Question(text="Rafael Tei*")),
        ("Route 66", Question(text="Route 66")),
        ("@work", Question(text="@work")),
    ],
)
def test_what_is_typed_is_taken_for_what_it_looks_like(typed: str, question: Question) -> None:
    assert question_of(typed) == question


def test_somebody_is_found_by_name_and_by_address(kate: Visitor) -> None:
    for typed in ("rafael", "rafaelteixeira@post.example"):
        assert f'href="/customers/{RAFAEL}"' in kate.get(f"/customers?q={typed}").text
    assert "Nobody here" in kate.get("/customers?q=nobody").text


def test_a_changed_card_says_so_and_by_whom(kate: Visitor, fakes: MemoryDesk) -> None:
    form: dict[str, object] = {
        "name": "Rafael T.", "language": "pt-BR", "internal": "yes", "organisation": "brightwave", "version": "0",
    }  # fmt: skip
    answer = kate.post(f"/customers/{RAFAEL}/change", form, part=False)
    assert (answer.status_code, answer.location) == (303, f"/customers/{RAFAEL}")
    shown = kate.get(f"/customers/{RAFAEL}").text
    for part in ("Rafael Teixeira → Rafael T.", "colleague", "pt-BR", "Brightwave Ltd"):
        assert part in shown
    # What was seen is of before.
    assert kate.post(f"/customers/{RAFAEL}/change", form, part=False).status_code == 409


def test_a_note_is_on_the_card_once_whatever_is_pressed_twice(kate: Visitor, fakes: MemoryDesk) -> None:
    for _ in range(2):
        kate.post(f"/customers/{RAFAEL}/notes", {"text": "Calls on <b>Fridays</b>.", "key": "k"}, part=False)
    assert kate.get(f"/customers/{RAFAEL}").text.count("Calls on &lt;b&gt;Fridays&lt;/b&gt;.") == 1


def test_identities_are_added_and_taken_away(kate: Visitor, fakes: MemoryDesk) -> None:
    form = {"kind": "phone", "value": "+442079460000", "do": "add"}
    assert kate.post(f"/customers/{RAFAEL}/identities", {**form}, part=False).status_code == 303
    assert "+442079460000" in _known_by(fakes, RAFAEL)
    kate.post(f"/customers/{RAFAEL}/identities", {**form, "do": "remove"}, part=False)
    assert "+442079460000" not in _known_by(fakes, RAFAEL)


def test_what_another_card_is_known_by_leads_to_the_merge(kate: Visitor) -> None:
    form: dict[str, object] = {"kind": "email", "value": "hannahbecker@post.example", "do": "add"}
    answer = kate.post(f"/customers/{RAFAEL}/identities", form, part=False)
    assert answer.status_code == 303
    assert f'href="/customers/{RAFAEL}/merge?other={HANNAH}"' in kate.get(answer.location or "").text


def test_two_are_compared_merged_and_parted(kate: Visitor, fakes: MemoryDesk) -> None:
    before = fakes.customers.get_customer(HANNAH)
    preview = kate.get(f"/customers/{RAFAEL}/merge?other={HANNAH}").text
    assert preview.count("hannahbecker@post.example") == 2
    assert fakes.customers.get_customer(HANNAH) == before
    form: dict[str, object] = {"other": HANNAH, "version": "0", "other_version": "0", "key": "k"}
    assert kate.post(f"/customers/{RAFAEL}/merge", form, part=False).status_code == 303
    merged = kate.get(f"/customers/{HANNAH}").text
    assert "Merged into this card" in merged
    assert "This customer was merged into this card." in merged
    merge_id = fakes.customers.get_customer(RAFAEL).merges[0].merge_id
    undo: dict[str, object] = {"merged": HANNAH, "merge": merge_id, "key": "k"}
    assert kate.post(f"/customers/{RAFAEL}/undo-merge", undo, part=False).status_code == 303
    assert fakes.customers.get_customer(HANNAH) == before


def test_cards_that_somebody_changed_after_they_were_seen_are_not_merged(
    kate: Visitor, fakes: MemoryDesk
) -> None:
    kate.post(f"/customers/{HANNAH}/notes", {"text": "Moved."}, part=False)
    form: dict[str, object] = {"other": HANNAH, "version": "0", "other_version": "0"}
    assert kate.post(f"/customers/{RAFAEL}/merge", form, part=False).status_code == 409
    assert fakes.customers.get_customer(HANNAH).customer_id == HANNAH


def test_who_only_reads_is_offered_nothing_and_may_nothing(yulia: Visitor) -> None:
    assert 'method="post"' not in yulia.get(f"/customers/{RAFAEL}").text
    for path in ("change", "notes", "identities", "merge", "undo-merge"):
        assert yulia.post(f"/customers/{RAFAEL}/{path}", {}, part=False).status_code == 403


def test_an_administrator_makes_an_organisation_of_its_domains(kate: Visitor, fakes: MemoryDesk) -> None:
    form: dict[str, object] = {"name": "Acme", "domains": "acme.example, acme.test", "own": "1"}
    answer = kate.post("/organisations", form, part=False)
    assert (answer.status_code, answer.location) == (303, "/organisations/acme")
    assert fakes.customers.organisations["acme"].domains == ("acme.example", "acme.test")
    assert "our own" in kate.get("/organisations/acme").text
    assert kate.get("/organisations/nobody").status_code == 404


def test_what_is_wrong_with_an_organisation_is_said_above_what_was_typed(kate: Visitor) -> None:
    answer = kate.post("/organisations", {"name": "Acme", "domains": "brightwave.example"}, part=False)
    assert answer.status_code == 422
    assert "organisation brightwave has the domain" in answer.text
    assert 'value="brightwave.example"' in answer.text


def test_only_an_administrator_changes_organisations(stranger: Visitor) -> None:
    stranger.sign_in("dmitry.orlov@northline.example")
    assert 'method="post"' not in stranger.get("/organisations").text
    assert stranger.post("/organisations", {"name": "Acme"}, part=False).status_code == 403
