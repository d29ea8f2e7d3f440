"""Customers from the tickets service."""

import grpc
from google.protobuf.field_mask_pb2 import FieldMask

from relaydesk.tickets.v1 import customers_pb2
from relaydesk.tickets.v1.customers_pb2_grpc import CustomersServiceStub
from services.console.adapters.calls import Caller, moment, moment_or_none
from services.console.adapters.tickets import actor_of, mail_reach_of
from services.console.domain.customers import (
    Customer,
    CustomerChange,
    CustomerEdit,
    CustomerPage,
    Identity,
    Merge,
    Organisation,
    Question,
)
from services.console.domain.tickets import FieldChange

# What nobody changed by hand has no version; 0 would mean whatever it is.
_UNCHANGED = -1


class GrpcCustomers:
    """Implements the port Customers."""

    def __init__(self, channel: grpc.Channel, caller: Caller) -> None:
        self._stub = CustomersServiceStub(channel)
        self._caller = caller

    def get_customer(self, customer_id: str) -> Customer:
        request = customers_pb2.GetCustomerRequest(id=customer_id)
        return _customer_of(self._caller.ask(self._stub.GetCustomer, request).customer)

    def find_customers(self, question: Question) -> tuple[Customer, ...]:
        request = customers_pb2.FindCustomersRequest(
            email=question.email, phone=question.phone, text=question.text
        )
        return tuple(map(_customer_of, self._caller.ask(self._stub.FindCustomers, request).customers))

    def list_customers(self, *, organisation_id: str = "", page_token: str = "") -> CustomerPage:
        request = customers_pb2.ListCustomersRequest(organisation=organisation_id, page_token=page_token)
        answer = self._caller.ask(self._stub.ListCustomers, request)
        return CustomerPage(tuple(map(_customer_of, answer.customers)), answer.next_page_token)

    def list_customer_changes(self, customer_id: str) -> tuple[CustomerChange, ...]:
        request = customers_pb2.ListCustomerChangesRequest(customer_id=customer_id)
        answer = self._caller.ask(self._stub.ListCustomerChanges, request)
        return tuple(map(_change_of, answer.changes))

    def list_organisations(self) -> tuple[Organisation, ...]:
        answer = self._caller.ask(self._stub.ListOrganisations, customers_pb2.ListOrganisationsRequest())
        return tuple(map(_organisation_of, answer.organisations))

    def save_organisation(self, organisation: Organisation, *, key: str, agent_id: str) -> Organisation:
        wire = customers_pb2.Organisation(
            id=organisation.organisation_id,
            name=organisation.name,
            domains=organisation.domains,
            is_own=organisation.is_own,
        )
        request = customers_pb2.SaveOrganisationRequest(idempotency_key=key, organisation=wire)
        return _organisation_of(
            self._caller.ask(self._stub.SaveOrganisation, request, agent_id=agent_id).organisation
        )

    def update_customer(
        self, customer_id: str, edit: CustomerEdit, *, expected_version: int, key: str, agent_id: str
    ) -> Customer:
        wanted = {
            "name": edit.name,
            "language": edit.language,
            "internal_by_hand": edit.internal_by_hand,
            "organisation_by_hand": edit.organisation_by_hand,
        }
        wire = customers_pb2.Customer(id=customer_id)
        mask = [name for name, value in wanted.items() if value is not None]
        for name in mask:
            setattr(wire, name, wanted[name])
        request = customers_pb2.UpdateCustomerRequest(
            idempotency_key=key,
            customer=wire,
            update_mask=FieldMask(paths=mask),
            expected_version=expected_version or _UNCHANGED,
        )
        return _customer_of(self._caller.ask(self._stub.UpdateCustomer, request, agent_id=agent_id).customer)

    def add_identity(self, customer_id: str, identity: Identity, *, key: str, agent_id: str) -> Customer:
        request = customers_pb2.AddIdentityRequest(
            idempotency_key=key, customer_id=customer_id, identity=_identity_to_wire(identity)
        )
        return _customer_of(self._caller.ask(self._stub.AddIdentity, request, agent_id=agent_id).customer)

    def remove_identity(self, customer_id: str, identity: Identity, *, key: str, agent_id: str) -> Customer:
        request = customers_pb2.RemoveIdentityRequest(
            idempotency_key=key, customer_id=customer_id, identity=_identity_to_wire(identity)
        )
        return _customer_of(self._caller.ask(self._stub.RemoveIdentity, request, agent_id=agent_id).customer)

    def add_note(self, customer_id: str, text: str, *, key: str, agent_id: str) -> None:
        request = customers_pb2.AddNoteRequest(idempotency_key=key, customer_id=customer_id, text=text)
        self._caller.ask(self._stub.AddNote, request, agent_id=agent_id)

    def try_merge(self, kept_id: str, merged_id: str) -> Customer:
        request = customers_pb2.MergeCustomersRequest(
            kept_id=kept_id, merged_id=merged_id, validate_only=True
        )
        return _customer_of(self._caller.ask(self._stub.MergeCustomers, request).customer)

    def merge_customers(self, kept: Customer, merged: Customer, *, key: str, agent_id: str) -> Customer:
        request = customers_pb2.MergeCustomersRequest(
            idempotency_key=key,
            kept_id=kept.customer_id,
            merged_id=merged.customer_id,
            expected_kept_version=kept.version or _UNCHANGED,
            expected_merged_version=merged.version or _UNCHANGED,
        )
        return _customer_of(self._caller.ask(self._stub.MergeCustomers, request, agent_id=agent_id).customer)

    def undo_merge(self, customer_id: str, merge_id: str, *, key: str, agent_id: str) -> Customer:
        request = customers_pb2.UndoMergeRequest(
            idempotency_key=key, customer_id=customer_id, merge_id=merge_id
        )
        return _customer_of(self._caller.ask(self._stub.UndoMerge, request, agent_id=agent_id).customer)


