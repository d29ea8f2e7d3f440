"""What the roles stand on: a broker and a store, given by their URL or run here."""

import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

import pymongo
from amqp import AMQPError
from kombu.connection import Connection
from kombu.exceptions import OperationalError
from pymongo.errors import PyMongoError

from local.broker_management import BrokerManagement, ManagementError
from local.nodes import BrokerNode, MongoNode, NodeError
from local.process_list import ProcessNote, note_of
from local.run_config import RunConfig

OLDEST_BROKER = (3, 10)
OLDEST_STORE = (6, 0)


@dataclass(frozen=True)
class Backing:
    """A broker with our vhost in it, and a store; checked."""

    broker_url: str
    broker_management_url: str
    mongo_url: str
    # The own nodes among it; empty where both are given.
    own: "OwnNodes"


class OwnNodes:
    """The nodes that we run because none was given."""

    def __init__(self, broker: BrokerNode | None, store: MongoNode | None) -> None:
        self._broker = broker
        self._store = store
        self._present = [node for node in (broker, store) if node is not None]
        self._retry_at = 0.0

    def start(self) -> None:
        """Start them, both at once: the broker takes some seconds."""
        with ThreadPoolExecutor(2) as both:
            starts = [both.submit(node.start) for node in self._present]
        for start in starts:
            start.result()

    def stop(self) -> None:
        """End them cleanly, both at once."""
        with ThreadPoolExecutor(2) as both:
            for node in self._present:
                both.submit(node.stop)

    def revive(self) -> list[str]:
        """Start again what has ended by itself; returns what happened, a line each. Tries every five seconds."""
        fallen = [node for node in self._present if not node.is_running]
        if not fallen or time.monotonic() < self._retry_at:
            return []
        told = []
        for node in fallen:
            try:
                node.start()
            except NodeError as error:
                told.append(str(error))
            else:
                told.append(f"{name_of(node)} had ended and runs again")
        self._retry_at = time.monotonic() + 5
        return told

    def names(self) -> list[str]:
        return [name_of(node) for node in self._present]

    def notes(self) -> list[ProcessNote]:
        """Them as the list of processes shows them."""
        found = []
        if self._broker is not None:
            ports = self._broker.ports
            shown = {"AMQP": ports.amqp, "management": ports.management, "metrics": ports.prometheus}
            found.append(note_of("RabbitMQ", self._broker.pid, shown))
        if self._store is not None:
            members = zip(self._store.pids, self._store.ports, strict=True)
            found += [note_of("mongod", pid, {"MongoDB": port}) for pid, port in members]
        return [note for note in found if note is not None]


def name_of(node: BrokerNode | MongoNode) -> str:
    return "RabbitMQ" if isinstance(node, BrokerNode) else "mongod"


@contextmanager
def backing(config: RunConfig, say: Callable[[str], None]) -> Iterator[Backing]:
    """Check what is given and run what is not; own nodes end with the block, given ones are left alone.

    NodeError, one line, where something given does not answer or does not do.
    """
    broker = None if config.broker_url else BrokerNode(config.run_folder / "broker")
    store = None if config.mongo_url else MongoNode(config.run_folder / "mongo")
    own = OwnNodes(broker, store)
    try:
        if broker is None:
            check_broker(config.broker_url)
        if store is None:
            check_store(config.mongo_url)
        if own.names():
            say(f"starting {' and '.join(own.names())}")
            own.start()
        server_url = broker.url if broker else config.broker_url
        management_url = broker.management_url if broker else management_url_of(config)
        make_vhost(server_url, management_url, config.broker_vhost)
        yield Backing(
            broker_url=with_vhost(server_url, config.broker_vhost),
            broker_management_url=management_url,
            mongo_url=store.url if store else config.mongo_url,
            own=own,
        )
    finally:
        own.stop()


