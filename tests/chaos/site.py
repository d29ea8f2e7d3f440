"""A system, the nodes under it, and the words by which a test harms them."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import httpx

from local.broker_management import BrokerManagement
from local.nodes import BrokerNode, MongoNode
from local.roles import ROLES
from relaydesk.sla.v1 import service_pb2 as sla_pb2
from tests.chaos.generator import Generator
from tests.chaos.oracle import HASTY, Oracle
from tests.chaos.watcher import Watcher
from tests.e2e.system import System
from tests.waiting import wait_until

# What carries messages: every role but the console.
CARRIERS = tuple(role.name for role in ROLES if role.service != "console")
_ALL = tuple(role.name for role in ROLES)


class Site:
    """One system and the nodes under it."""

    def __init__(self, system: System, broker: BrokerNode, mongo: MongoNode) -> None:
        self.system = system
        self.broker = broker
        self.mongo = mongo
        self.watcher = Watcher(system)
        self.oracle = Oracle(system, self.watcher)

    # ------------------------------------------------------------------------------------------------------- harm

    def arm(self, points: Mapping[str, str]) -> None:
        """Start roles again, all at once, each with its failpoints: `{"sla work": "after-claim-before-fire=kill"}`."""
        self.end(*points)
        for role, failpoints in points.items():
            self.system.supervisor.start_one(role, env={"FAILPOINTS": failpoints})

    def disarm(self, *roles: str) -> None:
        """Start roles again without failpoints, those that have fallen at once and the others after a clean end."""
        self.arm(dict.fromkeys(roles, ""))

    def end(self, *roles: str) -> None:
        """End roles cleanly, all at once, and leave them down."""
        with ThreadPoolExecutor(max(1, len(roles))) as beside:
            list(beside.map(self.system.supervisor.stop_one, roles))

    def fall(self, points: Mapping[str, str]) -> None:
        """Arm roles, wait until each has died of it, and start it again as soon as it has."""
        self.arm(points)
        self.await_fall(points)

    def await_fall(self, points: Mapping[str, str]) -> None:
        """Wait until each armed role has died, and start it again as soon as it has."""
        standing = list(points)

        def all_fell() -> bool:
            for role in [role for role in standing if not self.system.supervisor.is_running(role)]:
                standing.remove(role)
                self.disarm(role)
            return not standing

        wait_until(all_fell, describe=lambda: f"{standing} to die of {points}")

    def kill(self, role: str) -> None:
        """kill -9; it is started again at once."""
        self.system.supervisor.kill9(role)
        self.disarm(role)

    def freeze(self, *roles: str) -> None:
        """Stop roles where they stand."""
        for role in roles:
            self.system.supervisor.freeze(role)

    def thaw(self, *roles: str) -> None:
        """Let them go on as if no time had passed."""
        for role in roles:
            self.system.supervisor.thaw(role)

    # ---------------------------------------------------------------------------------------------------- what it says

    def probe(self, role: str, word: str) -> httpx.Response:
        """What a role answers about itself."""
        return httpx.get(f"http://127.0.0.1:{self.system.ports.probes[role]}/{word}", timeout=60)

    def await_ready(self, *roles: str) -> None:
        """Return when these roles, or all, are ready."""
        self.system.supervisor.wait_ready(within=60, names=roles or _ALL)

    def judge(self, load: Generator) -> None:
        """Let everything come to rest and hold it against the ledger."""
        load.stop()
        self.await_ready()
        self.system.wait_quiet(timeout=120)
        self.oracle.await_timers()
        self.system.wait_quiet(timeout=60)
        faults = self.oracle.judge(load.ledger)
        assert not faults, "\n".join(faults)
        assert load.ledger.accepted > 20


def some_more(load: Generator, count: int = 15) -> None:
    """Wait until messages are accepted again."""
    before = load.ledger.accepted
    wait_until(
        lambda: load.ledger.accepted >= before + count,
        timeout=90,
        describe=lambda: f"{count} more accepted messages; {load.ledger.accepted - before} came",
    )


def let_pass(seconds: float) -> None:
    """Let harm last: what is awaited here is nothing but time."""
    Event().wait(seconds)


@contextmanager
def running_site(folder: Path, mongo: MongoNode) -> Iterator[Site]:
    """A system on a broker of its own and this store, configured like the demo, with a promise that nobody keeps."""
    with BrokerNode(folder / "broker") as broker:
        BrokerManagement(broker.management_url).create_vhost("chaos")
        system = System(
            folder,
            broker_url=broker.url_of("chaos"),
            broker_management_url=broker.management_url,
            mongo_url=mongo.url,
            database_prefix="chaos_",
        )
        try:
            _hurry(system.start().configure())
            site = Site(system, broker, mongo)
            site.watcher.start()
            yield site
            site.watcher.stop()
        finally:
            system.stop()
            # Nobody reads this data again, and a clean stop takes six seconds.
            broker.kill9()
            mongo.kill9()


def _hurry(system: System) -> None:
    """Every ticket's timer warns and is breached within seconds, while harm is done."""
    broken = sla_pb2.PolicyTarget(name="resolution", within_seconds=4, warn_before_seconds=2, time="calendar")
    policy = sla_pb2.Policy(id=HASTY, name="Nobody is that quick", position=1, targets=[broken])
    system.sla.SavePolicy(sla_pb2.SavePolicyRequest(policy=policy), metadata=system.metadata, timeout=60)
