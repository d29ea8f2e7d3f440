"""What the use cases of customers need of the outside. What was saved earlier in the batch is seen."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from services.tickets.application.ports import Directory
from services.tickets.domain.customers import Customer, Entry
from services.tickets.domain.organisation_history import OrganisationChange
from services.tickets.domain.organisations import Organisation, Organisations


class KnownCustomers(Protocol):
    """Requesters as customers, and their organisations."""

    def get(self, customer_id: str) -> Customer | None:
        """The customer as it is, part of another's card or not."""
        ...

    def get_all(self, customer_ids: Sequence[str]) -> list[Customer]:
        """Those of them that there are, in this order, read at once."""
        ...

    def holders(self, keys: Iterable[str]) -> dict[str, str]:
        """Which customers messages find by these keys."""
        ...

    def organisations(self) -> Organisations: ...


class Customers(KnownCustomers, Protocol):
    """The same, to be changed."""

    def save(self, customer: Customer, entry: Entry) -> Customer:
        """Keep the next version of what was got, with its line in the log; two who do so at once: one decides again."""
        ...

    def place(self, customer_id: str, card_id: str) -> None:
        """Let a customer who was merged before be part of that card; no version of theirs."""
        ...

    def save_organisation(self, organisation: Organisation, change: OrganisationChange) -> None:
        """Keep it with its line in the log. Two who change one organisation at once, or give one domain to two: one decides
        again."""
        ...


class CardPorts(Protocol):
    """What a card is read from."""

    @property
    def customers(self) -> KnownCustomers: ...

    @property
    def directory(self) -> Directory: ...


class CustomerPorts(Protocol):
    """Everything a use case of customers may reach."""

    @property
    def customers(self) -> Customers: ...

    @property
    def directory(self) -> Directory: ...

    @property
    def phone_region(self) -> str: ...

    @property
    def now(self) -> datetime: ...

    def new_id(self) -> str: ...
