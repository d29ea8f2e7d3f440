"""A ticket's life as tickets tells it: facts in their envelopes, for those who only listen."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from bus.v1.bundle_pb2 import Envelope
from relaydesk.tickets.v1 import events_pb2, ticket_pb2

MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
# From being accepted to being kept, unless a test says otherwise.
ROAD = timedelta(milliseconds=20)
Told = tuple[Message, Envelope]
_FINISHED = ("solved", "closed")
_numbers = count(1)


class TicketLife:
    """One ticket; each method is one command, done `minutes` after MONDAY, and answers what it made tickets say."""

    def __init__(
        self, name: str = "", *, channel: str = "support", lane: str = "email", agent: str = ""
    ) -> None:
        self.ticket = ticket_pb2.Ticket(
            id=name or f"t{next(_numbers)}", channel=channel, lane=lane, status="new", agent=agent
        )
        self.told: list[Told] = []

    def opens(
        self,
        minutes: float = 0,
        *,
        tags: Sequence[str] = (),
        automatic: bool = False,
        road: timedelta = ROAD,
        spam: bool = False,
    ) -> Told:
        at = _at(minutes)
        self.ticket.status = "spam" if spam else "new"
        self.ticket.opened_version = 0 if spam else 1
        self.ticket.tags.extend(sorted(tags))
        self.ticket.created_at.FromDatetime(at)
        message = self._message("requester", "r1", at, automatic=automatic)
        fact = events_pb2.TicketOpened(message=message, intake_id=message.intake_id)
        return self._tell(fact, at + road, received_at=at)

    def hears(self, minutes: float, *, automatic: bool = False, road: timedelta = ROAD) -> Told:
        """The requester writes; a person's message reopens what is solved."""
        at = _at(minutes)
        message = self._message("requester", "r1", at, automatic=automatic)
        changes = []
        if not automatic and self.ticket.status in ("solved", "pending", "on_hold"):
            changes = self._status("open", at)
        fact = events_pb2.MessageAdded(message=message, intake_id=message.intake_id, changes=changes)
        return self._tell(fact, at + road, received_at=at)

    def answers(
        self,
        minutes: float,
        *,
        by: str = "anna",
        kind: str = "agent",
        automatic: bool = False,
        internal: bool = False,
        status: str = "",
    ) -> Told:
        at = _at(minutes)
        message = self._message(kind, by, at, automatic=automatic, internal=internal)
        message.intake_id = ""
        changes = []
        if kind in ("agent", "api") and not automatic and not internal:
            if not self.ticket.HasField("first_replied_at"):
                self.ticket.first_replied_at.FromDatetime(at)
            status = status or ("open" if self.ticket.status == "new" else "")
        if status:
            changes = self._status(status, at)
        return self._tell(events_pb2.MessageAdded(message=message, changes=changes), at)

    def changes(self, minutes: float, **fields: str | Sequence[str]) -> Told:
        """group=, agent=, status=, priority= or tags=."""
        at = _at(minutes)
        changes = []
        for name, value in fields.items():
            if name == "status":
                changes += self._status(str(value), at)
            elif name == "tags":
                new = sorted(value)
                changes.append(
                    ticket_pb2.FieldChange(field="tags", old=",".join(self.ticket.tags), new=",".join(new))
                )
                self.ticket.ClearField("tags")
                self.ticket.tags.extend(new)
            else:
                changes.append(
                    ticket_pb2.FieldChange(field=name, old=getattr(self.ticket, name), new=str(value))
                )
                setattr(self.ticket, name, value)
        return self._tell(events_pb2.TicketChanged(changes=changes), at)

    def merges(self, minutes: float, into: str = "other") -> Told:
        """It becomes part of another ticket."""
        ticket, old = self.ticket, self.ticket.status
        ticket.status, ticket.merged_into = "merged", into
        changes = [
            ticket_pb2.FieldChange(field="status", old=old, new="merged"),
            ticket_pb2.FieldChange(field="merged_into", new=into),
        ]
        return self._tell(events_pb2.TicketChanged(changes=changes), _at(minutes))

    def unmerges(self, minutes: float, back_to: str) -> Told:
        """It stands by itself again."""
        ticket, into = self.ticket, self.ticket.merged_into
        ticket.status, ticket.merged_into = back_to, ""
        changes = [
            ticket_pb2.FieldChange(field="status", old="merged", new=back_to),
            ticket_pb2.FieldChange(field="merged_into", old=into),
        ]
        return self._tell(events_pb2.TicketChanged(changes=changes), _at(minutes))

    def takes_in(self, minutes: float, message: ticket_pb2.Message) -> Told:
        """A message comes along with a ticket that is merged into this one."""
        came = ticket_pb2.Message(
            id=message.id, visibility=message.visibility, author=message.author, flags=["merged"]
        )
        came.created_at.CopyFrom(message.created_at)
        return self._tell(events_pb2.MessageAdded(message=came), _at(minutes))

    def _status(self, new: str, at: datetime) -> list[ticket_pb2.FieldChange]:
        ticket, old = self.ticket, self.ticket.status
        if old == new:
            return []
        ticket.status = new
        if old == "spam" and not ticket.opened_version:
            ticket.opened_version = ticket.version + 1
        if new in _FINISHED:
            if not ticket.HasField("solved_at"):
                ticket.solved_at.FromDatetime(at)
        elif old in _FINISHED:
            ticket.ClearField("solved_at")
            ticket.reopen_count += 1
        return [ticket_pb2.FieldChange(field="status", old=old, new=new)]

    def _message(
        self, kind: str, author: str, at: datetime, *, automatic: bool, internal: bool = False
    ) -> ticket_pb2.Message:
        number = next(_numbers)
        return ticket_pb2.Message(
            id=f"m{number}",
            ticket_id=self.ticket.id,
            visibility="internal" if internal else "public",
            author=ticket_pb2.Actor(kind=kind, id=author),
            created_at=stamp(at),
            is_automatic=automatic,
            intake_id=f"i{number}",
        )

    def _tell(
        self,
        fact: events_pb2.TicketOpened | events_pb2.MessageAdded | events_pb2.TicketChanged,
        at: datetime,
        received_at: datetime | None = None,
    ) -> Told:
        self.ticket.version += 1
        fact.ticket.CopyFrom(self.ticket)
        told = (
            fact,
            enveloped(
                fact,
                f"{self.ticket.id}:{self.ticket.version}:0",
                at,
                lane=self.ticket.lane,
                received_at=received_at,
            ),
        )
        self.told.append(told)
        return told


def enveloped(
    fact: Message, event_id: str, at: datetime, *, lane: str = "email", received_at: datetime | None = None
) -> Envelope:
    """The fact on its way."""
    envelope = Envelope(
        event_id=event_id,
        type=fact.DESCRIPTOR.full_name,
        lane=lane,
        occurred_at=stamp(at),
        body=fact.SerializeToString(),
    )
    if received_at is not None:
        envelope.received_at.FromDatetime(received_at)
    return envelope


def stamp(moment: datetime) -> Timestamp:
    wire = Timestamp()
    wire.FromDatetime(moment)
    return wire


def _at(minutes: float) -> datetime:
    # Moments of tickets have milliseconds, no more.
    return MONDAY + timedelta(milliseconds=round(minutes * 60_000))
