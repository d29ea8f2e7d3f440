"""What the pages about customers need of the outside."""

from typing import Protocol

from services.console.domain.customers import (
    Customer,
    CustomerChange,
    CustomerEdit,
    CustomerPage,
    Identity,
    Organisation,
    Question,
)


class Customers(Protocol):
    def get_customer(self, customer_id: str) -> Customer:
        """The card that the id leads to. Raises NotFound."""
        ...

    def find_customers(self, question: Question) -> tuple[Customer, ...]: ...

    def list_customers(self, *, organisation_id: str = "", page_token: str = "") -> CustomerPage:
        """Newest first."""
        ...

    def list_customer_changes(self, customer_id: str) -> tuple[CustomerChange, ...]:
        """Notes among them, newest first."""
        ...

    def list_organisations(self) -> tuple[Organisation, ...]: ...

    def save_organisation(self, organisation: Organisation, *, key: str, agent_id: str) -> Organisation:
        """Without an id it gets one from its name. Raises AlreadyExists where another has one of the domains."""
        ...

    def update_customer(
        self, customer_id: str, edit: CustomerEdit, *, expected_version: int, key: str, agent_id: str
    ) -> Customer:
        """Raises Conflict where the card has moved on."""
        ...

    def add_identity(self, customer_id: str, identity: Identity, *, key: str, agent_id: str) -> Customer:
        """Raises AlreadyExists where another card is known by it."""
        ...

    def remove_identity(
        self, customer_id: str, identity: Identity, *, key: str, agent_id: str
    ) -> Customer: ...

    def add_note(self, customer_id: str, text: str, *, key: str, agent_id: str) -> None: ...

    def try_merge(self, kept_id: str, merged_id: str) -> Customer:
        """What the card would be. Raises NotFound, FailedPrecondition."""
        ...

    def merge_customers(self, kept: Customer, merged: Customer, *, key: str, agent_id: str) -> Customer:
        """Merge what was seen. Raises Conflict where either has moved on."""
        ...

    def undo_merge(self, customer_id: str, merge_id: str, *, key: str, agent_id: str) -> Customer:
        """The card that was given back."""
        ...
