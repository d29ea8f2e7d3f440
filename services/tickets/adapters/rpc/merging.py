"""Requests to merge tickets as commands, and what the use cases answer as bytes that are kept with the idempotency key."""

from collections.abc import Callable, Mapping
from typing import Any

from relaydesk.tickets.v1 import service_pb2
from services.tickets.adapters.nouns import ticket_to_wire
from services.tickets.adapters.rpc.writes import check_key
from services.tickets.application.merge_tickets import merge_tickets, unmerge_ticket
from services.tickets.application.ports import Ports
from services.tickets.domain.checks import Checks
from services.tickets.domain.commands import MergeTickets, UnmergeTicket
from services.tickets.domain.people import Actor


def merge_of(request: service_pb2.MergeTicketsRequest, actor: Actor) -> MergeTickets:
    """The command that the request is. Raises InvalidField."""
    check_key(request.idempotency_key)
    _check_version(request.expected_target_version, "expected_target_version")
    return MergeTickets(
        actor=actor,
        target_id=request.target_id,
        source_ids=tuple(request.source_ids),
        reason=" ".join(request.reason.split()),
        allows_other_requester=request.allow_other_requester,
        expected_target_version=request.expected_target_version,
        is_trial=request.validate_only,
    )


def unmerge_of(request: service_pb2.UnmergeTicketRequest, actor: Actor) -> UnmergeTicket:
    """The command that the request is. Raises InvalidField."""
    check_key(request.idempotency_key)
    _check_version(request.expected_version, "expected_version")
    return UnmergeTicket(actor, request.ticket_id, request.expected_version)


def _check_version(version: int, field: str) -> None:
    checks = Checks()
    checks.that(version >= 0, field, "a version, or 0")
    checks.done()


def _merged(command: MergeTickets, ports: Ports) -> bytes:
    target, sources = merge_tickets(command, ports)
    response = service_pb2.MergeTicketsResponse(
        target=ticket_to_wire(target), sources=map(ticket_to_wire, sources)
    )
    for source in sources:
        assert source.merging is not None
        response.joined.extend(source.merging.joined)
    return response.SerializeToString()


def _unmerged(command: UnmergeTicket, ports: Ports) -> bytes:
    source, target = unmerge_ticket(command, ports)
    return service_pb2.UnmergeTicketResponse(
        ticket=ticket_to_wire(source), target=ticket_to_wire(target)
    ).SerializeToString()


# The use cases that are called by gRPC, each answering the bytes of its response.
ANSWERING: Mapping[type, Callable[[Any, Any], bytes]] = {MergeTickets: _merged, UnmergeTicket: _unmerged}
