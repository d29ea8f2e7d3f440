"""The parts that every role of every service stands on, made from its settings.

A service's `__main__` makes one `Parts`, asks it for what it needs, and hands its components to `chassis.run.run`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

from google.protobuf.message import Message
from pymongo import MongoClient
from pymongo.operations import IndexModel

from chassis import batches, boxes, listener, mongo, outbox, telemetry
from chassis.batches import BatchRunner, Handler, Ports
from chassis.bus import Bus, Publisher
from chassis.clock import Clock, DatabaseClock
from chassis.config import ConfigError
from chassis.leases import Lease, LeasedLoop, Leases
from chassis.listener import Listener, Translate
from chassis.mongo import Document, Documents
from chassis.outbox import Outbox
from chassis.shares import Share, SharedLoop, Shares
from chassis.simulated_clock import SimulatedClock, refusal
from chassis.telemetry import Telemetry
from chassis.telemetry.metrics import Metrics
from chassis.units import Unit

LANES = ("email", "chat", "social", "voice", "api")


@dataclass(frozen=True, kw_only=True)
class CommonSettings:
    """What every service reads; its own settings inherit from this."""

    # amqp://user:password@host:port/vhost
    broker_url: str
    # mongodb://…/?replicaSet=…
    mongo_url: str
    # In front of every database's name, so that two installations can share a replica set.
    database_prefix: str = "relaydesk_"
    # Probes and /metrics; 0 lets the system choose a port (tests).
    probe_port: int = 0
    probe_host: str = "0.0.0.0"
    # 32 bytes in hex: MACs and what is encrypted at rest.
    instance_key: str = field(repr=False)
    # What our own services show each other.
    internal_token: str = field(repr=False)
    # gRPC, http://host:4317; empty sends no spans.
    otlp_endpoint: str = ""
    # Share of the roads that are traced, 0 to 1.
    trace_sample_ratio: float = 0.01
    log_level: str = "info"
    # Lanes that this process takes from.
    lanes: tuple[str, ...] = LANES
    # Turns of a lane for one of a lane of weight 1, as chat=4,voice=4: people before machines.
    lane_weights: tuple[str, ...] = ("chat=4", "voice=4", "social=2")
    # The topic exchange that all facts go through.
    exchange: str = "relaydesk.events"
    # database, or simulated: then a conductor moves it. Refused where broker or store is not on this machine.
    clock: str = "database"

    def __post_init__(self) -> None:
        if self.clock not in ("database", "simulated"):
            raise ConfigError([f"CLOCK: expected database or simulated, got {self.clock!r}"])
        if self.clock == "simulated" and (
            why := refusal(self.database_prefix, self.broker_url, self.mongo_url)
        ):
            raise ConfigError([why])

    @property
    def weights(self) -> dict[str, int]:
        """`lane_weights` by lane."""
        return {lane: int(weight) for lane, _, weight in (part.partition("=") for part in self.lane_weights)}


class Parts:
    """Makes each shared part once. Nothing connects before a component starts or a call needs it."""

    def __init__(self, service: str, role: str, settings: CommonSettings, *, prefix: str) -> None:
        self.service = service
        self.role = role
        self.settings = settings
        self.telemetry: Telemetry = telemetry.configure(service, role, settings, prefix=prefix)
        self._publishers: list[Publisher] = []
        self._outboxes: list[Outbox] = []

    @property
    def metrics(self) -> Metrics:
        return self.telemetry.metrics

    @cached_property
    def client(self) -> MongoClient[Document]:
        return mongo.connect(self.settings.mongo_url, application=f"{self.service}-{self.role}")

    @cached_property
    def database(self) -> Documents:
        """The service's own database."""
        return self.client[f"{self.settings.database_prefix}{self.service}"]

    @cached_property
    def clock(self) -> Clock:
        database = DatabaseClock(self.client)
        if self.settings.clock == "simulated":
            return SimulatedClock(self.client, self.settings.database_prefix, database)
        return database

    @cached_property
    def bus(self) -> Bus:
        return Bus(self.settings.broker_url, self.settings.exchange)

    @cached_property
    def leases(self) -> Leases:
        return Leases(self.database)

    def publisher(self) -> Publisher:
        """A new publisher: one for each thread that publishes much."""
        publisher = Publisher(self.bus)
        self._publishers.append(publisher)
        return publisher

    def outbox(self, publisher: Publisher | None = None) -> Outbox:
        # A simulation waits at each of its moments until every outbox is empty.
        together = timedelta(milliseconds=2) if self.settings.clock == "simulated" else outbox.TOGETHER
        box = Outbox(
            self.database, publisher or self.publisher(), self.bus.exchange, self.clock, together=together
        )
        self._outboxes.append(box)
        return box

    def runner(
        self,
        consumer: str,
        open_ports: Callable[[Unit], Ports],
        handlers: Mapping[type, Handler],
        publisher: Publisher | None = None,
        knows_repeats: Collection[type] = (),
        acts_outside: bool = False,
    ) -> BatchRunner:
        """Group commit into the service's own database."""
        return BatchRunner(
            consumer=consumer,
            database=self.database,
            clock=self.clock,
            open_ports=open_ports,
            handlers=handlers,
            outbox=self.outbox(publisher),
            metrics=self.metrics,
            knows_repeats=knows_repeats,
            acts_outside=acts_outside,
        )

    def listener(
        self,
        consumes: Mapping[type[Message], Translate],
        open_ports: Callable[[Unit], Ports],
        handlers: Mapping[type, Handler],
        *,
        consumer: str = "",
        knows_repeats: Collection[type] = (),
        acts_outside: bool = False,
        batch_max: int = 100,
        linger: timedelta = timedelta(0),
        prefetch: int = 50,
    ) -> Listener:
        """Hears what `consumes` names on the settings' lanes; the consumer is named like the service."""
        publisher = self.publisher()
        name = consumer or self.service
        return Listener(
            transport=self.bus,
            consumer=name,
            consumes=consumes,
            runner=self.runner(name, open_ports, handlers, publisher, knows_repeats, acts_outside),
            publisher=publisher,
            metrics=self.metrics,
            lanes=self.settings.lanes,
            weights=self.settings.weights,
            batch_max=batch_max,
            linger=linger,
            prefetch=prefetch,
        )

    def loop(
        self,
        name: str,
        body: Callable[[Lease], bool],
        *,
        every: timedelta,
        lasting: timedelta = timedelta(seconds=10),
    ) -> LeasedLoop:
        """A loop that one replica at a time runs."""
        return LeasedLoop(self.leases, name, body, every=every, lasting=lasting)

    def shared_loop(
        self,
        name: str,
        body: Callable[[Share], bool],
        *,
        parts: int,
        every: timedelta,
        lasting: timedelta,
    ) -> SharedLoop:
        """A loop that every replica runs, each on its share of the parts."""
        return SharedLoop(Shares(self.database), name, body, parts=parts, every=every, lasting=lasting)

    def outbox_sweep(self) -> LeasedLoop:
        """Publishes what dead or cut-off processes left, and measures what waits."""
        box = self.outbox()
        pending = self.metrics.gauge("outbox_pending", "Bundles of facts not published yet.", ["service"])
        age = self.metrics.gauge("outbox_oldest_age_seconds", "Age of the oldest of them.", ["service"])

        def sweep(lease: Lease) -> bool:
            swept = box.sweep()
            count, oldest = box.pending()
            pending.labels(self.service).set(count)
            age.labels(self.service).set(oldest)
            return swept > 0

        def forget() -> None:
            pending.labels(self.service).set(0)
            age.labels(self.service).set(0)

        loop = self.loop("outbox-sweep", sweep, every=timedelta(seconds=1))
        loop.without = forget
        return loop

    def prepare(
        self,
        indexes: Mapping[str, Sequence[IndexModel]],
        hears: Mapping[type[Message], Any] | None = None,
        consumer: str = "",
    ) -> None:
        """Make indexes, queues and bindings; idempotent. Must be done for all services before the first message is
        accepted: a fact said before its listener's queue exists passes it by. Raises errors.Unavailable."""
        wanted: dict[str, Sequence[IndexModel]] = {"leases": []}
        for table in (batches.INDEXES, boxes.INDEXES, indexes):
            wanted.update(table)
        mongo.ensure_indexes(self.database, wanted)
        # The first reading asks the database; no event loop shall be who takes it.
        self.clock.now()
        if hears:
            types = [kind.DESCRIPTOR.full_name for kind in hears]
            # Every lane, whatever this process takes from.
            listener.prepare(self.bus, consumer or self.service, types, LANES)

    def close(self) -> None:
        """Let the connections go; the last thing a role does."""
        for box in self._outboxes:
            box.close()
        for publisher in self._publishers:
            publisher.close()
        if "client" in self.__dict__:
            self.client.close()
