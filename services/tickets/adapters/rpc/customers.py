"""CustomersService: queries go to the store, writes through group commit."""

# ruff: noqa: N802 - the methods have the names of the contract

from typing import Any

from chassis.errors import InvalidField
from chassis.group_commit import GroupCommitter
from relaydesk.tickets.v1 import customers_pb2
from relaydesk.tickets.v1.customers_pb2_grpc import CustomersServiceServicer
from services.tickets.adapters.customer_nouns import (
    card_to_wire,
    change_to_wire,
    organisation_change_to_wire,
    organisation_to_wire,
)
from services.tickets.adapters.mongo.customer_queries import MongoCustomerQueries
from services.tickets.adapters.mongo.queries import MongoQueries
from services.tickets.adapters.rpc import customer_commands
from services.tickets.adapters.rpc.callers import Callers
from services.tickets.adapters.rpc.page_tokens import PageTokens
from services.tickets.adapters.rpc.writes import write
from services.tickets.domain import status as statuses
from services.tickets.domain.cards import Card
from services.tickets.domain.identities import EMAIL, EXTERNAL_ID, PHONE, identity_named
from services.tickets.domain.selection import Position, Selection

_LARGEST_PAGE = 200
_USUAL_PAGE = 50
_MOST_CHANGES = 500
_USUAL_CHANGES = 100
_LONGEST_TEXT = 500


