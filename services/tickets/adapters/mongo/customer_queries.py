"""Questions about customers."""

import re
from dataclasses import dataclass

from chassis.mongo import Document, Documents, named_failures
from services.tickets.adapters.mongo.customer_documents import by_organisation, organisation_change_of
from services.tickets.adapters.mongo.customers import CustomerRows
from services.tickets.adapters.mongo.directory import MongoDirectory
from services.tickets.application.find_card import card_of, find_card, kept_customer
from services.tickets.domain.cards import Card
from services.tickets.domain.customers import NOTE_ADDED
from services.tickets.domain.organisation_history import OrganisationChange
from services.tickets.domain.organisations import Organisation
from services.tickets.domain.search_words import words_of_question

MOST_FOUND = 50


@dataclass(frozen=True, slots=True)
class _Reading:
    customers: CustomerRows
    directory: MongoDirectory


@dataclass(frozen=True, slots=True)
class Page:
    """`last_id` is where the next one goes on; empty behind the last."""

    cards: list[Card]
    last_id: str = ""


class MongoCustomerQueries:
    """Reads cards and their logs. Everything raises Unavailable where the store is away."""

    def __init__(self, database: Documents, directory: MongoDirectory) -> None:
        self._database = database
        self._directory = directory

    def card(self, customer_id: str) -> Card:
        """The card that an id leads to. Raises NotFound."""
        return find_card(customer_id, self._reading())

    def by_key(self, key: str) -> list[Card]:
        """Whose messages come by it, then who claimed it."""
        with named_failures():
            rows = list(self._database["requesters"].find({"keys": key}))
            rows += self._database["requesters"].find({"found_by": key}).limit(MOST_FOUND)
        return self._cards(rows)[:MOST_FOUND]

    def by_words(self, text: str) -> list[Card]:
        """In whose name all of the words are, newest first."""
        asked = [
            {"found_by": {"$regex": f"^{re.escape(word)}"} if is_begun else word}
            for word, is_begun in words_of_question(text)
        ]
        if not asked:
            return []
        with named_failures():
            found = self._database["requesters"].find({"$and": asked}).sort("_id", -1).limit(MOST_FOUND)
            return self._cards(list(found))

    def page(self, organisation_id: str, after: str, size: int) -> Page:
        """Cards, newest first, of all or of one organisation: each once, at the newest of its customers that is found."""
        reading = self._reading()
        wanted: Document = {}
        if organisation_id:
            organisation = reading.customers.organisations().get(organisation_id)
            domains = organisation.domains if organisation is not None else ()
            wanted["found_by"] = {
                "$in": [by_organisation(organisation_id), *(f"@{domain}" for domain in domains)]
            }
        else:
            wanted["card"] = None
        if after:
            wanted["_id"] = {"$lt": after}
        with named_failures():
            found = self._database["requesters"].find(wanted).sort("_id", -1).limit(size + 1)
            rows = list(found)
        cards = self._cards(rows[:size], reading)
        if organisation_id:
            cards = [card for card in cards if _is_of(card, organisation_id)]
            cards = self._not_given_yet(cards, wanted["found_by"], after) if after else cards
        return Page(cards, rows[size - 1]["_id"] if len(rows) > size else "")

    def _not_given_yet(self, cards: list[Card], found_by: Document, after: str) -> list[Card]:
        """Those of the cards of which no customer was on an earlier page; `after` was the last there."""
        ids = [one.customer_id for card in cards for one in card.customers if one.customer_id >= after]
        if not ids:
            return cards
        with named_failures():
            rows = self._database["requesters"].find({"_id": {"$in": ids}, "found_by": found_by}, {"_id": 1})
            given = {row["_id"] for row in rows}
        return [card for card in cards if all(one.customer_id not in given for one in card.customers)]

    def changes(self, card: Card, *, notes_only: bool, size: int) -> list[Document]:
        """The latest lines of the logs of all who are on a card, newest first."""
        ids = [one.customer_id for one in card.customers]
        # ";" is what follows ":".
        wanted: Document = {"$or": [{"_id": {"$gte": f"{one}:", "$lt": f"{one};"}} for one in ids]}
        if notes_only:
            wanted["fact"] = NOTE_ADDED
        with named_failures():
            found = self._database["customer_changes"].find(wanted)
            rows = list(found.sort([("at", -1), ("_id", -1)]).limit(2 * size))
        # A merge stands in the logs of both.
        return list({(row["fact"], row.get("merge", row["_id"])): row for row in rows}.values())[:size]

    def organisations(self) -> tuple[Organisation, ...]:
        """All, by name."""
        return self._reading().customers.organisations().all

    def organisation_changes(
        self, organisation_id: str, size: int, before: str
    ) -> tuple[list[OrganisationChange], str]:
        """Lines of the log of one organisation or of all, newest first, and where the next page goes on."""
        wanted: Document = {"organisation_id": organisation_id} if organisation_id else {}
        if before:
            wanted["_id"] = {"$lt": before}
        with named_failures():
            rows = list(self._database["organisation_changes"].find(wanted).sort("_id", -1).limit(size + 1))
        token = rows[size - 1]["_id"] if len(rows) > size else ""
        return [organisation_change_of(row) for row in rows[:size]], token

    def _reading(self) -> _Reading:
        return _Reading(CustomerRows(self._database), self._directory)

    def _cards(self, rows: list[Document], reading: _Reading | None = None) -> list[Card]:
        """The cards that rows are of, each once, in the order of the rows; read in few steps, however many they are."""
        reading = reading or self._reading()
        customers = reading.customers
        found = customers.take(rows)
        kept = customers.get_all([one.card_id or one.customer_id for one in found])
        members = customers.get_all([member for one in kept for member in one.member_ids])
        customers.holders({key for one in (*kept, *members) for key in one.claims})
        cards: dict[str, Card] = {}
        for one in found:
            top = kept_customer(one.customer_id, reading)
            if top.customer_id not in cards:
                cards[top.customer_id] = card_of(top, reading)
        return list(cards.values())


def _is_of(card: Card, organisation_id: str) -> bool:
    organisation = card.organisation
    return organisation is not None and organisation.organisation_id == organisation_id
