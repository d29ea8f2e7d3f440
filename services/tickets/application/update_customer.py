"""Somebody changes what a card says."""

from services.tickets.application.customer_ports import CustomerPorts
from services.tickets.application.find_card import card_of, kept_customer
from services.tickets.domain.cards import Card
from services.tickets.domain.checks import Checks
from services.tickets.domain.customer_commands import AddNote, UpdateCustomer
from services.tickets.domain.customers import NO, NOTE_ADDED, UPDATED, YES, Entry, is_language
from services.tickets.domain.ticket import Change


def update_customer(command: UpdateCustomer, ports: CustomerPorts) -> Card:
    """Change what is named; where nothing changes there is no version. Raises NotFound, Conflict, InvalidField(s)."""
    customer = kept_customer(command.customer_id, ports, command.expected_version)
    values = {name: value.strip() for name, value in command.values.items()}
    _check(values, ports)
    changes = tuple(
        Change(name, getattr(customer, name), value)
        for name, value in values.items()
        if getattr(customer, name) != value
    )
    if changes:
        new = customer.with_values(values)
        customer = ports.customers.save(new, Entry(UPDATED, command.actor, changes))
    return card_of(customer, ports)


def add_note(command: AddNote, ports: CustomerPorts) -> Card:
    """Write a note into the card's log. Raises NotFound, InvalidField(s)."""
    checks = Checks()
    checks.text(command.text)
    checks.done()
    customer = kept_customer(command.customer_id, ports)
    entry = Entry(NOTE_ADDED, command.actor, text=command.text.strip())
    return card_of(ports.customers.save(customer, entry), ports)


def _check(values: dict[str, str], ports: CustomerPorts) -> None:
    checks = Checks("customer.")
    for name, value in values.items():
        if name == "name":
            checks.name(value, name)
        elif name == "language":
            checks.that(not value or is_language(value), name, "a language as pt-BR, or nothing", value)
        elif name == "internal_by_hand":
            checks.one_of(value, (YES, NO, ""), name)
        else:
            known = not value or ports.customers.organisations().get(value) is not None
            checks.that(known, name, "the id of an organisation, or nothing", value)
    checks.done()
