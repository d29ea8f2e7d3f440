"""The bare pipe: the least that a system of this kind must do for a message, as a baseline to hold the product against.

Publish 2 KB persistent and confirmed, consume in batches of up to 100, one transaction with a ticket row (three
indexes) and an outbox row for each, one confirmed event for each, acknowledge together. One process at each end.
"""

import multiprocessing
import os
import statistics
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from typing import Any

import psutil
from pymongo import ASCENDING, IndexModel, MongoClient
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from chassis import mongo
from chassis.bus import Bus, Delivery, Outgoing, Publisher, Subscription, connect, declare_queue

BATCH = 100
BODY = 2_000


@dataclass(frozen=True)
class Where:
    """The nodes under test: a vhost and a database of the benchmark's own."""

    broker_url: str
    mongo_url: str
    database: str
    # Process ids whose CPU time is counted as broker and database.
    broker_pid: int
    mongod_pid: int


def prepare(where: Where) -> None:
    """An empty pipe: two queues, two collections."""
    connection = connect(where.broker_url)
    channel = connection.channel()
    for queue in ("pipe.in", "pipe.out"):
        channel.queue_delete(queue)
        declare_queue(channel, queue)
    connection.close()
    client: MongoClient[dict[str, Any]] = mongo.connect(where.mongo_url)
    client.drop_database(where.database)
    client[where.database]["tickets"].create_indexes(
        [
            IndexModel("number"),
            IndexModel([("status", ASCENDING), ("at", ASCENDING)]),
            IndexModel("requester"),
        ]
    )
    client[where.database].create_collection("outbox")
    client.close()


def carry(where: Where, told: Connection) -> None:
    """The consuming end; runs until its parent says stop."""
    stop = threading.Event()

    def wait_for_the_end() -> None:
        told.recv()
        stop.set()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    bus = Bus(where.broker_url, "")
    publisher = Publisher(bus)
    subscription = Subscription(bus, prefetch=400)
    subscription.open(["pipe.in"])
    client: MongoClient[dict[str, Any]] = mongo.connect(where.mongo_url)
    database = client[where.database]
    told.send("ready")
    while not stop.is_set():
        subscription.wait(0.2)
        while True:
            batch: list[Delivery] = []
            while len(batch) < BATCH and (delivery := subscription.take("pipe.in")) is not None:
                batch.append(delivery)
            if not batch:
                break
            now = datetime.now(UTC)
            tickets = [
                {
                    "_id": d.message_id,
                    "number": int(d.message_id[:12], 16),
                    "status": "new",
                    "at": now,
                    "requester": d.message_id[-6:],
                    "body": d.body,
                }
                for d in batch
            ]
            outbox = [
                {"_id": f"{d.message_id}:1", "type": "opened", "at": now, "body": d.body[:500]} for d in batch
            ]
            with (
                client.start_session() as session,
                session.start_transaction(
                    read_concern=ReadConcern("snapshot"), write_concern=WriteConcern("majority", j=True)
                ),
            ):
                database["tickets"].insert_many(tickets, ordered=False, session=session)
                database["outbox"].insert_many(outbox, ordered=False, session=session)
            publisher.publish(
                [Outgoing("", "pipe.out", d.body[:500], "opened", f"{d.message_id}:1") for d in batch]
            )
            subscription.ack({"pipe.in": batch[-1].tag})
            subscription.wait(0)
    subscription.close()
    publisher.close()


