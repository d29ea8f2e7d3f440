"""Every word once, whatever befalls broker, database, link or process; on nodes that only this file harms."""

import os
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from chassis.boxes import BOXES, IS_OUT
from chassis.bus import FAILURES, connect
from chassis.errors import Unavailable
from local.broker_management import BrokerManagement
from local.child import OwnChild
from local.nodes import BrokerNode, MongoNode
from tests.integration.words import Keep, Place, Words, keep
from tests.tcp_proxy import TcpProxy
from tests.waiting import wait_until

# A listener that needs longer after the harm is over has not come back by itself, however slow the machine.
BACK_WITHIN = 60.0
# Half of what the liveness probe allows.
SILENCE = 30.0


@dataclass(frozen=True)
class Nodes:
    broker: BrokerNode
    mongo: MongoNode


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    folder = tmp_path_factory.mktemp("harmed")
    with BrokerNode(folder / "broker") as broker, MongoNode(folder / "mongo") as mongo:
        yield Nodes(broker, mongo)
        # Nobody needs its data: a clean end would take it seconds.
        broker.kill9()


class Road:
    """A speaker, a listener and a sweep, each with connections of its own, that say and keep words all the time."""

    def __init__(
        self,
        nodes: Nodes,
        *,
        broker_port: int = 0,
        mongo_port: int = 0,
        keeps: bool = True,
        publishes: bool = True,
    ) -> None:
        self.nodes = nodes
        self._keeps = keeps
        self._publishes = publishes
        self.vhost = f"harmed-{uuid.uuid4().hex[:8]}"
        self._database = f"harmed_{uuid.uuid4().hex[:8]}"
        BrokerManagement(nodes.broker.management_url).create_vhost(self.vhost)
        broker_url = nodes.broker.url_of(self.vhost)
        mongo_url = f"mongodb://127.0.0.1:{nodes.mongo.ports[0]}/?directConnection=true"
        self.speaker = Place(broker_url, mongo_url, self._database)
        self.keeper = Place(
            broker_url.replace(str(nodes.broker.ports.amqp), str(broker_port or nodes.broker.ports.amqp)),
            mongo_url.replace(str(nodes.mongo.ports[0]), str(mongo_port or nodes.mongo.ports[0])),
            self._database,
        )
        self.keeper.prepare()
        self.keeper.runner = self.keeper.make_runner(_keep_late())
        self.listener = self.keeper.listen(prefetch=5, batch_max=20)
        self.sweeper = self.speaker.sweeper()
        self.said: list[str] = []
        self.silences: list[float] = []
        self._beaten = time.monotonic()
        self.listener.heartbeat = self._beat
        self._over = threading.Event()
        self._speaking = threading.Thread(target=self._speak, name="speaker", daemon=True)
        wait_until(
            lambda: all(
                nodes.broker.would_find_again(queue, vhost=self.vhost)
                for queue in ("words.email", "words.api")
            ),
            describe="queues that outlive a kill",
        )

    def __enter__(self) -> "Road":
        self._speaking.start()
        if self._keeps:
            self.listener.start()
            self.sweeper.start()
            self.moves_on("before the harm")
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._speaking.join(60)
        self.listener.stop(timedelta(seconds=15))
        self.sweeper.stop(timedelta(seconds=15))
        self.keeper.close()
        self.speaker.close()

    def environment(self, failpoints: str = "") -> dict[str, str]:
        """For a keeper in a process of its own."""
        return {
            **os.environ,
            "WORDS_BROKER_URL": self.keeper.bus.url,
            "WORDS_MONGO_URL": f"mongodb://127.0.0.1:{self.nodes.mongo.ports[0]}/?directConnection=true",
            "WORDS_DATABASE": self._database,
            "FAILPOINTS": failpoints,
        }

    def moves_on(self, when: str) -> None:
        """Words said from now on are kept within the time allowed."""
        said = len(self.said)
        wait_until(
            lambda: len(self.said) > said and self.said[said] in self.speaker.words(),
            timeout=BACK_WITHIN,
            interval=0.1,
            describe=f"a word said {when}",
        )

    def hush(self) -> None:
        """Say no more, and wait until all is kept."""
        self._over.set()
        self._speaking.join(60)
        wait_until(lambda: len(self.speaker.words()) == len(self.said), describe="silence")

    def finish(self) -> None:
        """Every word said was kept once, nothing waits any more, and the listener never fell silent."""
        self._over.set()
        self._speaking.join(60)
        assert not self._speaking.is_alive()
        wait_until(
            lambda: len(self.speaker.words()) >= len(self.said),
            timeout=BACK_WITHIN,
            interval=0.1,
            describe=lambda: f"{len(self.speaker.words())} of {len(self.said)} words",
        )
        wait_until(
            lambda: self.speaker.outbox.pending()[0] == 0,
            timeout=BACK_WITHIN,
            interval=0.1,
            describe="an empty outbox",
        )
        assert self.speaker.words() == Counter(self.said)
        assert self.speaker.dead() == []
        if self._keeps:
            assert self.listener.is_ready()
            assert max(self.silences) < SILENCE

    def _beat(self) -> None:
        now = time.monotonic()
        self.silences.append(now - self._beaten)
        self._beaten = now

    def _speak(self) -> None:
        while not self._over.wait(0.02):
            words = [f"w{len(self.said) + n}" for n in range(5)]
            self._say(words[:3], "email")
            self._say(words[3:], "api")

    def _say(self, words: list[str], lane: str) -> None:
        committed = False
        while not committed:
            try:
                if self._publishes:
                    self.speaker.say(words, lane)
                else:
                    self.speaker.leave(words, lane)
                committed = True
            except Unavailable as away:
                # Away is the broker: the words are kept, and the sweep says them. Else nobody knows; said once more.
                committed = "broker" in str(away)
                self._over.wait(0.1)
        self.said.extend(words)


