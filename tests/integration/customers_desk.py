"""Customers as a test speaks of them: over a tickets service on real nodes."""

from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from relaydesk.tickets.v1 import customers_pb2, service_pb2, ticket_pb2
from tests.integration.tickets_desk import Client, TicketsDesk, received
from tests.waiting import wait_until


class CustomersDesk:
    """One caller of CustomersService, and mails that come in behind their back."""

    def __init__(self, desk: TicketsDesk, client: Client) -> None:
        self.desk = desk
        self.client = client
        self._mails = 0

    def mail(self, sender: str, **more: Any) -> str:
        """A mail comes in; answers the id of whoever asks in its ticket."""
        if not self._mails:
            self.desk.role("listen")
        self._mails += 1
        intake = f"{self._mails:032x}"
        before = len(self.desk.tickets())
        self.desk.publish(received(intake, sender=sender, **more))
        wait_until(lambda: len(self.desk.tickets()) == before + 1)
        return str(self.desk.tickets()[-1]["requester"]["id"])

    def asker(self, **requester: Any) -> str:
        """Somebody opens a ticket by the API; answers their id."""
        return self.client.create(requester=ticket_pb2.Requester(**requester)).requester.id

    def card(self, customer_id: str) -> customers_pb2.Customer:
        request = customers_pb2.GetCustomerRequest(id=customer_id)
        found: customers_pb2.Customer = self.client.ask("GetCustomer", request).customer
        return found

    def find(self, **wanted: Any) -> list[str]:
        found = self.client.ask("FindCustomers", customers_pb2.FindCustomersRequest(**wanted))
        return [one.id for one in found.customers]

    def merge(self, kept: str, merged: str, **more: Any) -> customers_pb2.MergeCustomersResponse:
        request = customers_pb2.MergeCustomersRequest(kept_id=kept, merged_id=merged, **more)
        answer: customers_pb2.MergeCustomersResponse = self.client.ask("MergeCustomers", request)
        return answer

    def undo(self, customer_id: str, **more: Any) -> customers_pb2.UndoMergeResponse:
        request = customers_pb2.UndoMergeRequest(customer_id=customer_id, **more)
        answer: customers_pb2.UndoMergeResponse = self.client.ask("UndoMerge", request)
        return answer

    def update(self, customer_id: str, **values: Any) -> customers_pb2.Customer:
        wire = customers_pb2.Customer(id=customer_id, **values)
        mask = FieldMask(paths=list(values))
        request = customers_pb2.UpdateCustomerRequest(customer=wire, update_mask=mask)
        kept: customers_pb2.Customer = self.client.ask("UpdateCustomer", request).customer
        return kept

    def add_identity(self, customer_id: str, **identity: Any) -> customers_pb2.Customer:
        request = customers_pb2.AddIdentityRequest(
            customer_id=customer_id, identity=customers_pb2.Identity(**identity)
        )
        kept: customers_pb2.Customer = self.client.ask("AddIdentity", request).customer
        return kept

    def note(self, customer_id: str, text: str) -> None:
        self.client.ask("AddNote", customers_pb2.AddNoteRequest(customer_id=customer_id, text=text))

    def changes(self, customer_id: str, **more: Any) -> list[customers_pb2.CustomerChange]:
        request = customers_pb2.ListCustomerChangesRequest(customer_id=customer_id, **more)
        return list(self.client.ask("ListCustomerChanges", request).changes)

    def organisation(self, name: str, *domains: str, **more: Any) -> customers_pb2.Organisation:
        wire = customers_pb2.Organisation(name=name, domains=domains, **more)
        request = customers_pb2.SaveOrganisationRequest(organisation=wire)
        kept: customers_pb2.Organisation = self.client.ask("SaveOrganisation", request).organisation
        return kept

    def tickets_of(self, customer_id: str) -> list[int]:
        """Numbers of the tickets that are listed under an id, oldest first."""
        request = service_pb2.ListTicketsRequest(requester=customer_id, order_by="number")
        return [ticket.number for ticket in self.client.ask("ListTickets", request).tickets]


def proven(card: customers_pb2.Customer) -> set[str]:
    """What a card is known by."""
    return {one.value for one in card.identities if not one.is_claim}


def refusal(client: Client, method: str, request: Any) -> tuple[str, list[str]]:
    """The status a call is refused with, and the fields that it names."""
    with pytest.raises(grpc.RpcError) as refused:
        client.ask(method, request)
    fields: list[str] = []
    status = rpc_status.from_call(refused.value)
    for detail in status.details if status is not None else ():
        bad = error_details_pb2.BadRequest()
        if detail.Unpack(bad):
            fields += [violation.field for violation in bad.field_violations]
    return refused.value.code().name, fields
