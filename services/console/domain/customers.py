"""Customers as the console shows them."""

from dataclasses import dataclass
from datetime import datetime

from services.console.domain.tickets import Actor, FieldChange, MailReach

BY_HAND = ("", "yes", "no")
IDENTITY_KINDS = ("email", "phone", "external_id")


@dataclass(frozen=True, slots=True)
class Identity:
    """One thing that somebody is known by; a claim is what they only said."""

    kind: str
    value: str
    scope: str = ""
    is_claim: bool = False
    # Of a claim: whose card it is proven on.
    held_by: str = ""
    # With whom it came onto the card.
    customer_id: str = ""
    known_since: datetime | None = None
    channel_id: str = ""
    mail_reach: MailReach | None = None


@dataclass(frozen=True, slots=True)
class Merge:
    """A customer who became part of the card."""

    merge_id: str
    customer_id: str
    name: str
    merged_at: datetime
    actor: Actor


@dataclass(frozen=True, slots=True)
class Organisation:
    """A company whose people write to us."""

    organisation_id: str
    name: str
    domains: tuple[str, ...] = ()
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class Customer:
    """A card."""

    customer_id: str
    name: str = ""
    email: str = ""
    phone: str = ""
    identities: tuple[Identity, ...] = ()
    language: str = ""
    is_internal: bool = False
    # agent, organisation or by_hand.
    internal_reason: str = ""
    internal_by_hand: str = ""
    organisation: Organisation | None = None
    organisation_by_hand: str = ""
    version: int = 0
    created_at: datetime | None = None
    channel_id: str = ""
    # The latest first.
    merges: tuple[Merge, ...] = ()
    ticket_count: int = 0
    unsolved_ticket_count: int = 0

    @property
    def called(self) -> str:
        """The best name there is."""
        first = self.identities[0].value if self.identities else self.customer_id
        return self.name or self.email or self.phone or first


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """A piece of a list and the way to the next."""

    customers: tuple[Customer, ...]
    next_token: str = ""


@dataclass(frozen=True, slots=True)
class CustomerChange:
    """A line of a card's log."""

    fact: str
    occurred_at: datetime
    actor: Actor
    changes: tuple[FieldChange, ...] = ()
    # Of a note.
    text: str = ""
    # Of a merge or its undoing.
    other_id: str = ""


@dataclass(frozen=True, slots=True)
class CustomerEdit:
    """What somebody wants a card to say; None leaves it."""

    name: str | None = None
    language: str | None = None
    internal_by_hand: str | None = None
    organisation_by_hand: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """How a customer is looked for: one of the three."""

    email: str = ""
    phone: str = ""
    text: str = ""


def question_of(text: str) -> Question:
    """What a person meant by what they typed."""
    text = text.strip()
    if "@" in text[1:-1] and " " not in text:
        return Question(email=text)
    digits = sum(letter.isdigit() for letter in text)
    if digits >= 5 and not any(letter.isalpha() for letter in text):
        return Question(phone=text)
    return Question(text=text)
