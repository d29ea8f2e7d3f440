"""Customers of one batch, on the rows of the requesters that they are."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from chassis.mongo import Document, Documents, named_failures
from chassis.units import Unit
from services.tickets.adapters.mongo.customer_documents import (
    customer_of,
    customer_update,
    entry_document,
    organisation_change_row,
    organisation_fields,
    organisation_of,
)
from services.tickets.domain.customers import Customer, Entry
from services.tickets.domain.organisation_history import OrganisationChange
from services.tickets.domain.organisations import Organisation, Organisations


class CustomerRows:
    """Customers as they are kept; what was read is not read again."""

    def __init__(self, database: Documents) -> None:
        self._database = database
        # None: asked for, and not there.
        self._customers: dict[str, Customer | None] = {}
        self._holders: dict[str, str] = {}
        self._known_organisations: Organisations | None = None

    def get(self, customer_id: str) -> Customer | None:
        if customer_id not in self._customers:
            self._load([customer_id])
        return self._customers[customer_id]

    def get_all(self, customer_ids: Sequence[str]) -> list[Customer]:
        if missing := [one for one in customer_ids if one not in self._customers]:
            self._load(missing)
        found = (self._customers[one] for one in customer_ids)
        return [one for one in found if one is not None]

    def holders(self, keys: Iterable[str]) -> dict[str, str]:
        wanted = set(keys)
        if missing := wanted - self._holders.keys():
            self._holders.update(dict.fromkeys(missing, ""))
            with named_failures():
                rows = self._database["requesters"].find({"keys": {"$in": list(missing)}}, {"keys": 1})
                for row in rows:
                    self._holders.update((key, row["_id"]) for key in row["keys"] if key in missing)
        return {key: holder for key in wanted if (holder := self._holders[key])}

    def organisations(self) -> Organisations:
        if self._known_organisations is None:
            with named_failures():
                rows = self._database["organisations"].find().sort("name", 1)
                self._known_organisations = Organisations([organisation_of(row) for row in rows])
        return self._known_organisations

    def take(self, rows: Iterable[Document]) -> list[Customer]:
        """The customers of rows that somebody else read."""
        found = [customer_of(row) for row in rows]
        self._customers.update((one.customer_id, one) for one in found)
        return found

    def _load(self, customer_ids: Sequence[str]) -> None:
        self._customers.update(dict.fromkeys(customer_ids))
        with named_failures():
            self.take(self._database["requesters"].find({"_id": {"$in": list(customer_ids)}}))


class MongoCustomers(CustomerRows):
    """Implements the port Customers."""

    def __init__(self, unit: Unit) -> None:
        super().__init__(unit.database)
        self._unit = unit
        # As they are kept.
        self._read: dict[str, Customer] = {}
        self._placed: dict[str, str] = {}
        self._organisations_read: dict[str, Organisation] = {}
        self._organisations_saved: dict[str, Organisation] = {}

    def save(self, customer: Customer, entry: Entry) -> Customer:
        customer_id = customer.customer_id
        was = self.get(customer_id)
        assert was is not None, "what is saved was got"
        self._read.setdefault(customer_id, was)
        kept = replace(customer, version=was.version + 1)
        self._customers[customer_id] = kept
        self._holders.update(dict.fromkeys(was.keys, ""))
        self._holders.update(dict.fromkeys(kept.keys, customer_id))
        self._unit.insert("customer_changes", {**entry_document(kept, entry), "at": self._unit.now})
        return kept

    def place(self, customer_id: str, card_id: str) -> None:
        customer = self.get(customer_id)
        assert customer is not None, "who is placed was got"
        self._customers[customer_id] = replace(customer, card_id=card_id)
        self._placed[customer_id] = card_id

    def save_organisation(self, organisation: Organisation, change: OrganisationChange) -> None:
        known = self.organisations()
        if (was := known.get(organisation.organisation_id)) is not None:
            self._organisations_read.setdefault(organisation.organisation_id, was)
        others = (one for one in known.all if one.organisation_id != organisation.organisation_id)
        self._known_organisations = Organisations([*others, organisation])
        self._organisations_saved[organisation.organisation_id] = organisation
        self._unit.insert("organisation_changes", organisation_change_row(change))

    def flush(self) -> None:
        """Stage one write a customer."""
        for customer_id, was in self._read.items():
            now = self._customers[customer_id]
            assert now is not None
            # Messages teach without a version; whoever changes by hand changes what they saw.
            where = {"_id": customer_id, "version": was.version or None}
            self._unit.update("requesters", where, customer_update(was, now))
        for customer_id, card_id in self._placed.items():
            if customer_id not in self._read:
                self._unit.update("requesters", {"_id": customer_id}, {"$set": {"card": card_id}})
        for organisation_id, organisation in self._organisations_saved.items():
            fields = organisation_fields(organisation)
            if (read := self._organisations_read.get(organisation_id)) is not None:
                change: Document = {"$set": fields}
                if "domains" not in fields:
                    change["$unset"] = {"domains": ""}
                # Whoever changes it changes what they saw, or the log would tell steps that nobody made.
                where = {"_id": organisation_id, "domains": None, **organisation_fields(read)}
                self._unit.update("organisations", where, change)
            else:
                self._unit.insert("organisations", {"_id": organisation_id, **fields})
