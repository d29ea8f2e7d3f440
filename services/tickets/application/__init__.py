"""What tickets does: one file per use case, each a function of one command."""

from collections.abc import Callable, Mapping
from typing import Any

from services.tickets.application.add_message import add_message
from services.tickets.application.apply_steps import apply_steps
from services.tickets.application.change_identities import add_identity, remove_identity
from services.tickets.application.create_ticket import create_ticket
from services.tickets.application.merge_customers import merge_customers
from services.tickets.application.merge_tickets import merge_tickets, unmerge_ticket
from services.tickets.application.receive_bounce import receive_bounce
from services.tickets.application.receive_message import receive_message
from services.tickets.application.record_clock import record_clock
from services.tickets.application.record_delivery import record_delivery
from services.tickets.application.save_organisation import save_organisation
from services.tickets.application.undo_merge import undo_merge
from services.tickets.application.update_customer import add_note, update_customer
from services.tickets.application.update_ticket import update_ticket
from services.tickets.domain.commands import (
    AddMessage,
    ApplySteps,
    CreateTicket,
    MergeTickets,
    ReceiveBounce,
    ReceiveMessage,
    RecordClock,
    RecordDelivery,
    UnmergeTicket,
    UpdateTicket,
)
from services.tickets.domain.customer_commands import (
    AddIdentity,
    AddNote,
    MergeCustomers,
    RemoveIdentity,
    SaveOrganisation,
    UndoMerge,
    UpdateCustomer,
)

# A command's type -> function(command, ports).
HANDLERS: Mapping[type, Callable[[Any, Any], object]] = {
    ReceiveMessage: receive_message,
    ReceiveBounce: receive_bounce,
    RecordDelivery: record_delivery,
    RecordClock: record_clock,
    CreateTicket: create_ticket,
    UpdateTicket: update_ticket,
    AddMessage: add_message,
    ApplySteps: apply_steps,
    MergeTickets: merge_tickets,
    UnmergeTicket: unmerge_ticket,
    UpdateCustomer: update_customer,
    AddIdentity: add_identity,
    RemoveIdentity: remove_identity,
    AddNote: add_note,
    MergeCustomers: merge_customers,
    UndoMerge: undo_merge,
    SaveOrganisation: save_organisation,
}
