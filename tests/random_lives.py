"""Tickets to which all sorts of things happened, as the facts that tell of them."""

import random
from datetime import datetime, timedelta

from bus.v1.bundle_pb2 import Envelope
from relaydesk.tickets.v1 import events_pb2 as tickets
from relaydesk.tickets.v1 import ticket_pb2
from tests.integration.service_desk import said

CHANNELS = ("support", "shop", "chat")
GROUPS = ("", "claims", "parcels")
TAGS = ("vip", "refund", "late")
_STATUSES = ("open", "pending", "on_hold", "solved", "open")
_PRIORITIES = ("low", "medium", "high", "urgent")


def a_life(chance: random.Random, ticket_id: str, begun: datetime, until: datetime) -> list[Envelope]:
    """The facts of one ticket from its beginning on, none after `until`."""
    return list(_Life(chance, ticket_id, begun).lived(until))


class _Life:
    def __init__(self, chance: random.Random, ticket_id: str, begun: datetime) -> None:
        self._chance = chance
        self._at = begun
        self._ticket = ticket_pb2.Ticket(
            id=ticket_id,
            status="new",
            priority=chance.choice(_PRIORITIES),
            channel=chance.choice(CHANNELS),
            lane="email",
            group=chance.choice(GROUPS),
            version=1,
            tags=chance.sample(TAGS, chance.randrange(len(TAGS))),
        )
        self._ticket.created_at.FromDatetime(begun)
        self._facts = [self._opened()]

    def lived(self, until: datetime) -> list[Envelope]:
        for _ in range(self._chance.randrange(9)):
            self._at += timedelta(minutes=self._chance.choice((1, 20, 90, 400, 2_000)))
            if self._at > until:
                break
            self._ticket.version += 1
            self._facts.append(self._changed() if self._chance.random() < 0.4 else self._added())
        return self._facts

    def _opened(self) -> Envelope:
        message = self._message(self._chance.choice(("requester", "requester", "agent")))
        return self._said(tickets.TicketOpened(ticket=self._ticket, message=message))

    def _added(self) -> Envelope:
        message = self._message(self._chance.choice(("requester", "agent", "agent", "rule")))
        return self._said(tickets.MessageAdded(ticket=self._ticket, message=message, changes=self._steps()))

    def _changed(self) -> Envelope:
        return self._said(tickets.TicketChanged(ticket=self._ticket, changes=self._steps()))

    def _steps(self) -> list[ticket_pb2.FieldChange]:
        field, values = self._chance.choice(
            (("status", _STATUSES), ("status", _STATUSES), ("priority", _PRIORITIES), ("group", GROUPS))
        )
        old, new = getattr(self._ticket, field), self._chance.choice(values)
        setattr(self._ticket, field, new)
        return [ticket_pb2.FieldChange(field=field, old=old, new=new)] if old != new else []

    def _message(self, kind: str) -> ticket_pb2.Message:
        message = ticket_pb2.Message(
            id=f"{self._ticket.id}-{self._ticket.version}",
            visibility=self._chance.choice(("public", "public", "public", "internal"))
            if kind != "requester"
            else "public",
            author=ticket_pb2.Actor(kind=kind),
            is_automatic=self._chance.random() < 0.1,
        )
        message.created_at.FromDatetime(self._at)
        return message

    def _said(self, fact: tickets.TicketOpened | tickets.MessageAdded | tickets.TicketChanged) -> Envelope:
        envelope = said(fact, f"{self._ticket.id}:{self._ticket.version}:0")
        envelope.occurred_at.FromDatetime(self._at)
        return envelope
