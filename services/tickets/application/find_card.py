"""The card that somebody's id leads to."""

from chassis.errors import Conflict, NotFound
from services.tickets.application.customer_ports import CardPorts
from services.tickets.domain.cards import Card
from services.tickets.domain.customers import Customer


def find_card(customer_id: str, ports: CardPorts) -> Card:
    """The card, whichever of its customers is named. Raises NotFound."""
    return card_of(kept_customer(customer_id, ports), ports)


def kept_customer(customer_id: str, ports: CardPorts, expected_version: int = 0) -> Customer:
    """The customer whose card it is, if as expected (0: as it is, -1: as nobody changed it). Raises NotFound, Conflict."""
    met = set()
    customer = ports.customers.get(customer_id)
    # One step leads there, unless its card has been merged between two reads.
    while customer is not None and customer.card_id:
        if customer.customer_id in met:
            raise Conflict("others write to the same card; load it and decide again")
        met.add(customer.customer_id)
        customer = ports.customers.get(customer.card_id)
    if customer is None:
        raise NotFound(f"no customer {customer_id!r}")
    if expected_version and customer.version != max(expected_version, 0):
        raise Conflict(f"customer is at version {customer.version}, not {max(expected_version, 0)}")
    return customer


def card_of(kept: Customer, ports: CardPorts) -> Card:
    """The card of a customer who is part of no other's."""
    return card_with(kept, ports.customers.get_all(kept.member_ids), ports)


def card_with(kept: Customer, members: list[Customer], ports: CardPorts) -> Card:
    """The card as these make it."""
    customers = (kept, *members)
    own = {one.customer_id for one in customers}
    held = ports.customers.holders({key for one in customers for key in one.claims})
    holders = {key: holder for key, holder in held.items() if holder not in own}
    return Card(
        customers,
        ports.customers.organisations(),
        lambda address: ports.directory.agent_by_email(address) is not None,
        holders,
    )
