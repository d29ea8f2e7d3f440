"""A customer: a person who asks, under the id that their tickets have as requester, and how several become one card.

Merging changes nothing of what a customer is or of their tickets: the merged one only says to whose card it belongs. So what
comes from them goes on coming under their own id and is seen on the card, and undoing leaves nothing behind.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from services.tickets.domain.identities import EMAIL, PHONE, Identity, identity_of
from services.tickets.domain.people import Actor
from services.tickets.domain.reach import Reach
from services.tickets.domain.ticket import Change

MOST_MERGED = 200
YES = "yes"
NO = "no"
# What an agent may set.
SETTABLE = ("name", "language", "internal_by_hand", "organisation_by_hand")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?")


@dataclass(frozen=True, slots=True)
class Merging:
    """How a customer became part of another's card."""

    merge_id: str
    into_id: str
    merged_at: datetime
    actor: Actor


@dataclass(frozen=True, slots=True)
class Learnt:
    """Since when a key, proven or claimed, is known; `channel` is empty where by hand."""

    since: datetime
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Customer:
    """One person as the store has them."""

    customer_id: str
    name: str = ""
    email: str = ""
    phone: str = ""
    # Keys of identities (domain/identities.py): those that messages find the person by, and those only claimed.
    keys: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    # Of keys that came after the first message.
    learnt: Mapping[str, Learnt] = field(default_factory=dict)
    language: str = ""
    # yes, no, or empty: by address and domain.
    internal_by_hand: str = ""
    # Id, or empty: by domain.
    organisation_by_hand: str = ""
    version: int = 0
    created_at: datetime | None = None
    # By which the person was first met.
    channel: str = ""
    # Of addresses where mail does not always arrive.
    reaches: Mapping[str, Reach] = field(default_factory=dict)
    # Whose card it is part of; None where its own.
    merging: Merging | None = None
    # The kept card's customer, however many merges away; empty where it is its own card.
    card_id: str = ""
    # Of its own card: all who were merged into it, however many merges away.
    member_ids: tuple[str, ...] = ()

    @property
    def identities(self) -> tuple[Identity, ...]:
        """By which messages find the person."""
        return tuple(map(identity_of, self.keys))

    @property
    def emails(self) -> tuple[str, ...]:
        """Addresses that the person proved, the first first."""
        found = [one.value for one in self.identities if one.kind == EMAIL]
        return tuple(sorted(found, key=lambda address: address != self.email))

    def with_values(self, values: Mapping[str, str]) -> "Customer":
        """The customer with some of SETTABLE anew."""
        get = values.get
        return replace(
            self,
            name=get("name", self.name),
            language=get("language", self.language),
            internal_by_hand=get("internal_by_hand", self.internal_by_hand),
            organisation_by_hand=get("organisation_by_hand", self.organisation_by_hand),
        )

    def with_identity(self, identity: Identity, at: datetime) -> "Customer":
        """The customer, known by it too."""
        return replace(
            self,
            keys=(*self.keys, identity.key),
            claims=tuple(key for key in self.claims if key != identity.key),
            learnt={**self.learnt, identity.key: Learnt(at)},
            email=self.email or (identity.value if identity.kind == EMAIL else ""),
            phone=self.phone or (identity.value if identity.kind == PHONE else ""),
        )

    def without_identity(self, identity: Identity) -> "Customer":
        """The customer, no longer known by it, and no longer said to be."""
        left = replace(
            self,
            keys=tuple(key for key in self.keys if key != identity.key),
            claims=tuple(key for key in self.claims if key != identity.key),
            learnt={key: when for key, when in self.learnt.items() if key != identity.key},
        )
        if identity.kind == EMAIL and left.email == identity.value:
            left = replace(left, email="")
            left = replace(left, email=next(iter(left.emails), ""))
        if identity.kind == PHONE and left.phone == identity.value:
            phones = (one.value for one in left.identities if one.kind == PHONE)
            left = replace(left, phone=next(phones, ""))
        return left


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a card's log."""

    # One of FACTS.
    fact: str
    actor: Actor
    changes: tuple[Change, ...] = ()
    text: str = ""
    other_id: str = ""
    merge_id: str = ""


UPDATED = "CustomerUpdated"
IDENTITY_ADDED = "IdentityAdded"
IDENTITY_REMOVED = "IdentityRemoved"
NOTE_ADDED = "NoteAdded"
MERGED = "CustomersMerged"
MERGE_UNDONE = "MergeUndone"
FACTS = (UPDATED, IDENTITY_ADDED, IDENTITY_REMOVED, NOTE_ADDED, MERGED, MERGE_UNDONE)


def is_language(text: str) -> bool:
    """Whether it is a language as BCP 47 writes it, without variants and extensions."""
    return _LANGUAGE.fullmatch(text) is not None


def merged_below(customer_id: str, members: Iterable[Customer]) -> tuple[str, ...]:
    """Those of a card's members who came to it with this one, itself not among them."""
    into = {one.customer_id: one.merging.into_id for one in members if one.merging is not None}
    below = {customer_id}
    # A merge goes into a card as it is then, so no chain is a ring; each round finds one step more of it.
    while found := {one for one, into_id in into.items() if into_id in below} - below:
        below |= found
    return tuple(one for one in into if one in below and one != customer_id)