def check_broker(url: str) -> None:
    """NodeError unless a RabbitMQ with quorum queues answers at this URL."""
    shown = without_password(url)
    try:
        properties = server_properties(url)
    except (AMQPError, OperationalError, OSError) as error:
        raise NodeError(f"BROKER_URL {shown} does not answer as a broker: {one_line(error)}") from error
    product, version = str(properties.get("product", "")), str(properties.get("version", ""))
    if product != "RabbitMQ" or numbers(version) < OLDEST_BROKER:
        raise NodeError(
            f"BROKER_URL {shown} is {product or 'an unknown broker'} {version}: RabbitMQ 3.10 or newer is needed"
        )


def check_store(url: str) -> None:
    """NodeError unless a writable replica set of MongoDB 6 or newer answers at this URL."""
    shown = without_password(url)
    try:
        with pymongo.MongoClient[dict[str, object]](url, serverSelectionTimeoutMS=6000) as client:
            hello = client.admin.command("hello")
            version = str(client.server_info()["version"])
    except PyMongoError as error:
        raise NodeError(f"MONGO_URL {shown} does not answer: {one_line(error)}") from error
    # A router of a sharded cluster has no set name and transactions all the same.
    if not hello.get("setName") and hello.get("msg") != "isdbgrid":
        raise NodeError(
            f"MONGO_URL {shown} is a single server: a replica set is needed (one member is enough)"
        )
    if numbers(version) < OLDEST_STORE:
        raise NodeError(f"MONGO_URL {shown} is MongoDB {version}: 6.0 or newer is needed")


def make_vhost(server_url: str, management_url: str, vhost: str) -> None:
    """Make our vhost; where the management API may not be used, one that somebody made for us does as well."""
    try:
        BrokerManagement(management_url).create_vhost(vhost)
    except ManagementError as refusal:
        if not can_enter(with_vhost(server_url, vhost)):
            raise NodeError(
                f"the vhost {vhost} cannot be made ({refusal}): `rabbitmqctl add_vhost {vhost}` and set_permissions, "
                "or give BROKER_MANAGEMENT_URL"
            ) from refusal


def can_enter(url: str) -> bool:
    try:
        server_properties(url)
    except (AMQPError, OperationalError, OSError):
        return False
    return True


def server_properties(url: str) -> Mapping[str, object]:
    """What a broker says of itself when one connects to its vhost."""
    with Connection(url, connect_timeout=5) as connection:  # type: ignore[no-untyped-call]
        connection.ensure_connection(max_retries=1, interval_start=0, timeout=6)
        return dict(connection.connection.server_properties)


def forget(config: RunConfig) -> list[str]:
    """Delete our vhost and our databases from what is given; returns what was deleted. NodeError where it cannot."""
    gone = []
    if config.broker_url:
        try:
            BrokerManagement(management_url_of(config)).delete_vhost(config.broker_vhost)
        except ManagementError as refusal:
            raise NodeError(f"the vhost {config.broker_vhost} cannot be deleted: {refusal}") from refusal
        gone.append(f"vhost {config.broker_vhost} of {without_password(config.broker_url)}")
    if config.mongo_url:
        try:
            with pymongo.MongoClient[dict[str, object]](
                config.mongo_url, serverSelectionTimeoutMS=6000
            ) as client:
                for name in client.list_database_names():
                    if name.startswith(config.database_prefix):
                        client.drop_database(name)
                        gone.append(f"database {name} of {without_password(config.mongo_url)}")
        except PyMongoError as error:
            raise NodeError(f"MONGO_URL {without_password(config.mongo_url)}: {one_line(error)}") from error
    return gone


def management_url_of(config: RunConfig) -> str:
    """The management API of the given broker: as told, else where a broker has it, with the same user."""
    if config.broker_management_url:
        return config.broker_management_url
    parts = urlsplit(config.broker_url)
    user = f"{parts.username}:{parts.password or ''}@" if parts.username else ""
    if parts.scheme == "amqps":
        return f"https://{user}{parts.hostname}:15671"
    return f"http://{user}{parts.hostname}:15672"


def with_vhost(url: str, vhost: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path="/" + quote(vhost, safe="")))


def without_password(url: str) -> str:
    """The URL as it may be shown."""
    return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", url)


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


def one_line(error: BaseException) -> str:
    if isinstance(error, socket.gaierror):
        return "its host name is not known"
    return (" ".join(str(error).split()) or type(error).__name__)[:200]
