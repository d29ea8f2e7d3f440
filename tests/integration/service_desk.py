"""One service on real nodes, in this process: its roles, a broker to speak to it by, and a witness of what it says."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from types import ModuleType
from typing import Any

import grpc
from google.protobuf.message import Message

from bus.v1.bundle_pb2 import Bundle, Envelope
from chassis import mongo, rpc
from chassis.bus import Bus, Outgoing, Publisher
from chassis.rpc import RpcServer
from chassis.run import Component
from chassis.service import CommonSettings, Parts
from tests.waiting import MINUTE, wait_until

INTERNAL = "internal-token-of-the-test"
WITNESS = "witness"


def common(broker_url: str, mongo_url: str, database_prefix: str) -> dict[str, Any]:
    """What the settings of every service need in a test."""
    return {
        "broker_url": broker_url,
        "mongo_url": mongo_url,
        "database_prefix": database_prefix,
        "instance_key": "ab" * 32,
        "internal_token": INTERNAL,
        "grpc_host": "127.0.0.1",
        "grpc_port": 0,
        "probe_host": "127.0.0.1",
        "log_level": "error",
    }


class ServiceDesk:
    """Starts roles of a service; each call of `role` is a replica more."""

    def __init__(
        self, main: ModuleType, service: str, settings: CommonSettings, *, store_within: timedelta = MINUTE
    ) -> None:
        self.settings = settings
        self._store_within = store_within
        self._roles: Mapping[str, Callable[[Parts, Any], Sequence[Component]]] = main.ROLES
        self._service = service
        self._parts: list[Parts] = []
        self._started: list[Component] = []
        self._channels: list[grpc.Channel] = []
        first = self.parts("test")
        self.database = first.database
        main.prepare(first)
        self._publisher = Publisher(Bus(settings.broker_url, settings.exchange))
        self._connection = Bus(settings.broker_url, settings.exchange).connect()
        self._witness = self._connection.channel()
        self._witness.queue_declare(
            WITNESS, durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"}
        )
        self._witness.queue_bind(WITNESS, settings.exchange, f"relaydesk.{service}.v1.#")
        self.said: list[Envelope] = []

    def parts(self, role: str) -> Parts:
        parts = Parts(self._service, role, self.settings, prefix="relaydesk")
        parts.client = mongo.connect(self.settings.mongo_url, timeout=self._store_within)
        self._parts.append(parts)
        return parts

    def role(self, name: str) -> Sequence[Component]:
        """Start a replica of a role, ready to work."""
        components = self._roles[name](self.parts(name), self.settings)
        for component in components:
            component.start()
            self._started.append(component)
        for component in components:
            if hasattr(component, "is_ready"):
                wait_until(component.is_ready, describe=f"{component.name} to be ready")
        return components

    def serve(self) -> grpc.Channel:
        """Start a server; answers a channel to it as one of our own services has it."""
        (server,) = (component for component in self.role("serve") if isinstance(component, RpcServer))
        return self.channel(server.port)

    def channel(self, port: int, token: str = INTERNAL) -> grpc.Channel:
        channel = rpc.channel(f"127.0.0.1:{port}", token, deadline=MINUTE)
        self._channels.append(channel)
        return channel

    def publish(self, *envelopes: Envelope) -> None:
        """Deliver facts as another service would: bundles of up to a hundred of a kind and lane."""
        keys: dict[tuple[str, str], list[Envelope]] = {}
        for envelope in envelopes:
            keys.setdefault((envelope.type, envelope.lane), []).append(envelope)
        self._publisher.publish(
            [
                Outgoing(
                    self.settings.exchange,
                    f"{kind}.{lane}",
                    Bundle(events=some[start : start + 100]).SerializeToString(),
                    kind,
                    some[start].event_id,
                )
                for (kind, lane), some in keys.items()
                for start in range(0, len(some), 100)
            ]
        )

    def heard(self, kind: type[Message] | None = None) -> list[Any]:
        """The bodies of what the service has said so far of a kind, in the order of arrival; repeats included."""
        while (message := self._witness.basic_get(WITNESS, no_ack=True)) is not None:
            body = message.body if isinstance(message.body, bytes) else message.body.encode("latin-1")
            self.said += Bundle.FromString(body).events
        if kind is None:
            return list(self.said)
        return [
            kind.FromString(envelope.body)
            for envelope in self.said
            if envelope.type == kind.DESCRIPTOR.full_name
        ]

    def stop(self) -> None:
        for channel in self._channels:
            channel.close()
        for component in reversed(self._started):
            component.stop(timedelta(seconds=5))
        self._publisher.close()
        # Nobody beats for this one, so after a long test the broker has ended it.
        with suppress(OSError):
            self._connection.close()
        for parts in self._parts:
            parts.close()


def said(fact: Any, event_id: str, *, index: int = 0, **more: Any) -> Envelope:
    """A fact of a ticket in its envelope."""
    ticket = fact.ticket
    envelope = Envelope(
        event_id=event_id,
        type=fact.DESCRIPTOR.full_name,
        lane=ticket.lane,
        subject=ticket.id,
        version=ticket.version,
        index=index,
        body=fact.SerializeToString(),
        **{"chain_id": event_id, **more},
    )
    envelope.occurred_at.CopyFrom(ticket.updated_at)
    return envelope
