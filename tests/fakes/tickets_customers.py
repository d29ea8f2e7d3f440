"""The tickets service's customers in memory, for rules that need no store."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

from services.tickets.domain.customers import Customer, Entry
from services.tickets.domain.organisation_history import OrganisationChange
from services.tickets.domain.organisations import Organisation, Organisations
from tests.fakes.tickets import MemoryDirectory


class MemoryCustomers:
    """Implements the port Customers."""

    def __init__(self) -> None:
        self.rows: dict[str, Customer] = {}
        self.log: list[tuple[str, Entry]] = []
        self.organisation_log: list[OrganisationChange] = []
        self._organisations: dict[str, Organisation] = {}

    def get(self, customer_id: str) -> Customer | None:
        return self.rows.get(customer_id)

    def get_all(self, customer_ids: Sequence[str]) -> list[Customer]:
        return [self.rows[one] for one in customer_ids if one in self.rows]

    def holders(self, keys: Iterable[str]) -> dict[str, str]:
        wanted = set(keys)
        return {key: one.customer_id for one in self.rows.values() for key in one.keys if key in wanted}

    def save(self, customer: Customer, entry: Entry) -> Customer:
        was = self.rows[customer.customer_id]
        kept = self.rows[customer.customer_id] = replace(customer, version=was.version + 1)
        self.log.append((customer.customer_id, entry))
        return kept

    def place(self, customer_id: str, card_id: str) -> None:
        self.rows[customer_id] = replace(self.rows[customer_id], card_id=card_id)

    def organisations(self) -> Organisations:
        return Organisations(self._organisations.values())

    def save_organisation(self, organisation: Organisation, change: OrganisationChange) -> None:
        self.organisation_log.append(change)
        self._organisations[organisation.organisation_id] = organisation


class MemoryCustomerPorts:
    """Everything that a use case of customers reaches."""

    def __init__(self, *customer_ids: str) -> None:
        self.customers = MemoryCustomers()
        self.customers.rows = {one: Customer(one, keys=(f"e:{one}@example.org",)) for one in customer_ids}
        self.directory = MemoryDirectory()
        self.phone_region = "GB"
        self.now = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
        self._ids = count(1)

    def new_id(self) -> str:
        return f"m{next(self._ids)}"
