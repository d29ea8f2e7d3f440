"""What every test may ask for: a vhost and a database prefix of its own, on nodes that the whole run shares.

The nodes start when the first test asks and end with the run. Where RELAYDESK_TEST_BROKER_URL (with
RELAYDESK_TEST_BROKER_MANAGEMENT_URL) or RELAYDESK_TEST_MONGO_URL is given, those are used and left running.
"""

import os
import shutil
import signal
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pymongo
import pytest
from hypothesis import HealthCheck, settings

from local.broker_management import BrokerManagement
from tests.nodes import NodeAddress, session_broker, session_mongo, stop_keepers

# Set by the process that runs the session, inherited by its workers.
_FOLDER = "RELAYDESK_TEST_SESSION_FOLDER"
_PID = "RELAYDESK_TEST_SESSION_PID"


# No example fails because a machine stood still while it was made or looked at, and every run looks at the same ones: what a
# hundred others would find is for the fuzzers to tell, not for whoever changes something else.
settings.register_profile(
    "steady", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        # Whoever ends a run from outside must not leave its systems running.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        os.environ[_FOLDER] = tempfile.mkdtemp(prefix="relaydesk-tests-")
        os.environ[_PID] = str(os.getpid())


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        folder = Path(os.environ.pop(_FOLDER))
        stop_keepers(folder)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def broker_node() -> NodeAddress:
    """The broker that this run shares."""
    return session_broker(Path(os.environ[_FOLDER]), int(os.environ[_PID]))


@pytest.fixture(scope="session")
def broker_url(broker_node: NodeAddress) -> str:
    """The AMQP URL of the shared broker's default vhost; a test that makes queues takes `vhost`."""
    return broker_node.url


@pytest.fixture(scope="session")
def broker_management_url(broker_node: NodeAddress) -> str:
    """The shared broker's management API, user and password included."""
    return broker_node.management_url


@pytest.fixture(scope="session")
def mongo_url() -> str:
    """The URL of the shared replica set; a test that writes takes `database_prefix` too."""
    return session_mongo(Path(os.environ[_FOLDER]), int(os.environ[_PID])).url


@pytest.fixture
def vhost(broker_url: str, broker_management_url: str) -> Iterator[str]:
    """The AMQP URL of a fresh vhost, deleted after the test with everything in it."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    management = BrokerManagement(broker_management_url)
    management.create_vhost(name)
    try:
        yield urlunsplit(urlsplit(broker_url)._replace(path=f"/{name}"))
    finally:
        management.delete_vhost(name)


@pytest.fixture
def database_prefix(mongo_url: str) -> Iterator[str]:
    """A fresh prefix for database names; the databases that begin with it are dropped after the test."""
    prefix = f"t{uuid.uuid4().hex[:10]}_"
    yield prefix
    with pymongo.MongoClient[dict[str, object]](mongo_url) as client:
        for name in client.list_database_names():
            if name.startswith(prefix):
                client.drop_database(name)
