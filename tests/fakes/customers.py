"""The console's customers in memory: whoever asks in the samples."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count

from chassis.errors import AlreadyExists, Conflict, FailedPrecondition, NotFound
from services.console.domain.customers import (
    Customer,
    CustomerChange,
    CustomerEdit,
    CustomerPage,
    Identity,
    Merge,
    Organisation,
    Question,
)
from services.console.domain.tickets import Actor, FieldChange, Ticket

ORGANISATIONS = (
    Organisation("brightwave", "Brightwave Ltd", ("brightwave.example",)),
    Organisation("northline", "Northline", ("northline.example",), is_own=True),
)


@dataclass(frozen=True, slots=True)
class _Line:
    customer_id: str
    change: CustomerChange


class MemoryCustomers:
    """Cards with versions, merges and a log, as the real ones; `check` raises where tickets is away."""

    def __init__(
        self, tickets: Sequence[Ticket], check: Callable[[str], None], now: Callable[[], datetime]
    ) -> None:
        self._check = check
        self._now = now
        self._merge_ids = count(1)
        self.organisations = {one.organisation_id: one for one in ORGANISATIONS}
        self.customers: dict[str, Customer] = {}
        self.into: dict[str, Merge] = {}
        self.parents: dict[str, str] = {}
        self.log: list[_Line] = []
        self.keys: set[str] = set()
        for ticket in tickets:
            who = ticket.requester
            known = Identity("email", who.email, customer_id=who.requester_id, known_since=ticket.created_at)
            self.customers[who.requester_id] = Customer(
                who.requester_id,
                who.name,
                who.email,
                identities=(known,),
                created_at=ticket.created_at,
                channel_id=ticket.channel_id,
                ticket_count=1,
                unsolved_ticket_count=1,
            )

    def get_customer(self, customer_id: str) -> Customer:
        self._check("tickets")
        return self._card(self._top(customer_id))

    def find_customers(self, question: Question) -> tuple[Customer, ...]:
        self._check("tickets")
        wanted = question.email or question.phone
        if wanted:
            having = [
                one.customer_id
                for one in self.customers.values()
                if any(known.value == wanted for known in one.identities)
            ]
        else:
            words = question.text.lower().split()
            having = [
                one.customer_id
                for one in self.customers.values()
                if all(word in one.name.lower() for word in words)
            ]
        return tuple(self._card(one) for one in dict.fromkeys(map(self._top, having)))

    def list_customers(self, *, organisation_id: str = "", page_token: str = "") -> CustomerPage:
        self._check("tickets")
        tops = [self._card(one) for one in self.customers if one not in self.parents]
        if organisation_id:
            tops = [
                one
                for one in tops
                if one.organisation and one.organisation.organisation_id == organisation_id
            ]
        return CustomerPage(tuple(tops))

    def list_customer_changes(self, customer_id: str) -> tuple[CustomerChange, ...]:
        self._check("tickets")
        card = self._top(customer_id)
        return tuple(line.change for line in reversed(self.log) if self._top(line.customer_id) == card)

    def list_organisations(self) -> tuple[Organisation, ...]:
        self._check("tickets")
        return tuple(self.organisations.values())

    def save_organisation(self, organisation: Organisation, *, key: str, agent_id: str) -> Organisation:
        self._check("tickets")
        for other in self.organisations.values():
            taken = set(other.domains).intersection(organisation.domains)
            if taken and other.organisation_id != organisation.organisation_id:
                raise AlreadyExists(f"organisation {other.organisation_id} has the domain {min(taken)}")
        kept = replace(
            organisation, organisation_id=organisation.organisation_id or organisation.name.lower()
        )
        self.organisations[kept.organisation_id] = kept
        return kept

    def update_customer(
        self, customer_id: str, edit: CustomerEdit, *, expected_version: int, key: str, agent_id: str
    ) -> Customer:
        self._check("tickets")
        customer = self.customers[self._top(customer_id)]
        if customer.version != expected_version:
            raise Conflict("the card has moved on")
        wanted = {
            "name": edit.name,
            "language": edit.language,
            "internal_by_hand": edit.internal_by_hand,
            "organisation_by_hand": edit.organisation_by_hand,
        }
        steps = tuple(
            FieldChange(name, getattr(customer, name), value)
            for name, value in wanted.items()
            if value is not None and value != getattr(customer, name)
        )
        if steps:
            # By hand, as the real ones take it.
            changed = replace(
                customer,
                name=edit.name if edit.name is not None else customer.name,
                language=edit.language or "",
                internal_by_hand=edit.internal_by_hand or "",
                organisation_by_hand=edit.organisation_by_hand or "",
            )
            self._save(changed, CustomerChange("CustomerUpdated", self._now(), _agent(agent_id), steps))
        return self.get_customer(customer_id)

    def add_identity(self, customer_id: str, identity: Identity, *, key: str, agent_id: str) -> Customer:
        self._check("tickets")
        card = self._top(customer_id)
        for one in self.customers.values():
            if any(known.value == identity.value and not known.is_claim for known in one.identities):
                if self._top(one.customer_id) != card:
                    raise AlreadyExists(f"customer {one.customer_id} is known by it; merge the two")
                return self._card(card)
        customer = self.customers[card]
        proven = tuple(known for known in customer.identities if known.value != identity.value)
        step = FieldChange(identity.kind, "", identity.value)
        self._save(
            replace(customer, identities=(*proven, replace(identity, customer_id=card))),
            CustomerChange("IdentityAdded", self._now(), _agent(agent_id), (step,)),
        )
        return self._card(card)

    def remove_identity(self, customer_id: str, identity: Identity, *, key: str, agent_id: str) -> Customer:
        self._check("tickets")
        card = self._top(customer_id)
        customer = self.customers[card]
        left = tuple(known for known in customer.identities if known.value != identity.value)
        step = FieldChange(identity.kind, identity.value, "")
        self._save(
            replace(customer, identities=left),
            CustomerChange("IdentityRemoved", self._now(), _agent(agent_id), (step,)),
        )
        return self._card(card)

    def add_note(self, customer_id: str, text: str, *, key: str, agent_id: str) -> None:
        self._check("tickets")
        if key in self.keys:
            return
        self.keys.add(key)
        customer = self.customers[self._top(customer_id)]
        self._save(customer, CustomerChange("NoteAdded", self._now(), _agent(agent_id), text=text))

    def try_merge(self, kept_id: str, merged_id: str) -> Customer:
        self._check("tickets")
        kept, merged = self.get_customer(kept_id), self.get_customer(merged_id)
        if kept.customer_id == merged.customer_id:
            raise FailedPrecondition("the two are one card already")
        return replace(kept, identities=(*kept.identities, *merged.identities))

    def merge_customers(self, kept: Customer, merged: Customer, *, key: str, agent_id: str) -> Customer:
        self._check("tickets")
        for seen in (kept, merged):
            if self.get_customer(seen.customer_id).version != seen.version:
                raise Conflict("the card has moved on")
        self.try_merge(kept.customer_id, merged.customer_id)
        top, other = self._top(kept.customer_id), self._top(merged.customer_id)
        name = self.customers[other].name
        self.into[other] = Merge(f"merge{next(self._merge_ids)}", other, name, self._now(), _agent(agent_id))
        self.parents[other] = top
        change = CustomerChange("CustomersMerged", self._now(), _agent(agent_id), other_id=other)
        self._save(self.customers[top], change)
        return self._card(top)

    def undo_merge(self, customer_id: str, merge_id: str, *, key: str, agent_id: str) -> Customer:
        self._check("tickets")
        merge = self.into.get(customer_id)
        if merge is None or merge.merge_id != merge_id:
            raise FailedPrecondition("the customer is merged into no other")
        top = self.parents.pop(customer_id)
        del self.into[customer_id]
        change = CustomerChange("MergeUndone", self._now(), _agent(agent_id), other_id=customer_id)
        self._save(self.customers[top], change)
        return self._card(customer_id)

    def _top(self, customer_id: str) -> str:
        if customer_id not in self.customers:
            raise NotFound(f"no customer {customer_id!r}")
        while customer_id in self.parents:
            customer_id = self.parents[customer_id]
        return customer_id

    def _card(self, customer_id: str) -> Customer:
        members = [one for one in self.customers if one != customer_id and self._top(one) == customer_id]
        all_of = [self.customers[customer_id], *(self.customers[one] for one in members)]
        kept = all_of[0]
        domains = [known.value.rpartition("@")[2] for one in all_of for known in one.identities]
        organisation = next(
            (
                one
                for one in self.organisations.values()
                if one.organisation_id == kept.organisation_by_hand or set(one.domains).intersection(domains)
            ),
            None,
        )
        is_own = organisation is not None and organisation.is_own
        return replace(
            kept,
            identities=tuple(known for one in all_of for known in one.identities),
            organisation=organisation,
            is_internal=kept.internal_by_hand == "yes" or (is_own and kept.internal_by_hand != "no"),
            internal_reason="by_hand" if kept.internal_by_hand else "organisation" if is_own else "",
            merges=tuple(self.into[one] for one in reversed(members)),
            ticket_count=sum(one.ticket_count for one in all_of),
        )

    def _save(self, customer: Customer, change: CustomerChange) -> None:
        self.customers[customer.customer_id] = replace(customer, version=customer.version + 1)
        self.log.append(_Line(customer.customer_id, change))


def _agent(agent_id: str) -> Actor:
    return Actor("agent", agent_id, agent_id.title())
