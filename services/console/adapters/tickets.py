"""Tickets, their messages and their log from the tickets service."""

from collections.abc import Collection, Sequence
from datetime import datetime

import grpc
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp

from relaydesk.tickets.v1 import customers_pb2, service_pb2, ticket_pb2
from relaydesk.tickets.v1.service_pb2_grpc import TicketsServiceStub
from services.console.adapters.calls import Caller, moment
from services.console.application.ports import Merge, NewMessage
from services.console.domain.tickets import (
    Actor,
    Attachment,
    Change,
    Clock,
    Edit,
    FieldChange,
    Filter,
    MailReach,
    Merged,
    Message,
    Requester,
    Ticket,
    TicketPage,
)


class GrpcTickets:
    """Implements the port Tickets."""

    def __init__(self, channel: grpc.Channel, caller: Caller) -> None:
        self._stub = TicketsServiceStub(channel)
        self._caller = caller

    def list_tickets(
        self, wanted: Filter, *, order_by: str, page_size: int = 60, page_token: str = ""
    ) -> TicketPage:
        request = request_of(wanted)
        request.order_by, request.page_size, request.page_token = order_by, page_size, page_token
        answer = self._caller.ask(self._stub.ListTickets, request)
        return TicketPage(tuple(ticket_of(ticket) for ticket in answer.tickets), answer.next_page_token)

    def count_tickets(self, views: Sequence[Filter]) -> tuple[int, ...]:
        request = service_pb2.CountTicketsRequest(views=[request_of(view) for view in views])
        return tuple(self._caller.ask(self._stub.CountTickets, request).counts)

    def get_ticket(self, number: int) -> Ticket:
        request = service_pb2.GetTicketRequest(number=number)
        return ticket_of(self._caller.ask(self._stub.GetTicket, request).ticket)

    def get_ticket_by_id(self, ticket_id: str) -> Ticket:
        request = service_pb2.GetTicketRequest(id=ticket_id)
        return ticket_of(self._caller.ask(self._stub.GetTicket, request).ticket)

    def get_tickets(self, ticket_ids: Collection[str]) -> tuple[Ticket, ...]:
        request = service_pb2.GetTicketsRequest(ids=ticket_ids)
        return tuple(map(ticket_of, self._caller.ask(self._stub.GetTickets, request).tickets))

    def get_sequence(self) -> int:
        return self._caller.ask(self._stub.GetSequence, service_pb2.GetSequenceRequest()).sequence

    def list_messages(self, ticket_id: str) -> tuple[Message, ...]:
        request = service_pb2.ListMessagesRequest(ticket_id=ticket_id)
        answer = self._caller.ask(self._stub.ListMessages, request)
        return tuple(message_of(message) for message in answer.messages)

    def list_changes(self, ticket_id: str) -> tuple[Change, ...]:
        request = service_pb2.ListChangesRequest(ticket_id=ticket_id)
        answer = self._caller.ask(self._stub.ListChanges, request)
        return tuple(_change_of(change) for change in answer.changes)

    def update_ticket(
        self, ticket_id: str, edit: Edit, *, expected_version: int, key: str, agent_id: str
    ) -> Ticket:
        fields = {
            "status": edit.status,
            "priority": edit.priority,
            "group": edit.group_id,
            "agent": edit.agent_id,
        }
        ticket = ticket_pb2.Ticket(id=ticket_id)
        mask = [name for name, value in fields.items() if value is not None]
        for name in mask:
            setattr(ticket, name, fields[name])
        if edit.tags is not None:
            mask.append("tags")
            ticket.tags.extend(edit.tags)
        request = service_pb2.UpdateTicketRequest(
            idempotency_key=key,
            ticket=ticket,
            update_mask=FieldMask(paths=mask),
            expected_version=expected_version,
        )
        return ticket_of(self._caller.ask(self._stub.UpdateTicket, request, agent_id=agent_id).ticket)

    def add_message(
        self, ticket_id: str, message: NewMessage, *, key: str, agent_id: str
    ) -> tuple[Message, Ticket]:
        request = service_pb2.AddMessageRequest(
            idempotency_key=key,
            ticket_id=ticket_id,
            text=message.text,
            visibility=message.visibility,
            status=message.status,
            attachments=[
                ticket_pb2.MessageAttachment(
                    attachment_id=file.attachment_id, name=file.name, mime_type=file.mime_type, size=file.size
                )
                for file in message.attachments
            ],
        )
        answer = self._caller.ask(self._stub.AddMessage, request, agent_id=agent_id)
        return message_of(answer.message), ticket_of(answer.ticket)

    def merge_ticket(
        self, source_id: str, target_id: str, wanted: Merge, *, key: str = "", agent_id: str = ""
    ) -> Merged:
        request = service_pb2.MergeTicketsRequest(
            idempotency_key=key,
            target_id=target_id,
            source_ids=[source_id],
            reason=wanted.reason,
            allow_other_requester=wanted.allows_other_requester,
            validate_only=wanted.is_trial,
        )
        answer = self._caller.ask(self._stub.MergeTickets, request, agent_id=agent_id)
        return Merged(ticket_of(answer.target), ticket_of(answer.sources[0]), tuple(answer.joined))

    def unmerge_ticket(self, ticket_id: str, *, key: str, agent_id: str) -> Ticket:
        request = service_pb2.UnmergeTicketRequest(idempotency_key=key, ticket_id=ticket_id)
        return ticket_of(self._caller.ask(self._stub.UnmergeTicket, request, agent_id=agent_id).ticket)