@pytest.fixture
def threads() -> Iterator[None]:
    """No thread is left behind."""
    # Let the clock's own short-lived thread and those of the last test go.
    before = threading.active_count()
    yield
    wait_until(
        lambda: threading.active_count() <= before,
        describe=lambda: f"{before} threads, not {sorted(thread.name for thread in threading.enumerate())}",
    )


pytestmark = pytest.mark.usefixtures("threads")


def test_a_broker_killed_in_mid_run_loses_and_doubles_nothing(nodes: Nodes) -> None:
    with Road(nodes) as road:
        nodes.broker.kill9()
        nodes.broker.start()
        road.moves_on("after the broker's kill")
        road.finish()


def test_a_broker_that_freezes_for_ten_seconds_is_waited_for(nodes: Nodes) -> None:
    with Road(nodes) as road:
        nodes.broker.freeze()
        try:
            time.sleep(10.5)
        finally:
            nodes.broker.thaw()
        road.moves_on("after the frost")
        road.finish()


def test_a_memory_alarm_refuses_at_once_and_passes(nodes: Nodes) -> None:
    with Road(nodes) as road:
        nodes.broker.ctl("set_vm_memory_high_watermark", "0.0001")
        try:
            rows = road.speaker.leave(["alarm"])
            with pytest.raises(Unavailable, match="alarm"):
                road.keeper.outbox.publish(rows)
            # A broker that is asked would be waited for longer than one test may take.
            for _ in range(100):
                with pytest.raises(Unavailable, match="alarm"):
                    road.keeper.outbox.publish(rows)
            # While blocked the broker reads no socket, so it would keep every connection that was dropped meanwhile.
            assert _connections(nodes) < 15
        finally:
            nodes.broker.ctl("set_vm_memory_high_watermark", "absolute", "1GB")
        road.said.append("alarm")
        road.moves_on("after the alarm")
        road.finish()


