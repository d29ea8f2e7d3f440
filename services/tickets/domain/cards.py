"""A customer's card: what is known of a person and of all who were made one with them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.tickets.domain.customers import YES, Customer
from services.tickets.domain.identities import EMAIL, Identity, identity_of
from services.tickets.domain.organisations import Organisation, Organisations, domain_of, is_free_mail
from services.tickets.domain.reach import REACHED, Reach

BY_HAND = "by_hand"
BY_AGENT = "agent"
BY_ORGANISATION = "organisation"


@dataclass(frozen=True, slots=True)
class Known:
    """One identity on a card."""

    identity: Identity
    # The customer with whom it came.
    customer_id: str
    is_claim: bool = False
    # Whose card a claim is proven on.
    held_by: str = ""
    since: datetime | None = None
    channel: str = ""
    reach: Reach = REACHED


@dataclass(frozen=True, slots=True)
class Card:
    """The kept customer first, then those who were merged into them."""

    customers: tuple[Customer, ...]
    organisations: Organisations
    is_agent: Callable[[str], bool]
    # Keys that are claimed here -> the customer whose card they are proven on.
    holders: Mapping[str, str] = field(default_factory=dict)

    @property
    def kept(self) -> Customer:
        return self.customers[0]

    @property
    def members(self) -> tuple[Customer, ...]:
        return self.customers[1:]

    @property
    def name(self) -> str:
        return self._first("name")

    @property
    def email(self) -> str:
        return self._first("email")

    @property
    def phone(self) -> str:
        return self._first("phone")

    @property
    def language(self) -> str:
        return self._first("language")

    @property
    def internal(self) -> tuple[bool, str]:
        """Whether the person is one of us, and by what: BY_HAND, BY_AGENT, BY_ORGANISATION or nothing."""
        if by_hand := self._first("internal_by_hand"):
            return by_hand == YES, BY_HAND
        if any(map(self.is_agent, self._emails())):
            return True, BY_AGENT
        organisation = self.organisation
        if organisation is not None and organisation.is_own:
            return True, BY_ORGANISATION
        return False, ""

    @property
    def organisation(self) -> Organisation | None:
        """By hand, else by the first proven address that is of one."""
        by_hand = self.organisations.get(self._first("organisation_by_hand"))
        if by_hand is not None:
            return by_hand
        for email in self._emails():
            domain = domain_of(email)
            if not is_free_mail(domain) and (found := self.organisations.of_domain(domain)) is not None:
                return found
        return None

    @property
    def identities(self) -> tuple[Known, ...]:
        """What is proven, then what is claimed; what is proven here is no claim any more."""
        proven = list(self._proven())
        own = {one.identity.key for one in proven}
        return (*proven, *(one for one in self._claimed() if one.identity.key not in own))

    def _proven(self) -> Iterator[Known]:
        for customer in self.customers:
            for key in customer.keys:
                identity = identity_of(key)
                reach = customer.reaches.get(identity.value) if identity.kind == EMAIL else None
                yield self._known(customer, key, reach or REACHED)

    def _claimed(self) -> Iterator[Known]:
        for customer in self.customers:
            for key in customer.claims:
                known = self._known(customer, key, REACHED)
                yield Known(
                    known.identity,
                    known.customer_id,
                    True,
                    self.holders.get(key, ""),
                    known.since,
                    known.channel,
                )

    def _known(self, customer: Customer, key: str, reach: Reach) -> Known:
        learnt = customer.learnt.get(key)
        since = learnt.since if learnt is not None else customer.created_at
        channel = learnt.channel if learnt is not None else customer.channel
        return Known(identity_of(key), customer.customer_id, since=since, channel=channel, reach=reach)

    def _emails(self) -> Iterator[str]:
        for customer in self.customers:
            yield from customer.emails

    def _first(self, name: str) -> str:
        for customer in self.customers:
            if value := getattr(customer, name):
                return str(value)
        return ""
