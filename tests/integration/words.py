"""A service that keeps words: the smallest that has an inbox, handlers, an outbox and a listener."""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from google.protobuf.message import DecodeError
from google.protobuf.wrappers_pb2 import StringValue

from bus.v1.bundle_pb2 import Bundle
from chassis import batches, boxes, listener, mongo
from chassis.batches import BatchRunner
from chassis.boxes import BOXES
from chassis.bus import Bus, Publisher, connect
from chassis.clock import DatabaseClock
from chassis.errors import Refused
from chassis.leases import LeasedLoop, Leases
from chassis.listener import Listener
from chassis.outbox import Outbox
from chassis.telemetry.metrics import Metrics
from chassis.units import OutboxRow, Unit


@dataclass(frozen=True)
class Keep:
    """Keep one word."""

    word: str


class Words:
    """Ports of a service that keeps words."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.loads = 0

    def load(self, commands: Sequence[Any]) -> None:
        self.loads = len(commands)

    def flush(self) -> None:
        self.unit.insert("batches", {"size": self.loads})


def keep(command: Keep, words: Words) -> bytes:
    if command.word.startswith("deadly"):
        # As a handler that the kernel kills for its memory.
        os._exit(9)
    if command.word.startswith("broken"):
        raise RuntimeError("a handler's mistake")
    if command.word.startswith("refused"):
        raise Refused("no")
    words.unit.insert("words", {"word": command.word, "chain": words.unit.cause.chain_id})
    return f"kept {command.word}".encode()


class Place:
    """One service's worth of parts on real nodes."""

    def __init__(
        self, broker_url: str, mongo_url: str, name: str, *, store_within: timedelta = timedelta(seconds=6)
    ) -> None:
        self.mongo_url = mongo_url
        self.bus = Bus(broker_url, "test.events")
        self.client = mongo.connect(mongo_url, timeout=store_within)
        self.database = self.client[name]
        self.clock = DatabaseClock(self.client)
        mongo.ensure_indexes(
            self.database, {"leases": [], **batches.INDEXES, **boxes.INDEXES, "words": [], "batches": []}
        )
        self.publisher = Publisher(self.bus)
        self.outbox = Outbox(self.database, self.publisher, self.bus.exchange, self.clock)
        self.metrics = Metrics("test")
        self.runner = self.make_runner()

    def make_runner(self, handler: Callable[[Keep, Words], object] = keep) -> BatchRunner:
        return BatchRunner(
            consumer="words",
            database=self.database,
            clock=self.clock,
            open_ports=Words,
            handlers={Keep: handler},
            outbox=self.outbox,
            metrics=self.metrics,
        )

    def listen(self, **more: Any) -> Listener:
        return Listener(
            transport=self.bus,
            consumer="words",
            consumes={StringValue: lambda fact, envelope: Keep(fact.value)},
            runner=self.runner,
            publisher=self.publisher,
            metrics=self.metrics,
            lanes=("email", "api"),
            **more,
        )

    def prepare(self) -> None:
        """Make indexes, queues and bindings."""
        listener.prepare(self.bus, "words", ["google.protobuf.StringValue"], ["email", "api"])

    def sweeper(self) -> LeasedLoop:
        """Publishes what was left in the outbox."""
        return LeasedLoop(
            Leases(self.database),
            "outbox-sweep",
            lambda lease: self.outbox.sweep() > 0,
            every=timedelta(milliseconds=200),
            lasting=timedelta(seconds=2),
        )

    def close(self) -> None:
        self.outbox.close()
        self.publisher.close()
        self.client.close()

    def say(self, words: Sequence[str], lane: str = "email") -> None:
        unit = Unit(self.database, self.clock)
        for word in words:
            unit.say(StringValue(value=word), event_id=f"id-{word}", lane=lane, subject=word)
        unit.commit()
        self.outbox.publish(unit.outbox)

    def leave(self, words: Sequence[str], lane: str = "email") -> list[OutboxRow]:
        """Commit words and publish nothing, as one that died in between; its time is over."""
        unit = Unit(self.database, self.clock)
        for word in words:
            unit.say(StringValue(value=word), event_id=f"id-{word}", lane=lane, subject=word)
        unit.commit()
        self.database[BOXES].update_many(
            {"_id": {"$in": [row.row_id for row in unit.outbox]}},
            {"$set": {"lease_until": self.clock.now() - timedelta(seconds=1)}},
        )
        return unit.outbox

    def words(self) -> Counter[str]:
        return Counter(row["word"] for row in self.database["words"].find())

    def ready(self, queue: str) -> int:
        """How many messages nobody has in hand."""
        connection = connect(self.bus.url)
        count: int = connection.channel().queue_declare(queue, passive=True).message_count
        connection.close()
        return count

    def delete_exchange(self) -> None:
        connection = connect(self.bus.url)
        connection.channel().exchange_delete(self.bus.exchange)
        connection.close()

    def dead_ids(self) -> list[str]:
        return [names for names, _ in self.dead()]

    def dead(self) -> list[tuple[str, dict[str, Any]]]:
        """What lies in the dead-letter queue, left there."""
        connection = connect(self.bus.url)
        channel = connection.channel()
        found = []
        while (message := channel.basic_get("words.dead")) is not None:
            body = message.body if isinstance(message.body, bytes) else message.body.encode()
            try:
                names = ",".join(event.event_id for event in Bundle.FromString(body).events)
            except DecodeError:
                names = ""
            found.append((names, dict(message.headers)))
        connection.close()
        return found
