"""A whole Relaydesk of its own: every role as a process, on free ports, beside whatever else runs on the machine."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pymongo
from amqp.exceptions import NotFound
from pymongo.database import Database

from chassis.boxes import BOXES, IS_OUT
from chassis.bus import DELAYS, connect
from chassis.service import LANES
from local.demo import Desk
from local.endpoints import Endpoints
from local.ports import free_port
from local.roles import ROLES, Ports, Surroundings, process_of, processes
from local.shop import with_shop
from local.sink import Sink
from local.supervisor import Supervisor
from relaydesk.ingest.v1 import service_pb2 as ingest_pb2
from relaydesk.ingest.v1.service_pb2_grpc import IngestServiceStub
from relaydesk.reports.v1.service_pb2_grpc import ReportsServiceStub
from relaydesk.rules.v1.service_pb2_grpc import RulesServiceStub
from relaydesk.sla.v1.service_pb2_grpc import SlaServiceStub
from relaydesk.tickets.v1.accounts_pb2_grpc import AccountsServiceStub
from relaydesk.tickets.v1.service_pb2_grpc import TicketsServiceStub
from tests.waiting import wait_until

SERVICES = ("ingest", "tickets", "rules", "sla", "reports")


class System:
    """Starts, configures like the demo, and ends one system."""

    def __init__(
        self,
        folder: Path,
        *,
        broker_url: str,
        broker_management_url: str,
        mongo_url: str,
        database_prefix: str,
        variables: Mapping[str, str] | None = None,
        without: Iterable[str] = (),
    ) -> None:
        self.folder = folder
        self.ports = Ports.free()
        self.broker_management_url = broker_management_url
        key, token = folder / "instance.key", folder / "internal.token"
        key.write_text(secrets.token_hex(32))
        token.write_text(secrets.token_urlsafe(32))
        self.surroundings = Surroundings(
            broker_url=broker_url,
            broker_management_url=broker_management_url,
            mongo_url=mongo_url,
            database_prefix=database_prefix,
            instance_key_file=str(key),
            internal_token_file=str(token),
        )
        sink = folder / "sink"
        self.endpoints = Endpoints(self.ports, self.surroundings, sink, progress=lambda line: None)
        self.sink = Sink(sink)
        self._shared = {**self.surroundings.variables(self.ports), **(variables or {})}
        left_out = set(without)
        whole = processes(self.ports, self._shared, dict(os.environ), sink_folder=str(sink))
        self._specs = [
            spec
            for spec in with_shop(whole, folder / "shop", self.ports.shop_http, dict(os.environ))
            if spec.name not in left_out
        ]
        self.supervisor = Supervisor(self._specs, folder)
        self._client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(mongo_url)
        self.metadata = (("authorization", f"Bearer {token.read_text()}"),)

    def start(self, *, within: float = 90) -> "System":
        """Prepare queues and indexes, start every role, wait until all are ready."""
        services = list(dict.fromkeys(role.service for role in ROLES if role.service != "console"))
        with ThreadPoolExecutor(len(services)) as beside:
            # Each waits more than it works.
            list(beside.map(self._prepare, services))
        self.supervisor.start()
        self.supervisor.wait_ready(within=within)
        return self

    def _prepare(self, service: str) -> None:
        subprocess.run(
            [sys.executable, "-m", f"services.{service}", "prepare"],
            env={**os.environ, **self._shared},
            check=True,
            timeout=60,
        )

    def configure(self) -> "System":
        """The demo's groups, agents, channels, rules and policy."""
        Desk(self.endpoints).configure()
        return self

    def add_replica(self, name: str) -> str:
        """Start one replica more of a role that listens on no port of its own; answers its name."""
        (role,) = (role for role in ROLES if role.name == name)
        spec = process_of(role, self.ports, self._shared, dict(os.environ), replica=1, probe_port=free_port())
        self.supervisor.add(spec)
        return spec.name

    def stop(self) -> list[str]:
        """End everything; answers who had to be killed."""
        killed = self.supervisor.stop(grace=20)
        self._client.close()
        return killed

    @property
    def environment(self) -> dict[str, str]:
        """What a program beside the system needs to talk to it."""
        return {**os.environ, **self._shared}

    @property
    def tickets(self) -> TicketsServiceStub:
        return TicketsServiceStub(grpc.insecure_channel(self.endpoints.tickets_address))

    @property
    def accounts(self) -> AccountsServiceStub:
        return AccountsServiceStub(grpc.insecure_channel(self.endpoints.tickets_address))

    @property
    def ingest(self) -> IngestServiceStub:
        return IngestServiceStub(grpc.insecure_channel(self.endpoints.ingest_address))

    @property
    def rules(self) -> RulesServiceStub:
        return RulesServiceStub(grpc.insecure_channel(self.endpoints.rules_address))

    @property
    def sla(self) -> SlaServiceStub:
        return SlaServiceStub(grpc.insecure_channel(self.endpoints.sla_address))

    @property
    def reports(self) -> ReportsServiceStub:
        return ReportsServiceStub(grpc.insecure_channel(self.endpoints.reports_address))

    def channel_key(self, channel_id: str = "demo-api") -> str:
        """The key by which others post to a channel."""
        request = ingest_pb2.GetChannelKeyRequest(channel_id=channel_id)
        return self.ingest.GetChannelKey(request, metadata=self.metadata, timeout=60).key

    def ledger(self) -> ingest_pb2.LedgerLine:
        """The intake ledger over everything."""
        return self.ingest.GetLedger(ingest_pb2.GetLedgerRequest(), metadata=self.metadata, timeout=60).total

    def wait_quiet(self, *, timeout: float = 60) -> None:
        """Return once nothing is on its way, seen twice a second apart: a batch in somebody's hand is in no count."""
        seen: list[float] = []

        def still() -> bool:
            if self.what_moves():
                seen.clear()
                return False
            seen.append(time.monotonic())
            return seen[-1] - seen[0] >= 1.0

        wait_until(
            still, timeout=timeout, interval=0.25, describe=lambda: f"quiet; moving: {self.what_moves()}"
        )

    def what_moves(self) -> dict[str, int]:
        """Queues, outboxes and intake rows that are not at rest. Dead letters do not move."""
        moving = self.queues_with_messages()
        for service in SERVICES:
            waiting = self.database(service)[BOXES].count_documents(IS_OUT)
            if waiting:
                moving[f"outbox of {service}"] = waiting
        request = ingest_pb2.ListSendsRequest(states=["queued", "sending"], page_size=200)
        if sends := len(self.ingest.ListSends(request, metadata=self.metadata, timeout=60).sends):
            moving["sends"] = sends
        line = self.ledger()
        if line.in_flight:
            moving["intake"] = line.in_flight
        return moving

    def queues_with_messages(self) -> dict[str, int]:
        """How many messages wait in each queue where any do; dead letters left out."""
        connection = connect(self.surroundings.broker_url)
        try:
            channel = connection.channel()
            counts: dict[str, int] = {}
            for queue in self._queues():
                try:
                    counts[queue] = channel.queue_declare(queue, passive=True).message_count
                except NotFound:
                    # A channel that was just made: its queue comes with the first reader that looks, or the first message.
                    channel = connection.channel()
        finally:
            connection.close()
        return {queue: count for queue, count in counts.items() if count}

    def pids(self) -> dict[str, int]:
        """The pid of every role."""
        return {spec.name: self.supervisor.pid(spec.name) for spec in self._specs}

    def dead_letters(self) -> dict[str, int]:
        """How many lie in each dead-letter queue, where any do."""
        connection = connect(self.surroundings.broker_url)
        try:
            channel = connection.channel()
            counts = {
                f"{name}.dead": channel.queue_declare(f"{name}.dead", passive=True).message_count
                for name in SERVICES
            }
        finally:
            connection.close()
        return {name: count for name, count in counts.items() if count}

    def purge(self, queue: str) -> None:
        """Throw away what lies in a queue."""
        connection = connect(self.surroundings.broker_url)
        try:
            connection.channel().queue_purge(queue)
        finally:
            connection.close()

    def database(self, service: str) -> Database[dict[str, object]]:
        """A service's own database, for an oracle that looks behind the doors."""
        return self._client[f"{self.surroundings.database_prefix}{service}"]

    def _queues(self) -> list[str]:
        lanes = [f"{service}.{lane}" for service in SERVICES for lane in LANES]
        channels = self.ingest.ListChannels(
            ingest_pb2.ListChannelsRequest(), metadata=self.metadata, timeout=60
        ).channels
        return [
            *lanes,
            *(f"delay.{name}" for name, _ in DELAYS),
            *(f"intake.{channel.id}" for channel in channels),
        ]
