"""A whole tickets service on real nodes, in this process: its roles, callers, and a broker to speak to it by."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import grpc
import pymongo
from google.protobuf.message import Message

from bus.v1.bundle_pb2 import Bundle, Envelope
from chassis import mongo
from chassis.bus import Bus, Outgoing, Publisher
from chassis.rpc import RpcServer
from chassis.run import Component
from chassis.service import Parts
from relaydesk.ingest.v1 import events_pb2 as ingest
from relaydesk.tickets.v1 import accounts_pb2, service_pb2, ticket_pb2
from relaydesk.tickets.v1.accounts_pb2_grpc import AccountsServiceStub
from relaydesk.tickets.v1.customers_pb2_grpc import CustomersServiceStub
from relaydesk.tickets.v1.service_pb2_grpc import TicketsServiceStub
from services.tickets.__main__ import ROLES, prepare
from services.tickets.config import Settings
from tests.waiting import MINUTE, wait_until

INTERNAL = "internal-token-of-the-test"


class TicketsDesk:
    """Starts roles; each call of `role` is a replica more."""

    def __init__(self, broker_url: str, mongo_url: str, database_prefix: str) -> None:
        self.settings = Settings(
            broker_url=broker_url,
            mongo_url=mongo_url,
            database_prefix=database_prefix,
            instance_key="ab" * 32,
            internal_token=INTERNAL,
            grpc_host="127.0.0.1",
            grpc_port=0,
            probe_host="127.0.0.1",
            heartbeat_every=timedelta(seconds=1),
            log_level="error",
        )
        self._parts: list[Parts] = []
        self._started: list[Component] = []
        self._channels: list[grpc.Channel] = []
        self._publisher: Publisher | None = None
        self.database = self.parts("test").database
        prepare(self._parts[0])

    def parts(self, role: str) -> Parts:
        parts = Parts("tickets", role, self.settings, prefix="relaydesk")
        parts.client = mongo.connect(self.settings.mongo_url, timeout=MINUTE)
        self._parts.append(parts)
        return parts

    def role(self, name: str) -> Sequence[Component]:
        """Start a replica of a role, ready to work."""
        parts = self.parts(name)
        components = ROLES[name](parts, self.settings)
        for component in components:
            component.start()
            self._started.append(component)
        for component in components:
            if hasattr(component, "is_ready"):
                wait_until(component.is_ready, describe=f"{component.name} to be ready")
        return components

    def serve(self) -> "Client":
        """Start a server and call it as one of our own services."""
        (server,) = (component for component in self.role("serve") if isinstance(component, RpcServer))
        return self.client(server.port)

    def client(self, port: int, token: str = INTERNAL, **metadata: str) -> "Client":
        channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self._channels.append(channel)
        return Client(self, channel, port, token, metadata)

    def publish(self, *facts: Message, lane: str = "email") -> None:
        """Say facts to the listeners, each as the first delivery of its own event."""
        if self._publisher is None:
            self._publisher = Publisher(Bus(self.settings.broker_url, self.settings.exchange))
        by_type: dict[str, list[Envelope]] = {}
        for fact in facts:
            name = fact.DESCRIPTOR.full_name
            by_type.setdefault(name, []).append(
                Envelope(
                    event_id=event_id_of(fact),
                    type=name,
                    lane=lane,
                    chain_id=event_id_of(fact),
                    body=fact.SerializeToString(),
                )
            )
        self._publisher.publish(
            [
                Outgoing(
                    self.settings.exchange,
                    f"{name}.{lane}",
                    Bundle(events=some).SerializeToString(),
                    name,
                    some[0].event_id,
                )
                for name, envelopes in by_type.items()
                for some in _hundreds(envelopes)
            ]
        )

    def _bundle(self, name: str, lane: str, events: list[Envelope]) -> Outgoing:
        body = Bundle(events=events).SerializeToString()
        return Outgoing(self.settings.exchange, f"{name}.{lane}", body, name, events[0].event_id)

    def tickets(self) -> list[dict[str, Any]]:
        return list(self.database["tickets"].find().sort("number", pymongo.ASCENDING))

    def stop(self) -> None:
        for channel in self._channels:
            channel.close()
        for component in reversed(self._started):
            component.stop(timedelta(seconds=5))
        if self._publisher is not None:
            self._publisher.close()
        for parts in self._parts:
            parts.close()


class Client:
    """The stubs of one caller."""

    def __init__(
        self, desk: TicketsDesk, channel: grpc.Channel, port: int, token: str, metadata: dict[str, str]
    ) -> None:
        self._desk = desk
        self._tickets = TicketsServiceStub(channel)
        self._customers = CustomersServiceStub(channel)
        self._accounts = AccountsServiceStub(channel)
        self.port = port
        self._metadata = [("authorization", f"Bearer {token}"), *metadata.items()]

    def token(self, role: str, agent_id: str = "") -> str:
        return str(
            self.ask("CreateToken", accounts_pb2.CreateTokenRequest(role=role, agent_id=agent_id)).token
        )

    def as_role(self, role: str, agent_id: str = "") -> "Client":
        """The same server with a new token of a role."""
        return self._desk.client(self.port, self.token(role, agent_id))

    def ask(self, method: str, request: Message, timeout: float = 60) -> Any:
        stubs = (self._tickets, self._customers, self._accounts)
        stub = next(stub for stub in stubs if hasattr(stub, method))
        return getattr(stub, method)(request, timeout=timeout, metadata=self._metadata)

    def create(self, subject: str = "Parcel", **more: Any) -> ticket_pb2.Ticket:
        filled = {
            "subject": subject,
            "text": "Where is it?",
            "requester": ticket_pb2.Requester(name="Ana", email="ana@example.org"),
        }
        response = self.ask("CreateTicket", service_pb2.CreateTicketRequest(**{**filled, **more}))
        return response.ticket  # type: ignore[no-any-return]

    def watch(self, from_sequence: int, **wanted: Any) -> Iterator[service_pb2.WatchTicketsResponse]:
        """The facts of a watch, without its heartbeats; `cancel()` ends it."""
        request = service_pb2.WatchTicketsRequest(from_sequence=from_sequence, **wanted)
        return self._tickets.WatchTickets(request, metadata=tuple(self._metadata))


def event_id_of(fact: Any) -> str:
    """The id that the service which says it would give."""
    if isinstance(fact, ingest.MessageReceived):
        return fact.intake_id
    if isinstance(fact, ingest.DeliveryChanged):
        return f"{fact.send_id}:{fact.attempt}:{fact.state}"
    return f"{fact.ticket_id}:clock:{fact.epoch}"


def received(intake: str, **more: Any) -> ingest.MessageReceived:
    """A mail to support@demo.example by ana@example.org; `message_id`, `in_reply_to` and `references` are its thread's."""
    thread = {name: more.pop(name) for name in ("message_id", "in_reply_to", "references") if name in more}
    conversation = more.pop("conversation_id", "")
    sender = more.pop("sender", "ana@example.org")
    filled: dict[str, Any] = {
        "intake_id": intake,
        "channel_id": "support",
        "channel_kind": "email",
        "subject": "Parcel",
        "text": f"Where is it? {intake}",
        "author": ingest.Author(name="Ana", email=sender),
        "to": ["support@demo.example"],
        "content_sha256": intake,
        "thread": ingest.Thread(
            **{"message_id": f"<{intake}@example.org>", **thread}, conversation_id=conversation
        ),
    }
    fact = ingest.MessageReceived(**{**filled, **more})
    fact.received_at.GetCurrentTime()
    return fact


def _hundreds(envelopes: list[Envelope]) -> Iterator[list[Envelope]]:
    for start in range(0, len(envelopes), 100):
        yield envelopes[start : start + 100]
