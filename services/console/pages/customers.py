"""People who ask: looked for, on their card, and two of them made one."""

from dataclasses import dataclass

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as WerkzeugResponse

from chassis.errors import AlreadyExists, InvalidField, NotFound
from chassis.ids import new_id
from services.console.domain.customers import (
    BY_HAND,
    IDENTITY_KINDS,
    Customer,
    CustomerEdit,
    CustomerPage,
    Identity,
    question_of,
)
from services.console.domain.tickets import Filter
from services.console.pages.frame import Console, page
from services.console.pages.part import Part, part
from services.console.pages.query import address, parse
from services.console.pages.ticket import one_of, writer

_LISTED = 30
_NOTES = 3


@dataclass(frozen=True, slots=True)
class CustomersQuery:
    """What is looked for, or the page of the list of all or of an organisation."""

    q: str = ""
    organisation: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class CardQuery:
    """The page of the card's tickets."""

    after: str = ""


@dataclass(frozen=True, slots=True)
class MergeQuery:
    """Whom to merge into the card: looked for, or already found."""

    q: str = ""
    other: str = ""


def blueprint(console: Console) -> Blueprint:
    pages = Blueprint("customers", __name__)
    add_reading(pages, console)
    add_writing(pages, console)
    return pages


def add_reading(pages: Blueprint, console: Console) -> None:
    """The list, the card, and what a merge would make."""
    customers = console.desk.customers

    @pages.get("/customers")
    def listed() -> Response:
        query = parse(CustomersQuery, request.args)
        return page(
            "customers.html",
            current="customers",
            query=query,
            listed=part(lambda: found(console, query)),
            organisations=part(customers.list_organisations).value or (),
        )

    @pages.get("/customers/<customer_id>")
    def show(customer_id: str) -> Response:
        query = parse(CardQuery, request.args)
        card = card_of(console, customer_id)
        wanted = Filter(requester=customer_id)
        return page(
            "customer.html",
            current="customers",
            customer_id=customer_id,
            card=card,
            key=new_id(),
            tickets=part(
                lambda: console.desk.tickets.list_tickets(
                    wanted, order_by="created_at desc", page_size=_LISTED, page_token=query.after
                )
            ),
            log=part(lambda: customers.list_customer_changes(customer_id)),
            organisations=part(customers.list_organisations).value or (),
            by_hand=BY_HAND,
            kinds=IDENTITY_KINDS,
        )

    @pages.get("/customers/<customer_id>/brief")
    def brief(customer_id: str) -> Response:
        """What an agent wants to know beside a ticket; asked for once its page stands."""
        return page(
            "parts/customer.html",
            customer_id=customer_id,
            card=part(lambda: customers.get_customer(customer_id)),
            notes=[
                one
                for one in part(lambda: customers.list_customer_changes(customer_id)).value or ()
                if one.text
            ][:_NOTES],
        )

    @pages.get("/customers/<customer_id>/merge")
    def preview(customer_id: str) -> Response:
        query = parse(MergeQuery, request.args)
        card = card_of(console, customer_id)
        other: Part[Customer] = Part()
        would: Part[Customer] = Part()
        candidates: Part[CustomerPage] = Part()
        if query.other:
            other = card_of(console, query.other)
            would = part(lambda: customers.try_merge(customer_id, query.other))
        elif query.q:
            candidates = part(lambda: found(console, CustomersQuery(query.q)))
        return page(
            "customer_merge.html",
            current="customers",
            customer_id=customer_id,
            query=query,
            card=card,
            other=other,
            would=would,
            candidates=candidates,
            key=new_id(),
        )


def add_writing(pages: Blueprint, console: Console) -> None:
    """What can be done to a card; each leads back to it."""
    customers = console.desk.customers

    @pages.post("/customers/<customer_id>/change")
    def change(customer_id: str) -> WerkzeugResponse:
        form, agent = request.form, writer()
        edit = CustomerEdit(
            name=form.get("name"),
            language=form.get("language"),
            internal_by_hand=one_of(form["internal"], BY_HAND) if "internal" in form else None,
            organisation_by_hand=form.get("organisation"),
        )
        customers.update_customer(
            customer_id,
            edit,
            expected_version=number_of(form.get("version", "0")),
            key=key_of("change"),
            agent_id=agent.agent_id,
        )
        return redirect(f"/customers/{customer_id}", 303)

    @pages.post("/customers/<customer_id>/notes")
    def note(customer_id: str) -> WerkzeugResponse:
        agent = writer()
        text = request.form.get("text", "").replace("\r\n", "\n").strip()
        customers.add_note(customer_id, text, key=key_of("note"), agent_id=agent.agent_id)
        return redirect(f"/customers/{customer_id}", 303)

    @pages.post("/customers/<customer_id>/identities")
    def identities(customer_id: str) -> WerkzeugResponse:
        form, agent = request.form, writer()
        identity = Identity(
            one_of(form.get("kind", ""), IDENTITY_KINDS), form.get("value", "").strip(), form.get("scope", "")
        )
        key = key_of(f"identity:{identity.kind}:{identity.scope}:{identity.value}")[:200]
        if form.get("do") == "remove":
            customers.remove_identity(customer_id, identity, key=key, agent_id=agent.agent_id)
            return redirect(f"/customers/{customer_id}", 303)
        try:
            customers.add_identity(customer_id, identity, key=key, agent_id=agent.agent_id)
        except AlreadyExists:
            # Somebody else's: perhaps the same person's, which only a person can say.
            return redirect(address(f"/customers/{customer_id}/merge", MergeQuery(identity.value)), 303)
        return redirect(f"/customers/{customer_id}", 303)

    @pages.post("/customers/<customer_id>/merge")
    def merge(customer_id: str) -> WerkzeugResponse:
        form, agent = request.form, writer()
        kept = Customer(customer_id, version=number_of(form.get("version", "0")))
        merged = Customer(form.get("other", ""), version=number_of(form.get("other_version", "0")))
        customers.merge_customers(kept, merged, key=key_of("merge"), agent_id=agent.agent_id)
        return redirect(f"/customers/{customer_id}", 303)

    @pages.post("/customers/<customer_id>/undo-merge")
    def undo(customer_id: str) -> WerkzeugResponse:
        form, agent = request.form, writer()
        customers.undo_merge(
            form.get("merged", ""),
            form.get("merge", ""),
            key=key_of(f"undo:{form.get('merge', '')}"),
            agent_id=agent.agent_id,
        )
        return redirect(f"/customers/{customer_id}", 303)


def card_of(console: Console, customer_id: str) -> Part[Customer]:
    """The card as a part of its page; where nobody has the id there is no page. Raises NotFound."""

    def asked() -> Customer | None:
        try:
            return console.desk.customers.get_customer(customer_id)
        except NotFound:
            return None

    card = part(asked)
    if card.value is None and card.failure is None:
        raise NotFound(f"customer {customer_id}")
    return Part(card.value, card.failure)


def found(console: Console, query: CustomersQuery) -> CustomerPage:
    """Who is looked for; without a question a page of the list."""
    if query.q.strip():
        return CustomerPage(console.desk.customers.find_customers(question_of(query.q)))
    return console.desk.customers.list_customers(organisation_id=query.organisation, page_token=query.after)


def key_of(what: str) -> str:
    """The form's idempotency key, for one of the things that the form's page can do."""
    return f"{request.form.get('key') or new_id()}:{what}"


def number_of(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise InvalidField("version", "a number", text)
    return int(text)
