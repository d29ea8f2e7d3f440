"""A system on nodes of its own, because these tests kill nodes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.broker_management import BrokerManagement
from local.nodes import BrokerNode, MongoNode
from relaydesk.sla.v1 import service_pb2 as sla_pb2
from tests.chaos.oracle import HASTY
from tests.e2e.system import System


@dataclass(frozen=True)
class Site:
    """One system and the nodes under it."""

    system: System
    broker: BrokerNode
    mongo: MongoNode


def hurry(system: System) -> None:
    """A promise that nobody keeps: every ticket's timer warns and is breached within seconds, while harm is done."""
    broken = sla_pb2.PolicyTarget(name="resolution", within_seconds=4, warn_before_seconds=2, time="calendar")
    policy = sla_pb2.Policy(id=HASTY, name="Nobody is that quick", position=1, targets=[broken])
    system.sla.SavePolicy(sla_pb2.SavePolicyRequest(policy=policy), metadata=system.metadata, timeout=10)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder: Path = tmp_path_factory.mktemp("chaos")
    with BrokerNode(folder / "broker") as broker, MongoNode(folder / "mongo") as mongo:
        BrokerManagement(broker.management_url).create_vhost("chaos")
        system = System(
            folder,
            broker_url=broker.url_of("chaos"),
            broker_management_url=broker.management_url,
            mongo_url=mongo.url,
            database_prefix="chaos_",
        )
        try:
            hurry(system.start().configure())
            yield Site(system, broker, mongo)
        finally:
            system.stop()