def _customer_of(wire: customers_pb2.Customer) -> Customer:
    return Customer(
        customer_id=wire.id,
        name=wire.name,
        email=wire.email,
        phone=wire.phone,
        identities=tuple(map(_identity_of, wire.identities)),
        language=wire.language,
        is_internal=wire.internal,
        internal_reason=wire.internal_reason,
        internal_by_hand=wire.internal_by_hand,
        organisation=_organisation_of(wire.organisation) if wire.HasField("organisation") else None,
        organisation_by_hand=wire.organisation_by_hand,
        version=wire.version,
        created_at=moment_or_none(wire.created_at, is_set=wire.HasField("created_at")),
        channel_id=wire.channel,
        merges=tuple(
            Merge(one.id, one.customer_id, one.name, moment(one.merged_at), actor_of(one.actor))
            for one in wire.merges
        ),
        ticket_count=wire.ticket_count,
        unsolved_ticket_count=wire.unsolved_ticket_count,
    )


def _identity_of(wire: customers_pb2.Identity) -> Identity:
    return Identity(
        kind=wire.kind,
        value=wire.value,
        scope=wire.scope,
        is_claim=wire.is_claim,
        held_by=wire.held_by,
        customer_id=wire.customer_id,
        known_since=moment_or_none(wire.known_since, is_set=wire.HasField("known_since")),
        channel_id=wire.channel,
        mail_reach=mail_reach_of(wire),
    )


def _identity_to_wire(identity: Identity) -> customers_pb2.Identity:
    return customers_pb2.Identity(kind=identity.kind, value=identity.value, scope=identity.scope)


def _organisation_of(wire: customers_pb2.Organisation) -> Organisation:
    return Organisation(wire.id, wire.name, tuple(wire.domains), wire.is_own)


def _change_of(wire: customers_pb2.CustomerChange) -> CustomerChange:
    return CustomerChange(
        fact=wire.fact,
        occurred_at=moment(wire.occurred_at),
        actor=actor_of(wire.actor),
        changes=tuple(FieldChange(step.field, step.old, step.new) for step in wire.changes),
        text=wire.text,
        other_id=wire.other_id,
    )