def request_of(wanted: Filter) -> service_pb2.ListTicketsRequest:
    return service_pb2.ListTicketsRequest(
        status=wanted.status,
        group=wanted.group,
        agent=wanted.agent,
        channel=wanted.channel,
        tag=wanted.tag,
        priority=wanted.priority,
        text=wanted.text,
        requester=wanted.requester,
        unassigned=wanted.unassigned,
    )


def ticket_of(wire: ticket_pb2.Ticket) -> Ticket:
    def when(name: str, stamp: Timestamp) -> datetime | None:
        return moment(stamp) if wire.HasField(name) else None  # type: ignore[arg-type]

    return Ticket(
        ticket_id=wire.id,
        number=wire.number,
        subject=wire.subject,
        status=wire.status,
        priority=wire.priority,
        channel_id=wire.channel,
        channel_kind=wire.channel_kind,
        requester=_requester_of(wire.requester),
        group_id=wire.group,
        agent_id=wire.agent,
        tags=tuple(wire.tags),
        created_at=moment(wire.created_at),
        updated_at=moment(wire.updated_at),
        version=wire.version,
        preview=wire.preview,
        clock=_clock_of(wire),
        mailbox=wire.mailbox,
        message_count=wire.message_count,
        fields=dict(wire.fields),
        last_requester_message_at=when("last_requester_message_at", wire.last_requester_message_at),
        last_agent_message_at=when("last_agent_message_at", wire.last_agent_message_at),
        merged_into=wire.merged_into,
        merged_from=tuple(wire.merged_from),
    )


def _requester_of(wire: ticket_pb2.Requester) -> Requester:
    return Requester(wire.id, wire.name, wire.email, wire.phone, mail_reach_of(wire), wire.external_id)


def mail_reach_of(wire: ticket_pb2.Requester | customers_pb2.Identity) -> MailReach | None:
    """What bounces tell of the address; None where they tell nothing."""
    if not wire.HasField("mail_reach"):
        return None
    told = wire.mail_reach
    return MailReach(told.state, told.reason, moment(told.since))


def _clock_of(wire: ticket_pb2.Ticket) -> Clock | None:
    if not wire.HasField("clock") or not wire.clock.target:
        return None
    clock = wire.clock
    due_at = moment(clock.due_at) if clock.HasField("due_at") else None
    return Clock(clock.target, due_at, clock.is_paused, clock.is_breached)


def actor_of(wire: ticket_pb2.Actor) -> Actor:
    return Actor(wire.kind, wire.id, wire.name)


def message_of(wire: ticket_pb2.Message) -> Message:
    return Message(
        message_id=wire.id,
        visibility=wire.visibility,
        author=actor_of(wire.author),
        text=wire.text,
        html=wire.html,
        said=wire.said,
        said_html=wire.said_html,
        explanation=wire.explanation,
        attachments=tuple(
            Attachment(
                file.attachment_id, file.name, file.mime_type, file.size, file.content_id, file.is_inline
            )
            for file in wire.attachments
        ),
        created_at=moment(wire.created_at),
        is_automatic=wire.is_automatic,
        intake_id=wire.intake_id,
        to=tuple(wire.to),
        cc=tuple(wire.cc),
        delivery_state=wire.delivery_state,
        delivery_reason=wire.delivery_reason,
        is_truncated=wire.is_truncated,
        came_along="merged" in wire.flags,
    )


def _change_of(wire: service_pb2.Change) -> Change:
    return Change(
        event_id=wire.event_id,
        version=wire.version,
        index=wire.index,
        fact=wire.fact,
        occurred_at=moment(wire.occurred_at),
        actor=actor_of(wire.actor),
        changes=tuple(FieldChange(step.field, step.old, step.new) for step in wire.changes),
        message_id=wire.message_id,
        cause_id=wire.cause_id,
    )
