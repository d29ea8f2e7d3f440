"""How late timers take effect: a million armed, two thousand due in one second; and what a look costs while none is due."""

import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pymongo
from pymongo.write_concern import WriteConcern

from chassis.mongo import Document
from chassis.service import Parts
from chassis.shares import Share, Shares
from local.broker_management import BrokerManagement
from local.nodes import BrokerNode, MongoNode
from services.sla.adapters.alarms import AlarmPoller
from services.sla.adapters.measures import Measures
from services.sla.adapters.mongo import SHARDS, MongoPorts, Shelf
from services.sla.adapters.mongo.documents import clock_to_row
from services.sla.adapters.mongo.policies import policy_to_row
from services.sla.application import HANDLERS
from services.sla.domain.book import Book
from services.sla.domain.commands import FireAlarm, FireTimer
from services.sla.domain.record import ClockRecord
from tests.sla_replicas import Replicas
from tests.ticket_story import BERLIN, Story, a_line, a_policy

ARMED = 1_000_000
DUE = 2_000
_COPIED = 1_000
_WITHIN = timedelta(hours=8)
_POLICY = a_policy(a_line("resolution", 8, time="calendar"), calendar_id="")
_LOOKS = 300
_UNSAFE = WriteConcern(w=1, j=False)


def measure(folder: Path, armed: int) -> Iterator[str]:
    """Lines about timers that others set, and about the clocks of tickets, each with so many armed."""
    with BrokerNode(folder / "broker") as broker, MongoNode(folder / "mongo", cache_gb=4.0) as mongo:
        BrokerManagement(broker.management_url).create_vhost("timers")
        with Replicas(broker.url_of("timers"), mongo.url, "bench_", folder) as replicas:
            replicas.database["policies"].insert_one(policy_to_row(_POLICY))
            replicas.database["book"].insert_one({"_id": "count", "count": 1})
            for rows in ("timers", "clocks"):
                begun = time.monotonic()
                _fill(replicas, rows, armed)
                yield f"{rows:9} {armed} armed in {time.monotonic() - begun:.0f} s"
            # What was just written is on the disk before anything is measured.
            with pymongo.timeout(120):
                replicas.database.client.admin.command("fsync")
            yield from _idle(replicas)
            replicas.start("work")
            _await(lambda: replicas.members("timers") == replicas.members("clocks") == 1, "a replica")
            for rows in ("timers", "clocks"):
                # The first second is for imports, plans and pages that nobody has read yet.
                _wave(replicas, rows, DUE // 10, timedelta(seconds=1))
                for spread in (timedelta(seconds=1), timedelta(0)):
                    waits = _wave(replicas, rows, DUE, spread)
                    how = "over one second" if spread else "at one moment"
                    p99 = waits[int(len(waits) * 0.99)]
                    yield (
                        f"RATIO {rows} {DUE} due {how} of {armed}: heard p50 {statistics.median(waits):.2f} s, "
                        f"p99 {p99:.2f} s, last {waits[-1]:.2f} s after their moment (p99 at most 1)"
                    )


def _fill(replicas: Replicas, rows: str, armed: int) -> None:
    """Arm so many for days to come. The store copies them itself: to send them would take longer than to measure."""
    far = datetime.now(UTC) + timedelta(days=3)
    some = replicas.timer_rows if rows == "timers" else _clocks
    made = some(lambda _: far, _COPIED, "far")
    of = replicas.database.get_collection(rows, write_concern=_UNSAFE)
    of.insert_many(made, ordered=False)
    # Longer than any call of a service may take.
    with pymongo.timeout(300):
        of.aggregate(
            [
                {"$set": {"copy": {"$range": [0, armed // _COPIED]}}},
                {"$unwind": "$copy"},
                {
                    "$set": {
                        "_id": {"$concat": [{"$toString": "$_id"}, "-", {"$toString": "$copy"}]},
                        "shard": {"$mod": [{"$add": ["$shard", "$copy"]}, SHARDS]},
                        "alarm_at": {"$add": ["$alarm_at", {"$multiply": ["$copy", 1_000]}]},
                    }
                },
                {"$unset": "copy"},
                {"$out": rows},
            ]
        )


def _clocks(due: Callable[[int], datetime], count: int, name: str) -> list[Document]:
    """Clocks of tickets whose only target is due then."""
    book, made = Book([_POLICY]), []
    for number in range(count):
        opened = (due(number) - _WITHIN).astimezone(BERLIN).replace(tzinfo=None).isoformat()
        record = ClockRecord(Story(opened, ticket_id=f"{name}-{number}").history())
        record.settle(book, due(number) - timedelta(minutes=1))
        made.append({"_id": f"{name}-{number}", **clock_to_row(record), "edition": 1})
    return made


def _idle(replicas: Replicas) -> Iterator[str]:
    """What a look costs while nothing is due, and by which index it finds that out."""
    parts = Parts("sla", "bench", replicas.settings, prefix="relaydesk")
    measures, shelf, now = Measures(parts.metrics), Shelf(parts.database), parts.clock.now()
    runner = parts.runner("bench", lambda unit: MongoPorts(unit, shelf, measures.said), HANDLERS)
    share = Shares(parts.database).take("idle", "bench", SHARDS, timedelta(minutes=10))
    for rows, fires in (("timers", FireTimer), ("clocks", FireAlarm)):
        poller = AlarmPoller(parts.database[rows], fires, parts.clock, runner, measures, batch=200)
        plan: dict[str, Any] = poller.look(share, now).explain()
        stats = plan["executionStats"]
        waits = sorted(_seconds_of(poller, share) * 1_000 for _ in range(_LOOKS))
        stages = " < ".join(_stages(plan["queryPlanner"]["winningPlan"]))
        yield f"{rows:9} an idle look goes {stages}"
        yield (
            f"RATIO {rows} idle look p50 {statistics.median(waits):.2f} ms, p99 {waits[int(_LOOKS * 0.99)]:.2f} ms "
            f"(at most 5); it touches {stats['totalKeysExamined']} keys and {stats['totalDocsExamined']} rows"
        )
    parts.close()


def _seconds_of(poller: AlarmPoller, share: Share) -> float:
    begun = time.monotonic()
    if poller.due(share, poller.clock.now()):
        raise RuntimeError("something is due that was armed for days to come")
    return time.monotonic() - begun


def _stages(plan: dict[str, Any]) -> list[str]:
    """The stages of a plan, each once, the outermost first; an index by its name."""
    here = f"{plan['stage']} {plan['indexName']}" if "indexName" in plan else str(plan["stage"])
    inner = [plan["inputStage"]] if "inputStage" in plan else plan.get("inputStages", plan.get("shards", []))
    return list(dict.fromkeys([here, *(stage for one in inner for stage in _stages(one))]))


def _wave(replicas: Replicas, rows: str, count: int, spread: timedelta) -> list[float]:
    """So many fall due; answers how many seconds after its moment each was heard, sorted."""
    name = f"wave{time.monotonic_ns()}"
    wall, here = datetime.now(UTC), time.monotonic()
    begins = (wall + timedelta(seconds=8)).replace(microsecond=0)
    spread_ms = spread // timedelta(milliseconds=1)
    # The store keeps milliseconds.
    moments = [begins + timedelta(milliseconds=spread_ms * number // count) for number in range(count)]
    if rows == "timers":
        made = replicas.timer_rows(moments.__getitem__, count, name)
        events = [f"t{number}:timer:test:{name}-{number}:1" for number in range(count)]
    else:
        made = _clocks(moments.__getitem__, count, name)
        events = [f"{name}-{number}:resolution:1:breached" for number in range(count)]
    due = dict(zip(events, moments, strict=True))
    replicas.database[rows].insert_many(made, ordered=False)
    if datetime.now(UTC) > begins:
        raise RuntimeError("it took too long to arm them")
    kind = "TimerFired" if rows == "timers" else "TimerBreached"
    seen: dict[str, float] = {}

    def all_heard() -> bool:
        seen.update({said.event_id: at for said, at in reversed(replicas.witness.of(kind))})
        return due.keys() <= seen.keys()

    _await(all_heard, f"{count} {rows} to fire")
    waits = [seen[event] - here - (at - wall).total_seconds() for event, at in due.items()]
    if min(waits) < 0:
        raise RuntimeError(f"{rows}: one fired {-min(waits):.3f} s before its moment")
    return sorted(waits)


def _await(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited a minute for {what}")
        time.sleep(0.05)
