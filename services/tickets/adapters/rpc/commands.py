"""Requests as commands, and what the use cases answer as bytes that are kept with the idempotency key."""

from collections.abc import Callable, Mapping
from typing import Any

from chassis.errors import InvalidField
from relaydesk.tickets.v1 import service_pb2
from services.tickets.adapters.nouns import attachments_of, message_to_wire, sender_of, ticket_to_wire
from services.tickets.application.add_message import add_message
from services.tickets.application.apply_steps import apply_steps
from services.tickets.application.create_ticket import create_ticket
from services.tickets.application.ports import Ports
from services.tickets.application.update_ticket import update_ticket
from services.tickets.domain.checks import Checks
from services.tickets.domain.commands import (
    AddEntry,
    AddMessage,
    AddTag,
    ApplySteps,
    CreateTicket,
    Notify,
    RemoveTag,
    SetField,
    Step,
    UpdateTicket,
)
from services.tickets.domain.message import PUBLIC
from services.tickets.domain.people import ACTOR_KINDS, SYSTEM, Actor
from services.tickets.domain.ticket import SETTABLE

_MASKABLE = (*SETTABLE, "tags", "fields", "requester")
_LONGEST_KEY = 200


def create_of(request: service_pb2.CreateTicketRequest, actor: Actor) -> CreateTicket:
    """The command that the request is."""
    _check_key(request.idempotency_key)
    return CreateTicket(
        actor=actor,
        requester=sender_of(request.requester),
        subject=request.subject,
        text=request.text,
        channel=request.channel,
        group=request.group,
        agent=request.agent,
        priority=request.priority,
        tags=tuple(request.tags),
        fields=dict(request.fields),
    )


def update_of(request: service_pb2.UpdateTicketRequest, actor: Actor) -> UpdateTicket:
    """The command that the request is. Raises InvalidField."""
    _check_key(request.idempotency_key)
    wire, mask = request.ticket, tuple(request.update_mask.paths)
    checks = Checks()
    checks.that(bool(wire.id), "ticket.id", "the id of a ticket")
    checks.that(bool(mask), "update_mask", f"at least one of {', '.join(_MASKABLE)}")
    checks.that(request.expected_version >= 0, "expected_version", "a version, or 0")
    for path in mask:
        checks.one_of(path, _MASKABLE, "update_mask")
    checks.done()
    return UpdateTicket(
        actor=actor,
        ticket_id=wire.id,
        expected_version=request.expected_version,
        values={name: getattr(wire, name) for name in mask if name in SETTABLE},
        tags=tuple(wire.tags) if "tags" in mask else None,
        fields=dict(wire.fields) if "fields" in mask else None,
        requester=sender_of(wire.requester) if "requester" in mask else None,
    )


def message_of(request: service_pb2.AddMessageRequest, actor: Actor) -> AddMessage:
    """The command that the request is. Raises InvalidField."""
    _check_key(request.idempotency_key)
    checks = Checks()
    checks.that(bool(request.ticket_id), "ticket_id", "the id of a ticket")
    checks.that(request.expected_version >= 0, "expected_version", "a version, or 0")
    checks.done()
    return AddMessage(
        actor=actor,
        ticket_id=request.ticket_id,
        text=request.text,
        visibility=request.visibility or PUBLIC,
        attachments=attachments_of(request.attachments),
        status=request.status,
        expected_version=request.expected_version,
        is_from_requester=request.as_requester,
    )


def steps_of(wire: service_pb2.TicketCommand, field: str) -> ApplySteps:
    """The command that one of many is. Raises InvalidField."""
    key, ticket_id, actor = wire.idempotency_key, wire.ticket_id, wire.actor
    kind = actor.kind or SYSTEM
    if not key or len(key) > _LONGEST_KEY or not ticket_id or kind not in ACTOR_KINDS:
        checks = Checks(f"{field}.")
        checks.that(bool(key), "idempotency_key", "a key")
        checks.that(len(key) <= _LONGEST_KEY, "idempotency_key", f"at most {_LONGEST_KEY}")
        checks.that(bool(ticket_id), "ticket_id", "the id of a ticket")
        checks.one_of(kind, sorted(ACTOR_KINDS), "actor.kind")
        checks.done()
    return ApplySteps(
        actor=Actor(kind, actor.id, actor.name),
        ticket_id=ticket_id,
        steps=tuple([_step_of(step, field, place) for place, step in enumerate(wire.steps)]),
        expected_version=wire.expected_version,
    )


def _step_of(wire: service_pb2.TicketStep, field: str, place: int) -> Step:
    match wire.WhichOneof("step"):
        case "set_field":
            step = wire.set_field
            return SetField(step.field, step.value)
        case "add_tag":
            return AddTag(wire.add_tag)
        case "remove_tag":
            return RemoveTag(wire.remove_tag)
        case "add_entry":
            entry = wire.add_entry
            return AddEntry(entry.visibility or PUBLIC, entry.text, entry.is_automatic)
        case "notify":
            return Notify(tuple(dict.fromkeys(wire.notify.to)), wire.notify.text)
    raise InvalidField(f"{field}.steps[{place}]", "set_field, add_tag, remove_tag, add_entry or notify")


def _check_key(key: str) -> None:
    if len(key) > _LONGEST_KEY:
        raise InvalidField("idempotency_key", f"at most {_LONGEST_KEY} characters", str(len(key)))


def _created(command: CreateTicket, ports: Ports) -> bytes:
    ticket = create_ticket(command, ports)
    return service_pb2.CreateTicketResponse(ticket=ticket_to_wire(ticket)).SerializeToString()


def _updated(command: UpdateTicket, ports: Ports) -> bytes:
    ticket = update_ticket(command, ports)
    return service_pb2.UpdateTicketResponse(ticket=ticket_to_wire(ticket)).SerializeToString()


def _added(command: AddMessage, ports: Ports) -> bytes:
    message, ticket = add_message(command, ports)
    return service_pb2.AddMessageResponse(
        message=message_to_wire(message, with_html=True), ticket=ticket_to_wire(ticket)
    ).SerializeToString()


def _applied(command: ApplySteps, ports: Ports) -> bytes:
    outcome = apply_steps(command, ports)
    return service_pb2.CommandOutcome(
        outcome=outcome.outcome, reason=outcome.reason, version=outcome.version
    ).SerializeToString()


# The use cases that are called by gRPC, each answering the bytes of its response.
ANSWERING: Mapping[type, Callable[[Any, Any], bytes]] = {
    CreateTicket: _created,
    UpdateTicket: _updated,
    AddMessage: _added,
    ApplySteps: _applied,
}