class CustomersRpc(CustomersServiceServicer):
    """Implements the contract; see proto/relaydesk/tickets/v1/customers.proto."""

    def __init__(
        self,
        queries: MongoCustomerQueries,
        tickets: MongoQueries,
        committer: GroupCommitter,
        callers: Callers,
        tokens: PageTokens,
        phone_region: str,
    ) -> None:
        self._queries = queries
        self._tickets = tickets
        self._committer = committer
        self._callers = callers
        self._tokens = tokens
        self._region = phone_region

    # -------------------------------------------------------------------------------------------------------- queries

    def GetCustomer(
        self, request: customers_pb2.GetCustomerRequest, context: Any
    ) -> customers_pb2.GetCustomerResponse:
        card = self._queries.card(request.id)
        wire = card_to_wire(card)
        theirs = Selection(requester=card.kept.customer_id)
        wire.ticket_count = self._tickets.count(theirs)
        wire.unsolved_ticket_count = self._tickets.count(
            Selection(requester=card.kept.customer_id, statuses=statuses.UNSOLVED)
        )
        return customers_pb2.GetCustomerResponse(customer=wire)

    def FindCustomers(
        self, request: customers_pb2.FindCustomersRequest, context: Any
    ) -> customers_pb2.FindCustomersResponse:
        return customers_pb2.FindCustomersResponse(customers=map(card_to_wire, self._found(request)))

    def _found(self, request: customers_pb2.FindCustomersRequest) -> list[Card]:
        asked = {
            EMAIL: request.email,
            PHONE: request.phone,
            EXTERNAL_ID: request.external_id,
            "text": request.text,
        }
        given = [(kind, value) for kind, value in asked.items() if value.strip()]
        if len(given) != 1:
            raise InvalidField("text", "an email, a phone, an external_id or words, one of the four")
        ((kind, value),) = given
        if len(value) > _LONGEST_TEXT:
            raise InvalidField(kind, f"at most {_LONGEST_TEXT} characters", str(len(value)))
        if kind == "text":
            return self._queries.by_words(value)
        identity = identity_named(kind, value, request.scope, self._region)
        if identity is None:
            expected = "an e-mail address" if kind == EMAIL else "a phone number as +442079460000"
            raise InvalidField(kind, expected, value)
        return self._queries.by_key(identity.key)

    def ListCustomers(
        self, request: customers_pb2.ListCustomersRequest, context: Any
    ) -> customers_pb2.ListCustomersResponse:
        size = _size_of(request.page_size, _LARGEST_PAGE, _USUAL_PAGE)
        after = self._tokens.read(request)
        page = self._queries.page(request.organisation, after.ticket_id if after else "", size)
        token = self._tokens.write(request, Position(0, page.last_id)) if page.last_id else ""
        return customers_pb2.ListCustomersResponse(
            customers=map(card_to_wire, page.cards), next_page_token=token
        )

    def ListCustomerChanges(
        self, request: customers_pb2.ListCustomerChangesRequest, context: Any
    ) -> customers_pb2.ListCustomerChangesResponse:
        size = _size_of(request.page_size, _MOST_CHANGES, _USUAL_CHANGES)
        card = self._queries.card(request.customer_id)
        rows = self._queries.changes(card, notes_only=request.notes_only, size=size)
        return customers_pb2.ListCustomerChangesResponse(changes=map(change_to_wire, rows))

    def ListOrganisations(
        self, request: customers_pb2.ListOrganisationsRequest, context: Any
    ) -> customers_pb2.ListOrganisationsResponse:
        return customers_pb2.ListOrganisationsResponse(
            organisations=map(organisation_to_wire, self._queries.organisations())
        )

    def ListOrganisationChanges(
        self, request: customers_pb2.ListOrganisationChangesRequest, context: Any
    ) -> customers_pb2.ListOrganisationChangesResponse:
        size = _size_of(request.page_size, _LARGEST_PAGE, _USUAL_PAGE)
        changes, token = self._queries.organisation_changes(request.organisation_id, size, request.page_token)
        return customers_pb2.ListOrganisationChangesResponse(
            changes=map(organisation_change_to_wire, changes), next_page_token=token
        )

    # --------------------------------------------------------------------------------------------------------- writes

    def UpdateCustomer(
        self, request: customers_pb2.UpdateCustomerRequest, context: Any
    ) -> customers_pb2.UpdateCustomerResponse:
        command = customer_commands.update_of(request, self._callers.actor())
        return write(self._committer, request, command, customers_pb2.UpdateCustomerResponse)

    def AddIdentity(
        self, request: customers_pb2.AddIdentityRequest, context: Any
    ) -> customers_pb2.AddIdentityResponse:
        command = customer_commands.addition_of(request, self._callers.actor())
        return write(self._committer, request, command, customers_pb2.AddIdentityResponse)

    def RemoveIdentity(
        self, request: customers_pb2.RemoveIdentityRequest, context: Any
    ) -> customers_pb2.RemoveIdentityResponse:
        command = customer_commands.removal_of(request, self._callers.actor())
        return write(self._committer, request, command, customers_pb2.RemoveIdentityResponse)

    def AddNote(self, request: customers_pb2.AddNoteRequest, context: Any) -> customers_pb2.AddNoteResponse:
        command = customer_commands.note_of(request, self._callers.actor())
        return write(self._committer, request, command, customers_pb2.AddNoteResponse)

    def MergeCustomers(
        self, request: customers_pb2.MergeCustomersRequest, context: Any
    ) -> customers_pb2.MergeCustomersResponse:
        command = customer_commands.merge_of(request, self._callers.actor())
        return write(self._committer, request, command, customers_pb2.MergeCustomersResponse)

    def UndoMerge(
        self, request: customers_pb2.UndoMergeRequest, context: Any
    ) -> customers_pb2.UndoMergeResponse:
        command = customer_commands.undo_of(request, self._callers.actor())
        return write(self._committer, request, command, customers_pb2.UndoMergeResponse)

    def SaveOrganisation(
        self, request: customers_pb2.SaveOrganisationRequest, context: Any
    ) -> customers_pb2.SaveOrganisationResponse:
        command = customer_commands.organisation_command_of(request, self._callers.actor())
        return write(self._committer, request, command, customers_pb2.SaveOrganisationResponse)


def _size_of(asked: int, largest: int, usual: int) -> int:
    if not 0 <= asked <= largest:
        raise InvalidField("page_size", f"1 to {largest}, or 0 for {usual}", str(asked))
    return asked or usual
