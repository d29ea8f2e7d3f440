"""Whether anything at all is on its way in a system: the question before its clock may be moved.

Work lies in one of two places, in the store or in the broker, and what a process has in its hands is still in the place
that it was taken from: a listener commits before it acks, an outbox forgets what the broker confirmed, a job is acked
when it is done, a row that is due stays due until the commit that settles it. So it is enough to look at both places,
at one moment. They cannot be asked at one moment; this order does as well:

1. how many messages were ever acknowledged at the broker, at t1;
2. rows that are work, at t2: intake, sends, alarms;
3. outboxes, at t3;
4. how many messages were ever put into queues, at t4.

Neither number falls, and at no moment is the first above the second. Where the number of t4 equals that of t1, they were
equal all the time between, so that in this time the broker held nothing and nothing was published. Then whatever moved
in this time moved in the store alone. A row that was work before t2 and none at t2 was settled by a commit that wrote
what follows into an outbox; that was published before t1, and so handled before t1 with all that followed, or it lies
there at t3. Nothing seen at t2 and t3 therefore means: nothing is anywhere, until somebody comes from outside or the
clock is moved.

The numbers are RabbitMQ's global counters, which are counted as it happens; the counts of single queues are up to five
seconds old. Both count each queue that a message goes to. They begin anew with the broker: it must be ours alone.
"""

import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from pymongo import MongoClient

from chassis.boxes import BOXES, IS_OUT
from chassis.mongo import Document

SERVICES = ("ingest", "tickets", "rules", "sla", "reports")
_COUNTER = re.compile(r"^rabbitmq_global_messages_(routed|acknowledged)_total\{[^}]*\} (\S+)$", re.MULTILINE)
_LOOK_EVERY = 0.005


class NotStill(Exception):
    """Something has been on its way for longer than patience goes; one line with what it is."""


@dataclass(frozen=True)
class Traffic:
    """Messages since the broker began, each counted once for each queue."""

    routed: int
    acknowledged: int


class Broker:
    """The counters of a broker that serves nobody else."""

    def __init__(self, metrics_url: str) -> None:
        self._url = metrics_url

    def traffic(self) -> Traffic:
        """Read the counters; OSError where the broker does not answer."""
        with urllib.request.urlopen(self._url, timeout=30) as answer:
            return read_traffic(answer.read().decode())


def read_traffic(metrics: str) -> Traffic:
    """The two numbers out of a page of metrics; ValueError where it does not have them."""
    counted: dict[str, int] = {}
    for name, number in _COUNTER.findall(metrics):
        counted[name] = counted.get(name, 0) + int(float(number))
    if len(counted) < 2:
        raise ValueError("the broker has no global counters: RabbitMQ 3.10 or newer is needed")
    return Traffic(counted["routed"], counted["acknowledged"])


class Store:
    """What lies in the services' databases and has yet to be done."""

    def __init__(self, client: MongoClient[Document], prefix: str) -> None:
        self._databases = {service: client[f"{prefix}{service}"] for service in SERVICES}

    def work(self, now: datetime) -> Iterator[str]:
        """Names of what is not done at this moment; the outboxes last, as the proof has it."""
        places: list[tuple[str, str, str, Document]] = [
            ("ingest", "intake", "accepted messages", {"state": "accepted"}),
            ("ingest", "sends", "replies", {"state": "sending"}),
            ("ingest", "sends", "replies that are due", {"state": "queued", "due_at": {"$lte": now}}),
            ("sla", "clocks", "alarms", {"alarm_at": {"$lte": now}}),
            ("sla", "timers", "timers", {"alarm_at": {"$lte": now}}),
            ("sla", "clocks", "gaps", {"gap_since": {"$exists": True}}),
        ]
        for service, collection, what, where in places:
            if self._databases[service][collection].find_one(where, {"_id": 1}) is not None:
                yield what
        for service, database in self._databases.items():
            if database[BOXES].find_one(IS_OUT, {"_id": 1}) is not None:
                yield f"the outbox of {service}"

    def next_due(self) -> datetime | None:
        """The earliest moment at which something falls due by itself; only true while all is still."""
        ingest, sla = self._databases["ingest"], self._databases["sla"]
        found = [
            sla["clocks"].find_one(
                {"alarm_at": {"$exists": True}}, {"m": "$alarm_at"}, sort=[("alarm_at", 1)]
            ),
            sla["timers"].find_one(
                {"alarm_at": {"$exists": True}}, {"m": "$alarm_at"}, sort=[("alarm_at", 1)]
            ),
            ingest["sends"].find_one({"state": "queued"}, {"m": "$due_at"}, sort=[("due_at", 1)]),
        ]
        return min((row["m"] for row in found if row is not None), default=None)


class Stillness:
    """Waits until nothing is on its way."""

    def __init__(
        self,
        broker: Callable[[], Traffic],
        work: Callable[[], Iterator[str]],
        *,
        patience: float = 120.0,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._broker = broker
        self._work = work
        self._patience = patience
        self._monotonic = monotonic
        self._sleep = sleep

    def is_still(self) -> bool:
        """Whether there was a moment since the call at which nothing was on its way."""
        acknowledged = self._broker().acknowledged
        if next(self._work(), None) is not None:
            return False
        return self._broker().routed == acknowledged

    def wait(self) -> None:
        """Return when all is still; NotStill where it does not come to rest."""
        ends = self._monotonic() + self._patience
        while not self.is_still():
            if self._monotonic() > ends:
                raise NotStill(f"after {self._patience:.0f} s there is still {self.what_moves()}")
            self._sleep(_LOOK_EVERY)

    def what_moves(self) -> str:
        """In words for a person, about."""
        traffic, work = self._broker(), list(self._work())
        if messages := traffic.routed - traffic.acknowledged:
            work.append(f"messages at the broker: {messages}")
        return ", ".join(work) or "nothing any more"