def rate(where: Where, messages: int) -> dict[str, float]:
    """Tickets a second over so many messages, and CPU milliseconds a ticket: pipe, broker, database."""
    prepare(where)
    here, there = multiprocessing.Pipe()
    carrier = multiprocessing.get_context("spawn").Process(target=carry, args=(where, there))
    carrier.start()
    here.recv()
    client: MongoClient[dict[str, Any]] = mongo.connect(where.mongo_url)
    tickets = client[where.database]["tickets"]
    publisher = Publisher(Bus(where.broker_url, ""))
    body = os.urandom(BODY)
    before = cpu_seconds(where, carrier.pid)
    begun = time.monotonic()
    for start in range(0, messages, 1000):
        publisher.publish(
            [
                Outgoing("", "pipe.in", body, "message", uuid.uuid4().hex)
                for _ in range(min(1000, messages - start))
            ]
        )
    while tickets.estimated_document_count() < messages:
        time.sleep(0.02)
    seconds = time.monotonic() - begun
    after = cpu_seconds(where, carrier.pid)
    here.send("stop")
    carrier.join(10)
    publisher.close()
    client.drop_database(where.database)
    client.close()
    parts = {name: (after[name] - before[name]) * 1000 / messages for name in after}
    return {
        "per_second": messages / seconds,
        "cpu_ms": sum(parts.values()),
        **{f"cpu_ms_{k}": v for k, v in parts.items()},
    }


def latency(where: Where, per_second: float, seconds: float) -> dict[str, float]:
    """p50 and p99 in milliseconds from the confirmed message to its event, at a steady rate, and cores busy."""
    prepare(where)
    here, there = multiprocessing.Pipe()
    carrier = multiprocessing.get_context("spawn").Process(target=carry, args=(where, there))
    carrier.start()
    here.recv()
    watch = Watch(where.broker_url, "pipe.out", lambda delivery: [delivery.message_id.removesuffix(":1")])
    watch.start()
    publisher = Publisher(Bus(where.broker_url, ""))
    body = os.urandom(BODY)
    sent: dict[str, float] = {}
    before, begun = cpu_seconds(where, carrier.pid), time.monotonic()
    for n in range(int(per_second * seconds)):
        pause = begun + n / per_second - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        name = uuid.uuid4().hex
        publisher.publish([Outgoing("", "pipe.in", body, "message", name)])
        sent[name] = time.monotonic()
    busy = time.monotonic() - begun
    after = cpu_seconds(where, carrier.pid)
    watch.wait_for(len(sent))
    here.send("stop")
    carrier.join(10)
    publisher.close()
    # An event may overtake its confirm; such a message took no time at all.
    waits = sorted(max(0.0, watch.seen[name] - moment) * 1000 for name, moment in sent.items())
    return {
        "p50_ms": statistics.median(waits),
        "p99_ms": waits[int(len(waits) * 0.99)],
        "cores": sum(after[name] - before[name] for name in after) / busy,
    }


class Watch:
    """Notes when each id comes out of a queue."""

    def __init__(self, broker_url: str, queue: str, ids: Callable[[Delivery], list[str]]) -> None:
        self.seen: dict[str, float] = {}
        self._subscription = Subscription(Bus(broker_url, ""), prefetch=1000)
        self._queue = queue
        self._ids = ids
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._subscription.open([self._queue])
        self._thread.start()

    def wait_for(self, count: int, timeout: float = 120) -> None:
        """Return once so many ids were seen; stops the watch."""
        deadline = time.monotonic() + timeout
        while len(self.seen) < count and time.monotonic() < deadline:
            time.sleep(0.05)
        self._stop.set()
        self._thread.join(5)
        self._subscription.close()
        if len(self.seen) < count:
            raise RuntimeError(f"{self._queue}: {len(self.seen)} of {count} arrived within {timeout} s")

    def _run(self) -> None:
        while not self._stop.is_set():
            self._subscription.wait(0.1)
            last = None
            while (delivery := self._subscription.take(self._queue)) is not None:
                now = time.monotonic()
                for name in self._ids(delivery):
                    self.seen.setdefault(name, now)
                last = delivery.tag
            if last is not None:
                self._subscription.ack({self._queue: last})


def cpu_seconds(where: Where, *pids: int | None) -> dict[str, float]:
    """CPU time so far of the pipe's own processes, of the broker and of the database."""
    own = sum(cpu_of(pid) for pid in (os.getpid(), *pids) if pid)
    return {"pipe": own, "broker": cpu_of(where.broker_pid), "database": cpu_of(where.mongod_pid)}


def cpu_of(pid: int) -> float:
    """CPU seconds of one process so far."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)
