"""Two cards become one, because a person says so; nothing else does it."""

from dataclasses import replace

from chassis.errors import FailedPrecondition, InvalidField
from services.tickets.application.customer_ports import CustomerPorts
from services.tickets.application.find_card import card_with, kept_customer
from services.tickets.domain.cards import Card
from services.tickets.domain.customer_commands import MergeCustomers
from services.tickets.domain.customers import MERGED, MOST_MERGED, Entry, Merging


def merge_customers(command: MergeCustomers, ports: CustomerPorts) -> tuple[Card, str]:
    """The card as it is now, or as a trial would have it, and the merge's id.

    Either may be named by any of its customers: what is merged is the whole card. Both get a version, so that of two merges
    at once one sees the other. Raises NotFound, Conflict, FailedPrecondition, InvalidField.
    """
    for field, customer_id in (("kept_id", command.kept_id), ("merged_id", command.merged_id)):
        if not customer_id:
            raise InvalidField(field, "the id of a customer")
    kept = kept_customer(command.kept_id, ports, command.expected_kept_version)
    merged = kept_customer(command.merged_id, ports, command.expected_merged_version)
    if kept.customer_id == merged.customer_id:
        raise FailedPrecondition("the two are one card already")
    if len(kept.member_ids) + len(merged.member_ids) >= MOST_MERGED:
        raise FailedPrecondition(f"a card is made of at most {MOST_MERGED + 1}")
    merging = Merging(ports.new_id(), kept.customer_id, ports.now, command.actor)
    below = ports.customers.get_all(merged.member_ids)
    members = (*kept.member_ids, merged.customer_id, *merged.member_ids)
    new_kept = replace(kept, member_ids=members)
    new_merged = replace(merged, card_id=kept.customer_id, merging=merging, member_ids=())
    if command.is_trial:
        return card_with(new_kept, [*ports.customers.get_all(kept.member_ids), new_merged, *below], ports), ""
    customers = ports.customers
    new_kept = customers.save(
        new_kept, Entry(MERGED, command.actor, other_id=merged.customer_id, merge_id=merging.merge_id)
    )
    customers.save(
        new_merged, Entry(MERGED, command.actor, other_id=kept.customer_id, merge_id=merging.merge_id)
    )
    for one in below:
        customers.place(one.customer_id, kept.customer_id)
    return card_with(new_kept, customers.get_all(members), ports), merging.merge_id
