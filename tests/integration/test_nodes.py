from collections.abc import Iterator
from pathlib import Path

import amqp
import pymongo
import pytest

from local.nodes import BrokerNode, MongoNode, NodeError
from tests.waiting import wait_until


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[BrokerNode]:
    node = BrokerNode(tmp_path / "broker")
    try:
        node.start()
        yield node
    finally:
        # A clean stop takes six seconds, and nobody reads this data again.
        node.kill9()


@pytest.fixture
def mongo(tmp_path: Path) -> Iterator[MongoNode]:
    with MongoNode(tmp_path / "mongo") as node:
        yield node


def _connection(url_port: int) -> amqp.Connection:
    return amqp.Connection(host=f"127.0.0.1:{url_port}", confirm_publish=True)


@pytest.mark.slow
def test_a_confirmed_message_in_a_quorum_queue_outlives_a_kill_and_a_restart_of_its_broker(
    broker: BrokerNode,
) -> None:
    with _connection(broker.ports.amqp) as connection:
        channel = connection.channel()
        channel.queue_declare("kept", durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"})
        channel.basic_publish(amqp.Message("still here", delivery_mode=2), routing_key="kept")
    wait_until(lambda: broker.would_find_again("kept"), describe="the queue's name on disk")

    broker.kill9()
    broker.restart()
    broker.restart()

    def kept() -> str | None:
        # The queue's leader is elected after the node takes connections.
        try:
            with _connection(broker.ports.amqp) as connection:
                message = connection.channel().basic_get("kept", no_ack=True)
                return message and str(message.body)
        except (amqp.AMQPError, OSError):
            return None

    assert wait_until(kept) == "still here"


def test_a_document_outlives_a_kill_and_a_restart_of_its_store(mongo: MongoNode) -> None:
    with pymongo.MongoClient[dict[str, object]](mongo.url) as client:
        client.house.rooms.with_options(write_concern=pymongo.WriteConcern("majority", j=True)).insert_one(
            {"_id": "hall"}
        )
        mongo.kill9()
        mongo.restart()
        mongo.restart()
        assert client.house.rooms.find_one({"_id": "hall"}) is not None


def test_a_store_finds_its_port_again_from_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "mongo"
    with MongoNode(folder) as first:
        ports = first.ports
    assert MongoNode(folder).ports == ports


def test_a_store_asked_for_another_port_than_its_data_has_says_so_in_one_line(mongo: MongoNode) -> None:
    with pytest.raises(NodeError, match=f"lives on port {mongo.ports[0]}") as refusal:
        MongoNode(mongo.folder, ports=[mongo.ports[0] + 1])
    assert "\n" not in str(refusal.value)


def test_a_store_whose_port_is_taken_names_the_holder(mongo: MongoNode, tmp_path: Path) -> None:
    with pytest.raises(NodeError, match=rf"{mongo.ports[0]} is in use by mongod \(pid {mongo.pids[0]}\)"):
        MongoNode(tmp_path / "second", ports=mongo.ports).start()


@pytest.mark.slow
def test_three_members_elect_another_primary_when_theirs_steps_down(tmp_path: Path) -> None:
    with MongoNode(tmp_path / "mongo", members=3, cache_gb=0.25, oplog_mb=64) as mongo:
        before = mongo.primary()
        mongo.step_down(seconds=10)
        assert mongo.primary() != before


def test_two_tests_never_see_each_others_queues(vhost: str, broker_url: str) -> None:
    assert vhost.rpartition("/")[0] == broker_url.rpartition("/")[0]
    assert vhost.rpartition("/")[2].startswith("test-")


def test_a_database_made_under_the_prefix_can_be_written(mongo_url: str, database_prefix: str) -> None:
    with pymongo.MongoClient[dict[str, object]](mongo_url) as client:
        client[f"{database_prefix}tickets"].rows.insert_one({"_id": 1})
        assert client[f"{database_prefix}tickets"].rows.count_documents({}) == 1