@pytest.mark.parametrize("harm", ["cut", "freeze"])
def test_a_link_to_the_broker_that_breaks_is_made_again(nodes: Nodes, harm: str) -> None:
    with (
        TcpProxy(nodes.broker.ports.amqp) as link,
        Road(nodes, broker_port=link.port) as road,
    ):
        _harm(link, harm)
        time.sleep(2)
        # What lay in a frozen link is lost with it.
        link.cut()
        link.mend()
        road.moves_on(f"after the {harm}")
        road.finish()


@pytest.mark.parametrize("harm", ["cut", "freeze"])
def test_a_link_to_the_database_that_breaks_is_waited_for(nodes: Nodes, harm: str) -> None:
    with TcpProxy(nodes.mongo.ports[0]) as link, Road(nodes, mongo_port=link.port) as road:
        _harm(link, harm)
        time.sleep(2)
        link.mend()
        road.moves_on(f"after the {harm}")
        road.finish()


def test_a_database_killed_in_mid_run_loses_and_doubles_nothing(nodes: Nodes) -> None:
    with Road(nodes) as road:
        nodes.mongo.kill9()
        nodes.mongo.start()
        road.moves_on("after the database's kill")
        road.finish()


def test_a_database_that_freezes_for_seven_seconds_is_waited_for(nodes: Nodes) -> None:
    with Road(nodes) as road:
        nodes.mongo.freeze()
        try:
            time.sleep(7)
        finally:
            nodes.mongo.thaw()
        road.moves_on("after the frost")
        road.finish()


def test_queues_deleted_under_a_listener_are_made_again(nodes: Nodes) -> None:
    with Road(nodes) as road:
        # What lies in a queue that somebody deletes is gone by that somebody's word: nothing may lie there.
        road.hush()
        connection = connect(road.keeper.bus.url)
        for queue in ("words.email", "words.dead", "delay.1s"):
            connection.channel().queue_delete(queue)
        connection.close()
        wait_until(
            lambda: _exists(road.speaker, "words.email"),
            timeout=BACK_WITHIN,
            interval=0.2,
            describe="the queue again",
        )
        # Its first failure goes to a delay queue that was deleted, beside the listener's own.
        road.speaker.say(["late"])
        road.said.append("late")
        road.finish()


@pytest.mark.parametrize("point", ["after-commit-before-ack", "after-publish-before-mark"])
def test_a_keeper_killed_at_a_failpoint_leaves_nothing_undone(
    nodes: Nodes, tmp_path: Path, point: str
) -> None:
    with Road(nodes, keeps=False, publishes=point != "after-publish-before-mark") as road:
        child = OwnChild("a keeper of words", tmp_path / "keeper.log")
        argv = [sys.executable, "-m", "tests.integration.words_listen"]
        try:
            child.spawn(argv, env=road.environment(f"{point}=kill@3"))
            wait_until(lambda: child.exit_code is not None, interval=0.1, describe="the keeper's death")
            assert child.exit_code == -9
            # What it had claimed is free when its lease runs out.
            road.speaker.database[BOXES].update_many(
                IS_OUT, {"$set": {"lease_until": road.speaker.clock.now() - timedelta(seconds=1)}}
            )
            child.spawn(argv, env=road.environment())
            road.moves_on("after the kill")
            road.finish()
        finally:
            child.terminate(grace=10)


def _keep_late() -> Callable[[Keep, Words], object]:
    """Keeps words; the one named "late" not the first time."""
    failed: list[str] = []

    def handle(command: Keep, words: Words) -> object:
        if command.word == "late" and not failed:
            failed.append(command.word)
            raise RuntimeError("not yet")
        return keep(command, words)

    return handle


def _harm(link: TcpProxy, harm: str) -> None:
    {"cut": link.cut, "freeze": link.freeze}[harm]()


def _connections(nodes: Nodes) -> int:
    return len(nodes.broker.ctl("list_connections", "pid").splitlines())


def _exists(place: Place, queue: str) -> bool:
    try:
        place.ready(queue)
    except FAILURES:
        return False
    return True
