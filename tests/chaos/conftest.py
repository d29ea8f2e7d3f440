"""A system on nodes of its own, because these tests kill nodes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.broker_management import BrokerManagement
from local.nodes import BrokerNode, MongoNode
from tests.e2e.system import System


@dataclass(frozen=True)
class Site:
    """One system and the nodes under it."""

    system: System
    broker: BrokerNode
    mongo: MongoNode


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
            yield Site(system.start().configure(), broker, mongo)
        finally:
            system.stop()
