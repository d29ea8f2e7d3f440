"""Somebody says by what a customer is known, and by what not."""

from chassis.errors import AlreadyExists, FailedPrecondition, InvalidField, NotFound
from services.tickets.application.customer_ports import CustomerPorts
from services.tickets.application.find_card import card_of, kept_customer
from services.tickets.domain.cards import Card
from services.tickets.domain.checks import Checks
from services.tickets.domain.customer_commands import AddIdentity, RemoveIdentity
from services.tickets.domain.customers import IDENTITY_ADDED, IDENTITY_REMOVED, Entry
from services.tickets.domain.identities import (
    EMAIL,
    EXTERNAL_ID,
    KINDS,
    MOST_IDENTITIES,
    PHONE,
    Identity,
    identity_named,
)
from services.tickets.domain.ticket import Change

_LONGEST = 998
_EXPECTED = {
    EMAIL: "an e-mail address",
    PHONE: "a phone number as +442079460000",
    EXTERNAL_ID: f"an id of at most {_LONGEST} characters",
}


def add_identity(command: AddIdentity, ports: CustomerPorts) -> Card:
    """Know the customer by it from now on; what they are known by already changes nothing.

    What another card is known by stays there: that is a merge. Raises AlreadyExists, FailedPrecondition, NotFound,
    InvalidField(s).
    """
    identity = _identity(command, ports)
    customer = kept_customer(command.customer_id, ports)
    holder_id = ports.customers.holders([identity.key]).get(identity.key)
    if holder_id is not None:
        holder = kept_customer(holder_id, ports)
        if holder.customer_id != customer.customer_id:
            raise AlreadyExists(f"customer {holder.customer_id} is known by it; merge the two")
        return card_of(customer, ports)
    if len(customer.keys) >= MOST_IDENTITIES:
        raise FailedPrecondition(f"a customer is known by at most {MOST_IDENTITIES} identities")
    entry = Entry(IDENTITY_ADDED, command.actor, (Change(_field(identity), "", identity.value),))
    return card_of(ports.customers.save(customer.with_identity(identity, ports.now), entry), ports)


def remove_identity(command: RemoveIdentity, ports: CustomerPorts) -> Card:
    """Know the card by it no more, proven or claimed. Raises NotFound, InvalidField(s)."""
    identity = _identity(command, ports)
    customer = kept_customer(command.customer_id, ports)
    key = identity.key
    having = [
        one
        for one in (customer, *ports.customers.get_all(customer.member_ids))
        if key in one.keys or key in one.claims
    ]
    if not having:
        raise NotFound(f"the customer is not known by {identity.value}")
    for one in having:
        entry = Entry(IDENTITY_REMOVED, command.actor, (Change(_field(identity), identity.value, ""),))
        saved = ports.customers.save(one.without_identity(identity), entry)
        if saved.customer_id == customer.customer_id:
            customer = saved
    return card_of(customer, ports)


def _field(identity: Identity) -> str:
    return f"{identity.kind} {identity.scope}".strip()


def _identity(command: AddIdentity | RemoveIdentity, ports: CustomerPorts) -> Identity:
    checks = Checks("identity.")
    checks.one_of(command.kind, KINDS, "kind")
    checks.that("\0" not in command.value and len(command.value) <= _LONGEST, "value", "a text without NUL")
    if command.kind == EMAIL:
        checks.email(command.value.strip(), "value")
    if command.kind == EXTERNAL_ID and command.scope:
        checks.channel(command.scope.removesuffix("/*"), "scope")
    checks.done()
    identity = identity_named(command.kind, command.value, command.scope, ports.phone_region)
    if identity is None:
        raise InvalidField("identity.value", _EXPECTED[command.kind], command.value)
    return identity
