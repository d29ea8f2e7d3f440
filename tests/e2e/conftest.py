"""One running system for all end-to-end tests, configured like the demo, every road traced."""

import uuid
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import pymongo
import pytest
from playwright.sync_api import Page

from local.broker_management import BrokerManagement
from local.demo import AGENTS, PASSWORD
from tests.browser import PATIENCE, chromium, person
from tests.e2e.collector import Collector
from tests.e2e.system import System


@pytest.fixture(scope="package")
def collector() -> Iterator[Collector]:
    collector = Collector().start()
    yield collector
    collector.stop()


@pytest.fixture(scope="package")
def system(
    tmp_path_factory: pytest.TempPathFactory,
    broker_url: str,
    broker_management_url: str,
    mongo_url: str,
    collector: Collector,
) -> Iterator[System]:
    """The whole of it, on a vhost and databases of its own."""
    name = f"e2e{uuid.uuid4().hex[:8]}"
    management = BrokerManagement(broker_management_url)
    management.create_vhost(name)
    system = System(
        tmp_path_factory.mktemp("system"),
        broker_url=urlunsplit(urlsplit(broker_url)._replace(path=f"/{name}")),
        broker_management_url=broker_management_url,
        mongo_url=mongo_url,
        database_prefix=f"{name}_",
        variables={"OTLP_ENDPOINT": f"http://127.0.0.1:{collector.port}", "TRACE_SAMPLE_RATIO": "1"},
    )
    try:
        yield system.start().configure()
    finally:
        system.stop()
        management.delete_vhost(name)
        with pymongo.MongoClient[dict[str, object]](mongo_url) as client:
            for database in client.list_database_names():
                if database.startswith(f"{name}_"):
                    client.drop_database(database)


@pytest.fixture
def admin(system: System) -> Iterator[Page]:
    """The demo's administrator, signed in."""
    with chromium() as browser:
        address = f"http://127.0.0.1:{system.ports.console}"
        context, page = person(browser, address, email=AGENTS[0][2], password=PASSWORD)
        page.set_default_timeout(PATIENCE)
        yield page
        context.close()
