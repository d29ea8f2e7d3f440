"""The nodes that one test run shares: a broker and a store, each kept by a small process of its own.

A keeper outlives the worker that asked first and ends its node when the test run is over, however that ended.
By hand, for several runs beside each other:

    python -m tests.nodes pair FOLDER     # prints the exports, keeps both nodes until SIGTERM
"""

import argparse
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import pymongo

from local.nodes import BrokerNode, MongoNode, NodeError
from tests.waiting import wait_until

BROKER_URL = "RELAYDESK_TEST_BROKER_URL"
BROKER_MANAGEMENT_URL = "RELAYDESK_TEST_BROKER_MANAGEMENT_URL"
MONGO_URL = "RELAYDESK_TEST_MONGO_URL"


@dataclass(frozen=True)
class NodeAddress:
    url: str
    management_url: str = ""


def session_broker(folder: Path, session_pid: int) -> NodeAddress:
    """The broker of this test run: the one named in the environment, else an own node, started once."""
    if given := os.environ.get(BROKER_URL):
        management = os.environ.get(BROKER_MANAGEMENT_URL)
        if not management:
            raise NodeError(
                f"{BROKER_URL} is given, so {BROKER_MANAGEMENT_URL} must be too: tests make vhosts"
            )
        return NodeAddress(given, management)
    return _kept("broker", folder, session_pid)


def session_mongo(folder: Path, session_pid: int) -> NodeAddress:
    """The store of this test run: the one named in the environment, else an own node, started once."""
    if given := os.environ.get(MONGO_URL):
        return NodeAddress(given)
    return _kept("mongo", folder, session_pid)


def stop_keepers(folder: Path) -> None:
    """End the keepers of a test run, and with them its nodes."""
    for note in folder.glob("*.keeper"):
        pid = int(note.read_text())
        try:
            watched = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            signal.pidfd_send_signal(watched, signal.SIGTERM)
            select.select([watched], [], [], 30)
        except ProcessLookupError:
            pass
        finally:
            os.close(watched)


# Kept so that a worker's end does not warn about a process that is meant to outlive it.
_spawned: list[subprocess.Popen[bytes]] = []


def _kept(kind: str, folder: Path, session_pid: int) -> NodeAddress:
    answer = folder / f"{kind}.json"
    with (folder / f"{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not answer.exists():
            log = folder / f"{kind}.log"
            with log.open("ab") as output:
                keeper = subprocess.Popen(
                    [
                        sys.executable,
                        "-m",
                        "tests.nodes",
                        kind,
                        str(folder),
                        "--until-end-of",
                        str(session_pid),
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    cwd=Path(__file__).parent.parent,
                )
            _spawned.append(keeper)
            (folder / f"{kind}.keeper").write_text(str(keeper.pid))
            wait_until(
                lambda: answer.exists() or keeper.poll() is not None,
                timeout=90,
                describe=lambda: f"the {kind} node: {log.read_text()}",
            )
            if not answer.exists():
                raise NodeError(log.read_text().strip().splitlines()[-1])
    return NodeAddress(**json.loads(answer.read_text()))


def _publish(path: Path, address: NodeAddress) -> None:
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(asdict(address)))
    draft.replace(path)


@contextmanager
def _broker(folder: Path) -> Iterator[NodeAddress]:
    node = BrokerNode(folder / "broker")
    try:
        node.start()
        yield NodeAddress(node.url, node.management_url)
    finally:
        # Nobody reads this data again, and a clean stop takes six seconds.
        node.kill9()
        shutil.rmtree(folder / "broker", ignore_errors=True)


@contextmanager
def _mongo(folder: Path) -> Iterator[NodeAddress]:
    node = MongoNode(folder / "mongo", cache_gb=0.5)
    try:
        node.start()
        with pymongo.MongoClient[dict[str, object]](node.url) as client:
            # It counts in real time: what a test writes at its own moments is long expired to it.
            client.admin.command("setParameter", 1, ttlMonitorEnabled=False)
        yield NodeAddress(node.url)
    finally:
        node.kill9()
        shutil.rmtree(folder / "mongo", ignore_errors=True)


class _Ended(BaseException):
    """The keeper was told to end."""


def _end(*_: object) -> None:
    raise _Ended


def _wait_for_end_of(session_pid: int | None) -> None:
    if session_pid is None:
        while True:
            signal.pause()
    try:
        watched = os.pidfd_open(session_pid)
    except ProcessLookupError:
        return
    select.select([watched], [], [])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.nodes", description=__doc__)
    parser.add_argument("kind", choices=["broker", "mongo", "pair"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--until-end-of", type=int, metavar="PID")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    told = False
    try:
        with ExitStack() as nodes:
            if asked.kind == "pair":
                broker = nodes.enter_context(_broker(asked.folder))
                mongo = nodes.enter_context(_mongo(asked.folder))
                print(f"export {BROKER_URL}={broker.url}")
                print(f"export {BROKER_MANAGEMENT_URL}={broker.management_url}")
                print(f"export {MONGO_URL}='{mongo.url}'", flush=True)
            elif asked.kind == "broker":
                _publish(asked.folder / "broker.json", nodes.enter_context(_broker(asked.folder)))
            else:
                _publish(asked.folder / "mongo.json", nodes.enter_context(_mongo(asked.folder)))
            _wait_for_end_of(asked.until_end_of)
    except _Ended:
        told = True
    except NodeError as error:
        print(error, file=sys.stderr)
        return 1
    if not told and asked.until_end_of is not None:
        # The session was killed: nobody else tidies up.
        shutil.rmtree(asked.folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
