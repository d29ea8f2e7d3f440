"""A merged customer has their own card again."""

from dataclasses import replace

from chassis.errors import FailedPrecondition, NotFound
from services.tickets.application.customer_ports import CustomerPorts
from services.tickets.application.find_card import card_of, kept_customer
from services.tickets.domain.cards import Card
from services.tickets.domain.customer_commands import UndoMerge
from services.tickets.domain.customers import MERGE_UNDONE, Entry, merged_below


def undo_merge(command: UndoMerge, ports: CustomerPorts) -> tuple[Card, Card]:
    """The card that was given back, with all who had been merged into it before, and the card it was part of.

    In a chain each merge is undone by itself, in any order. Raises NotFound, FailedPrecondition.
    """
    customers = ports.customers
    merged = customers.get(command.customer_id)
    if merged is None:
        raise NotFound(f"no customer {command.customer_id!r}")
    merging = merged.merging
    if merging is None:
        raise FailedPrecondition("the customer is merged into no other")
    if command.merge_id and command.merge_id != merging.merge_id:
        raise FailedPrecondition("this merge was undone before; the customer has been merged again since")
    kept = kept_customer(merged.customer_id, ports)
    below = merged_below(merged.customer_id, customers.get_all(kept.member_ids))
    gone = {merged.customer_id, *below}
    left = tuple(one for one in kept.member_ids if one not in gone)
    new_merged = customers.save(
        replace(merged, card_id="", merging=None, member_ids=below),
        Entry(MERGE_UNDONE, command.actor, other_id=kept.customer_id, merge_id=merging.merge_id),
    )
    new_kept = customers.save(
        replace(kept, member_ids=left),
        Entry(MERGE_UNDONE, command.actor, other_id=merged.customer_id, merge_id=merging.merge_id),
    )
    for customer_id in below:
        customers.place(customer_id, merged.customer_id)
    return card_of(new_merged, ports), card_of(new_kept, ports)
