"""Requests about customers as commands, and what the use cases answer as bytes that are kept with the idempotency key."""

from collections.abc import Callable, Mapping
from typing import Any

from relaydesk.tickets.v1 import customers_pb2
from services.tickets.adapters.customer_nouns import card_to_wire, organisation_of, organisation_to_wire
from services.tickets.adapters.rpc.writes import check_key
from services.tickets.application.change_identities import add_identity, remove_identity
from services.tickets.application.customer_ports import CustomerPorts
from services.tickets.application.merge_customers import merge_customers
from services.tickets.application.save_organisation import save_organisation
from services.tickets.application.undo_merge import undo_merge
from services.tickets.application.update_customer import add_note, update_customer
from services.tickets.domain.checks import Checks
from services.tickets.domain.customer_commands import (
    AddIdentity,
    AddNote,
    MergeCustomers,
    RemoveIdentity,
    SaveOrganisation,
    UndoMerge,
    UpdateCustomer,
)
from services.tickets.domain.customers import SETTABLE
from services.tickets.domain.people import Actor


def update_of(request: customers_pb2.UpdateCustomerRequest, actor: Actor) -> UpdateCustomer:
    """The command that the request is. Raises InvalidField(s)."""
    check_key(request.idempotency_key)
    wire, mask = request.customer, tuple(request.update_mask.paths)
    checks = Checks()
    checks.that(bool(wire.id), "customer.id", "the id of a customer")
    checks.that(bool(mask), "update_mask", f"at least one of {', '.join(SETTABLE)}")
    checks.that(request.expected_version >= -1, "expected_version", "a version, 0 or -1")
    for path in mask:
        checks.one_of(path, SETTABLE, "update_mask")
    checks.done()
    return UpdateCustomer(
        actor, wire.id, {name: getattr(wire, name) for name in mask}, request.expected_version
    )


def addition_of(request: customers_pb2.AddIdentityRequest, actor: Actor) -> AddIdentity:
    """The command that the request is. Raises InvalidField."""
    check_key(request.idempotency_key)
    wire = request.identity
    return AddIdentity(actor, request.customer_id, wire.kind, wire.value, wire.scope)


def removal_of(request: customers_pb2.RemoveIdentityRequest, actor: Actor) -> RemoveIdentity:
    """The command that the request is. Raises InvalidField."""
    check_key(request.idempotency_key)
    wire = request.identity
    return RemoveIdentity(actor, request.customer_id, wire.kind, wire.value, wire.scope)


def note_of(request: customers_pb2.AddNoteRequest, actor: Actor) -> AddNote:
    """The command that the request is. Raises InvalidField."""
    check_key(request.idempotency_key)
    return AddNote(actor, request.customer_id, request.text)


def merge_of(request: customers_pb2.MergeCustomersRequest, actor: Actor) -> MergeCustomers:
    """The command that the request is. Raises InvalidField."""
    check_key(request.idempotency_key)
    return MergeCustomers(
        actor,
        request.kept_id,
        request.merged_id,
        request.expected_kept_version,
        request.expected_merged_version,
        request.validate_only,
    )


def undo_of(request: customers_pb2.UndoMergeRequest, actor: Actor) -> UndoMerge:
    """The command that the request is. Raises InvalidField."""
    check_key(request.idempotency_key)
    return UndoMerge(actor, request.customer_id, request.merge_id)


def organisation_command_of(request: customers_pb2.SaveOrganisationRequest, actor: Actor) -> SaveOrganisation:
    """The command that the request is. Raises InvalidField."""
    check_key(request.idempotency_key)
    return SaveOrganisation(actor, organisation_of(request.organisation))


def _updated(command: UpdateCustomer, ports: CustomerPorts) -> bytes:
    card = update_customer(command, ports)
    return customers_pb2.UpdateCustomerResponse(customer=card_to_wire(card)).SerializeToString()


def _added(command: AddIdentity, ports: CustomerPorts) -> bytes:
    card = add_identity(command, ports)
    return customers_pb2.AddIdentityResponse(customer=card_to_wire(card)).SerializeToString()


def _removed(command: RemoveIdentity, ports: CustomerPorts) -> bytes:
    card = remove_identity(command, ports)
    return customers_pb2.RemoveIdentityResponse(customer=card_to_wire(card)).SerializeToString()


def _noted(command: AddNote, ports: CustomerPorts) -> bytes:
    return customers_pb2.AddNoteResponse(customer=card_to_wire(add_note(command, ports))).SerializeToString()


def _merged(command: MergeCustomers, ports: CustomerPorts) -> bytes:
    card, merge_id = merge_customers(command, ports)
    return customers_pb2.MergeCustomersResponse(
        customer=card_to_wire(card), merge_id=merge_id
    ).SerializeToString()


def _undone(command: UndoMerge, ports: CustomerPorts) -> bytes:
    given_back, kept = undo_merge(command, ports)
    return customers_pb2.UndoMergeResponse(
        customer=card_to_wire(given_back), kept=card_to_wire(kept)
    ).SerializeToString()


def _saved(command: SaveOrganisation, ports: CustomerPorts) -> bytes:
    organisation = save_organisation(command, ports)
    return customers_pb2.SaveOrganisationResponse(
        organisation=organisation_to_wire(organisation)
    ).SerializeToString()


# The use cases that are called by gRPC, each answering the bytes of its response.
ANSWERING: Mapping[type, Callable[[Any, Any], bytes]] = {
    UpdateCustomer: _updated,
    AddIdentity: _added,
    RemoveIdentity: _removed,
    AddNote: _noted,
    MergeCustomers: _merged,
    UndoMerge: _undone,
    SaveOrganisation: _saved,
}
