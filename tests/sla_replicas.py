"""Real processes of `sla work` beside each other on one store, and a witness of what they say."""

import os
import secrets
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from bus.v1.bundle_pb2 import Bundle, Envelope
from chassis import mongo
from chassis.bus import Bus, connect
from chassis.clock import monotonic
from chassis.mongo import Document, Documents
from chassis.subscription import Subscription
from local.child import OwnChild
from services.sla import __main__ as main
from services.sla.adapters.mongo.timers import timer_to_row
from services.sla.config import Settings
from services.sla.domain.timer import Timer, TimerName
from tests.integration.service_desk import ServiceDesk, common
from tests.waiting import MINUTE

ROOT = Path(__file__).parent.parent
_QUEUE = "sla.witness"


class Witness:
    """Hears all that sla says, and notes when by our own clock."""

    def __init__(self, broker_url: str, exchange: str) -> None:
        connection = connect(broker_url)
        channel = connection.channel()
        channel.queue_declare(_QUEUE, durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"})
        channel.queue_bind(_QUEUE, exchange, "relaydesk.sla.v1.#")
        connection.close()
        self.heard: list[tuple[Envelope, float]] = []
        self._subscription = Subscription(Bus(broker_url, exchange), prefetch=1_000)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="witness", daemon=True)
        self._subscription.open([_QUEUE])
        self._thread.start()

    def of(self, kind: str) -> list[tuple[Envelope, float]]:
        """The facts of a kind so far, as `TimerFired`."""
        return [(said, at) for said, at in list(self.heard) if said.type.endswith(f".{kind}")]

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(10)
        self._subscription.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._subscription.wait(0.05)
            last = None
            while (delivery := self._subscription.take(_QUEUE)) is not None:
                at = monotonic()
                self.heard += [(said, at) for said in Bundle.FromString(delivery.body).events]
                last = delivery.tag
            if last is not None:
                self._subscription.ack({_QUEUE: last})


class Replicas:
    """A store that is prepared for sla, and as many processes of `sla work` as a test starts on it."""

    def __init__(self, broker_url: str, mongo_url: str, database_prefix: str, folder: Path) -> None:
        # The tickets service is not there: nothing of what is told here needs it.
        self.settings = Settings(
            **common(broker_url, mongo_url, database_prefix), tickets_address="127.0.0.1:1"
        )
        self._folder = folder
        self._client = mongo.connect(mongo_url, timeout=MINUTE)
        self.database: Documents = self._client[f"{database_prefix}sla"]
        desk = ServiceDesk(main, "sla", self.settings)
        desk.stop()
        self.witness = Witness(broker_url, self.settings.exchange)
        self.children: dict[str, OwnChild] = {}

    def __enter__(self) -> "Replicas":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for child in self.children.values():
            child.kill9()
        self.witness.stop()
        self._client.close()

    def start(self, name: str, **environ: str) -> OwnChild:
        """Start a process; a name that has ended may be started again."""
        child = self.children.setdefault(name, OwnChild(name, self._folder / f"{name}.log"))
        settings = self.settings
        child.spawn(
            [sys.executable, "-m", "services.sla", "work"],
            env={
                **os.environ,
                "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}",
                "BROKER_URL": settings.broker_url,
                "MONGO_URL": settings.mongo_url,
                "DATABASE_PREFIX": settings.database_prefix,
                "INSTANCE_KEY": settings.instance_key,
                "INTERNAL_TOKEN": settings.internal_token,
                "TICKETS_ADDRESS": settings.tickets_address,
                "PROBE_HOST": "127.0.0.1",
                "LOG_LEVEL": "warning",
                **environ,
            },
            cwd=ROOT,
        )
        return child

    def members(self, work: str = "timers") -> int:
        """How many have a share of the alarms, those included whose lease has not run out yet."""
        row = self.database["leases"].find_one({"_id": f"alarms of {work}"})
        return len(row["members"]) if row is not None else 0

    def arm(self, due: Callable[[int], datetime], count: int, key: str = "") -> set[str]:
        """Lay timers into the store, as arming does; answers the ids of the events that they shall come to."""
        key = key or secrets.token_hex(4)
        rows = self.timer_rows(due, count, key)
        self.database["timers"].insert_many(rows, ordered=False)
        return {f"{row['ticket_id']}:timer:{row['_id']}:1" for row in rows}

    @staticmethod
    def timer_rows(due: Callable[[int], datetime], count: int, key: str) -> list[Document]:
        """Armed timers as rows."""
        rows = []
        for number in range(count):
            name = TimerName("test", f"{key}-{number}", 1)
            timer = Timer(name, due(number), ticket_id=f"t{number}", lane="email")
            rows.append({"_id": name.timer_id, **timer_to_row(timer, datetime.now(UTC))})
        return rows
