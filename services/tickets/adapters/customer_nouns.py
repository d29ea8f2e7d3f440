"""The nouns of customers: a card, its parts and an organisation as protobuf, and back."""

from collections.abc import Mapping
from typing import Any

from chassis.stamps import stamp
from relaydesk.tickets.v1 import customers_pb2, ticket_pb2
from services.tickets.adapters.mongo.documents import actor_of
from services.tickets.adapters.nouns import actor_to_wire, set_reach
from services.tickets.domain.cards import Card, Known
from services.tickets.domain.customers import Customer
from services.tickets.domain.organisation_history import OrganisationChange
from services.tickets.domain.organisations import Organisation


def card_to_wire(card: Card) -> customers_pb2.Customer:
    """The whole card."""
    kept = card.kept
    is_internal, reason = card.internal
    organisation = card.organisation
    wire = customers_pb2.Customer(
        id=kept.customer_id,
        name=card.name,
        email=card.email,
        phone=card.phone,
        identities=map(_known_to_wire, card.identities),
        language=card.language,
        internal=is_internal,
        internal_reason=reason,
        internal_by_hand=kept.internal_by_hand,
        organisation=organisation_to_wire(organisation) if organisation is not None else None,
        organisation_by_hand=kept.organisation_by_hand,
        version=kept.version,
        channel=kept.channel,
    )
    if kept.created_at is not None:
        stamp(wire.created_at, kept.created_at)
    merged = [(one.merging.merged_at, one) for one in card.members if one.merging is not None]
    for _, one in sorted(merged, key=lambda pair: pair[0], reverse=True):
        _add_merge(wire, one)
    return wire


def _add_merge(wire: customers_pb2.Customer, customer: Customer) -> None:
    merging = customer.merging
    assert merging is not None
    merge = wire.merges.add(
        id=merging.merge_id,
        customer_id=customer.customer_id,
        into_id=merging.into_id,
        actor=actor_to_wire(merging.actor),
        name=customer.name or customer.email or customer.phone,
    )
    stamp(merge.merged_at, merging.merged_at)


def _known_to_wire(known: Known) -> customers_pb2.Identity:
    wire = customers_pb2.Identity(
        kind=known.identity.kind,
        value=known.identity.value,
        scope=known.identity.scope,
        is_claim=known.is_claim,
        held_by=known.held_by,
        customer_id=known.customer_id,
        channel=known.channel,
    )
    if known.since is not None:
        stamp(wire.known_since, known.since)
    set_reach(wire, known.reach)
    return wire


def organisation_to_wire(organisation: Organisation) -> customers_pb2.Organisation:
    """An organisation."""
    return customers_pb2.Organisation(
        id=organisation.organisation_id,
        name=organisation.name,
        domains=organisation.domains,
        is_own=organisation.is_own,
    )


def organisation_of(wire: customers_pb2.Organisation) -> Organisation:
    """The organisation that a request holds, as it is written there."""
    return Organisation(wire.id, wire.name, tuple(wire.domains), wire.is_own)


def change_to_wire(row: Mapping[str, Any]) -> customers_pb2.CustomerChange:
    """A line of the log."""
    wire = customers_pb2.CustomerChange(
        id=row["_id"],
        customer_id=row["_id"].partition(":")[0],
        version=row["version"],
        fact=row["fact"],
        actor=actor_to_wire(actor_of(row["actor"])),
        changes=[
            ticket_pb2.FieldChange(field=name, old=old, new=new) for name, old, new in row.get("changes", ())
        ],
        text=row.get("text", ""),
        other_id=row.get("other", ""),
        merge_id=row.get("merge", ""),
    )
    stamp(wire.occurred_at, row["at"])
    return wire


def organisation_change_to_wire(change: OrganisationChange) -> customers_pb2.OrganisationChange:
    """A line of an organisation's log."""
    wire = customers_pb2.OrganisationChange(
        id=change.change_id,
        organisation_id=change.organisation_id,
        actor=actor_to_wire(change.actor),
        changes=[
            ticket_pb2.FieldChange(field=step.field, old=step.old, new=step.new) for step in change.changes
        ],
    )
    stamp(wire.changed_at, change.changed_at)
    return wire
