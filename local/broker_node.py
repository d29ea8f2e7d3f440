"""An own RabbitMQ node, as a child of this process, on loopback only."""

import os
import subprocess
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import amqp

from local.child import OwnChild
from local.loopback import answers
from local.node_card import Card, NodeError, await_ready, read_card, taken, write_card
from local.ports import free_ports, is_free

RABBITMQ_HOME = Path("/usr/lib/rabbitmq")


@dataclass(frozen=True)
class BrokerPorts:
    amqp: int
    management: int
    prometheus: int
    distribution: int

    @classmethod
    def free(cls) -> Self:
        return cls(*free_ports(4))


class BrokerNode:
    """An own RabbitMQ node with the management and prometheus plugins, from Debian's package, as any user.

    `/usr/sbin/rabbitmq-server` would change to the user rabbitmq, who may not write here; the script below it
    does not, and replaces itself by the Erlang machine, so that our child's pid is the broker's.
    """

    def __init__(self, folder: Path, *, ports: BrokerPorts | None = None, log_level: str = "warning") -> None:
        self.folder = folder.resolve()
        self._log_level = log_level
        self.version = broker_version()
        card = read_card(self.folder)
        self.ports = ports or (BrokerPorts(**card.ports) if card else BrokerPorts.free())
        # Unique on the machine: all nodes of it share one epmd.
        self.name = card.name if card else f"relaydesk-{uuid.uuid4().hex[:12]}@localhost"
        self._child = OwnChild("the broker node", self.folder / "broker.out")

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def is_running(self) -> bool:
        return self._child.is_running

    @property
    def url(self) -> str:
        """The AMQP URL of the default vhost."""
        return self.url_of("/")

    def url_of(self, vhost: str) -> str:
        """The AMQP URL of a vhost of this node."""
        path = "" if vhost == "/" else vhost
        return f"amqp://guest:guest@127.0.0.1:{self.ports.amqp}/{path}"

    @property
    def management_url(self) -> str:
        return f"http://guest:guest@127.0.0.1:{self.ports.management}"

    def start(self, *, within: float = 60) -> None:
        """Start the node and return when it takes AMQP connections and answers its management API."""
        if self.is_running:
            return
        for what, port in asdict(self.ports).items():
            if not is_free(port):
                raise NodeError(taken(f"the broker's {what} port", port, self.folder))
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write_configuration()
        self._child.spawn(
            [str(RABBITMQ_HOME / "bin" / "rabbitmq-server")], env=self._environment(), cwd=self.folder
        )
        await_ready(self._child, self._answers, within, self._why_not)
        write_card(self.folder, Card(self.name, self.version, asdict(self.ports)))

    def stop(self, *, grace: float = 30) -> None:
        """End the node cleanly; what it holds is on disk."""
        self._child.terminate(grace=grace)

    def kill9(self) -> None:
        """End the node as a power cut would."""
        self._child.kill9()

    def restart(self) -> None:
        """Stop cleanly, or start again after a kill; the same ports, the same data."""
        self.stop()
        self.start()

    def freeze(self) -> None:
        """Stop the node where it stands: connections stay open and silent."""
        self._child.freeze()

    def thaw(self) -> None:
        self._child.thaw()

    def would_find_again(self, queue: str, *, vhost: str = "/") -> bool:
        """Whether a quorum queue would outlive a power cut of this node now.

        RabbitMQ 3.10 writes the names of its quorum queues to disk up to a second after their declaration; a
        queue that is younger is lost by kill -9 with every message that was confirmed in it.
        """
        name = f"{quote(vhost, safe='')}_{quote(queue, safe='')}".encode()
        directories = self.folder.glob("mnesia/*/quorum/*/names.dets")
        return any(name in directory.read_bytes() for directory in directories)

    def ctl(self, *words: str, within: float = 60) -> str:
        """What `rabbitmqctl` says of this node (about a second: it starts an Erlang machine of its own)."""
        done = subprocess.run(
            [str(RABBITMQ_HOME / "bin" / "rabbitmqctl"), "--quiet", *words],
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=within,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode != 0:
            raise NodeError(f"rabbitmqctl {' '.join(words)}: {(done.stderr or done.stdout).strip()[:300]}")
        return done.stdout

    def _environment(self) -> dict[str, str]:
        at = self.folder
        return {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "LANG": "C.UTF-8",
            # Holds the Erlang cookie, which the broker and rabbitmqctl must share.
            "HOME": str(at),
            "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.ports.amqp),
            "RABBITMQ_DIST_PORT": str(self.ports.distribution),
            "RABBITMQ_MNESIA_BASE": str(at / "mnesia"),
            "RABBITMQ_LOG_BASE": str(at / "log"),
            "RABBITMQ_PID_FILE": str(at / "broker.pid"),
            "RABBITMQ_CONFIG_FILE": str(at / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": str(at / "rabbitmq-env.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(at / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(at / "enabled_plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_INETRC": str(at / "inetrc"),
            # Makes the start script exec the Erlang machine instead of standing in front of it.
            "detached": "true",
        }

    def _write_configuration(self) -> None:
        lines = [
            "management.tcp.ip = 127.0.0.1",
            f"management.tcp.port = {self.ports.management}",
            "prometheus.tcp.ip = 127.0.0.1",
            f"prometheus.tcp.port = {self.ports.prometheus}",
            f"log.file.level = {self._log_level}",
            "log.console = false",
            # The default of 512 MB is held in memory and read again at every start.
            "raft.wal_max_size_bytes = 33554432",
            "disk_free_limit.absolute = 200MB",
            "vm_memory_high_watermark.absolute = 1GB",
        ]
        (self.folder / "rabbitmq.conf").write_text("\n".join(lines) + "\n")
        # A machine need not know the name localhost: a bare one has no /etc/hosts.
        (self.folder / "inetrc").write_text('{host,{127,0,0,1},["localhost"]}.\n{lookup,[file,native]}.\n')
        (self.folder / "rabbitmq-env.conf").write_text("")
        (self.folder / "advanced.config").write_text("[].\n")
        (self.folder / "enabled_plugins").write_text("[rabbitmq_management,rabbitmq_prometheus].\n")

    def _answers(self) -> bool:
        try:
            with amqp.Connection(
                host=f"127.0.0.1:{self.ports.amqp}", userid="guest", password="guest", connect_timeout=2
            ):
                pass
        except (OSError, amqp.AMQPError):
            return False
        return answers(f"http://127.0.0.1:{self.ports.management}/api/index.html")

    def _why_not(self) -> str:
        card = read_card(self.folder)
        if card and card.version != self.version:
            return (
                f"its data folder {self.folder} was written by RabbitMQ {card.version}, "
                f"this is {self.version}: `make clean-data` forgets it"
            )
        return f"{self._child.last_words(3)} (see {self.folder / 'log'})"


def broker_version() -> str:
    """The version of the RabbitMQ that this machine has; NodeError with what to do where it has none."""
    for library in sorted((RABBITMQ_HOME / "lib").glob("rabbitmq_server-*"), reverse=True):
        return library.name.partition("-")[2]
    raise NodeError("no RabbitMQ on this machine: `apt-get install rabbitmq-server`, or give BROKER_URL")
