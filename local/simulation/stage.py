"""A whole system on simulated time, with a broker and a store of its own."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pymongo

from chassis.clock import DatabaseClock
from chassis.mongo import Document
from chassis.simulated_clock import PREFIX, SimulatedClock
from local.backing import OwnNodes, make_vhost, with_vhost
from local.demo import Desk
from local.endpoints import Endpoints
from local.habits import GRACE, secret_file, write_variables
from local.nodes import BrokerNode, MongoNode
from local.roles import Ports, Surroundings, processes
from local.shop import with_shop
from local.simulation.conductor import Conductor
from local.simulation.stillness import Broker, Stillness, Store
from local.supervisor import Supervisor

DATABASES = f"{PREFIX}desk_"
_VHOST = "relaydesk-simulated"
# What only spares work or makes fuller batches on a busy day; between two moments nobody comes whom it could wait for.
_QUICK = {
    "LINGER": "0",
    "ALARM_EVERY": "0.02",
    "SEND_EVERY": "0.02",
    # Nothing to see between two moments.
    "COUNT_EVERY": "60",
    "MEASURE_EVERY": "60",
}


@dataclass(frozen=True)
class Stage:
    """A system that stands at a moment until its conductor moves it."""

    endpoints: Endpoints
    clock: SimulatedClock
    store: Store
    stillness: Stillness
    supervisor: Supervisor
    client: pymongo.MongoClient[Document]
    nodes: OwnNodes

    def conductor(self, settled: Callable[[datetime], None] = lambda _: None) -> Conductor:
        """Who moves its clock."""
        return Conductor(self.clock, self.stillness.wait, self.store.next_due, settled=settled)


@contextmanager
def stage(
    folder: Path,
    ports: Ports,
    moment: datetime,
    *,
    say: Callable[[str], None] = lambda _: None,
    show: Callable[[str, str], None] | None = None,
    log_level: str = "info",
    ready_within: float = 180,
) -> Iterator[Stage]:
    """Start everything at a moment, with the demo's desk and no tickets; all of it ends with the block."""
    broker, store = BrokerNode(folder / "broker"), MongoNode(folder / "mongo")
    nodes = OwnNodes(broker, store)
    supervisor: Supervisor | None = None
    client: pymongo.MongoClient[Document] | None = None
    try:
        say(f"starting {' and '.join(nodes.names())}")
        nodes.start()
        make_vhost(broker.url, broker.management_url, _VHOST)
        client = pymongo.MongoClient(store.url, tz_aware=True)
        # It counts in real time: what a simulated month ago was written is long expired to it.
        client.admin.command("setParameter", 1, ttlMonitorEnabled=False)
        clock = SimulatedClock(client, DATABASES, DatabaseClock(client))
        clock.begin(moment)
        surroundings = Surroundings(
            broker_url=with_vhost(broker.url, _VHOST),
            broker_management_url=broker.management_url,
            mongo_url=store.url,
            database_prefix=DATABASES,
            instance_key_file=str(secret_file(folder / "instance.key")),
            internal_token_file=str(secret_file(folder / "internal.token")),
            log_level=log_level,
        )
        endpoints = Endpoints(ports, surroundings, folder / "sink", say)
        write_variables(folder / "relaydesk.env", endpoints)
        shared = {**surroundings.variables(ports), **_QUICK, "CLOCK": "simulated"}
        specs = processes(ports, shared, os.environ, sink_folder=str(endpoints.sink_folder))
        specs = with_shop(specs, folder / "shop", ports.shop_http, os.environ)
        supervisor = Supervisor(specs, folder, show=show, others=nodes.notes())
        say(f"starting {len(specs)} processes")
        supervisor.start()
        supervisor.wait_ready(within=ready_within)
        Desk(endpoints).configure()
        traffic = Broker(f"http://127.0.0.1:{broker.ports.prometheus}/metrics")
        database = Store(client, DATABASES)
        stillness = Stillness(traffic.traffic, lambda: database.work(clock.now()))
        yield Stage(endpoints, clock, database, stillness, supervisor, client, nodes)
    finally:
        if supervisor is not None:
            supervisor.stop(grace=GRACE)
        if client is not None:
            client.close()
        nodes.stop()
