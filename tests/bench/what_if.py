"""How fast a past period is counted under another promise: a hundred thousand tickets of a year, beside the bare read."""

import logging
import random
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pymongo
import structlog

from chassis import mongo
from chassis.businesstime import Window
from chassis.clock import FixedClock
from chassis.leases import Lease
from chassis.mongo import Document, Documents
from local.nodes import MongoNode
from services.sla.adapters.mongo import INDEXES, Shelf
from services.sla.adapters.mongo.calendars import calendar_to_row
from services.sla.adapters.mongo.documents import clock_rows, clock_to_row
from services.sla.adapters.mongo.indexes import CAME
from services.sla.adapters.mongo.policies import policy_to_row
from services.sla.adapters.mongo.what_ifs import WhatIf, WhatIfs
from services.sla.adapters.what_if_counter import STEP, WhatIfCounter
from services.sla.application.imagine import Imagined
from services.sla.domain.calendar_days import written_out
from services.sla.domain.counting import AGENT, REQUESTER
from services.sla.domain.history import Entry, History
from services.sla.domain.record import ClockRecord
from services.sla.domain.snapshot import Change, Snapshot
from tests.ticket_story import OFFICE, a_line, a_policy

TICKETS = 100_000
# Seconds that they may take on one core.
MOST = 60
NOW = datetime.now(UTC).replace(microsecond=0)
YEAR = timedelta(days=365)
_TARGETS = ("first_reply", "next_reply", "requester_wait", "resolution")
_POLICY = a_policy(
    *(a_line(name, hours) for name, hours in zip(_TARGETS, (4, 2, 16, 18), strict=True)),
    a_line("first_reply", 1, priority="urgent"),
)
_TAGS = tuple(f"tag-{number}" for number in range(70))


def measure(folder: Path, tickets: int) -> Iterator[str]:
    """Lines about reading them, and about counting them anew in other hours, with other targets, and as they were."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with MongoNode(folder / "mongo", cache_gb=4.0) as node:
        client = mongo.connect(node.url, timeout=timedelta(seconds=60))
        database = client["bench_sla"]
        mongo.ensure_indexes(database, INDEXES)
        office = written_out(OFFICE, NOW)
        database["calendars"].insert_one(calendar_to_row(office))
        database["policies"].insert_one(policy_to_row(_POLICY))
        database["book"].insert_one({"_id": "count", "count": 1})
        begun = time.monotonic()
        _fill(database, tickets)
        yield f"what-if   {tickets} tickets stored in {time.monotonic() - begun:.0f} s"
        bare = statistics.median(_read(database, tickets) for _ in range(3))
        yield f"what-if   the same rows read bare in {bare:.1f} s, {tickets / bare:.0f}/s"
        saturday = Window(6, "10:00", "14:00")
        wide = replace(OFFICE, hours=replace(OFFICE.hours, windows=(*OFFICE.hours.windows, saturday)))
        shorter = replace(_POLICY, targets=tuple(a_line(name, 2) for name in _TARGETS))
        for label, drafts in (
            ("other hours", {"calendars": (written_out(wide, NOW),)}),
            ("other targets", {"policies": (shorter,)}),
            ("as it was", {}),
        ):
            seconds, cpu, told = _count(database, **drafts)
            turned = sum(
                one.newly_breached + one.no_longer_breached for (_, by, _), one in told.sums.items() if not by
            )
            yield (
                f"RATIO what-if {label}: {told.tickets} tickets in {seconds:.1f} s, {cpu:.1f} CPU-s "
                f"(at most {MOST * told.tickets / TICKETS:.0f}), {turned} targets turn, "
                f"{told.tickets / seconds:.0f}/s, {cpu * 1_000_000 / told.tickets:.0f} CPU-us each; "
                f"{seconds / bare:.1f} times the bare read"
            )
        client.close()


def _count(database: Documents, **drafts: Any) -> tuple[float, float, WhatIf]:
    """Seconds, and CPU seconds of this process."""
    what_ifs, clock = WhatIfs(database), FixedClock(NOW)
    wanted = Imagined(drafts.get("policies", ()), drafts.get("calendars", ()), NOW - YEAR, NOW)
    name = f"bench-{time.monotonic_ns()}"
    what_ifs.add(name, wanted, "bench", NOW)
    counter = WhatIfCounter(database, clock, Shelf(database))
    lease, begun, cpu = Lease("bench", "bench", 1, 10**9), time.monotonic(), time.process_time()
    while counter.count(lease):
        pass
    seconds, cpu = time.monotonic() - begun, time.process_time() - cpu
    told = what_ifs.get(name)
    assert told is not None
    return seconds, cpu, told


def _read(database: Documents, tickets: int) -> float:
    """Seconds for all rows in the same order, by the driver alone."""
    begun = time.monotonic()
    rows = clock_rows(database).find({}, {"said": 0, "armed": 0}, batch_size=STEP)
    assert sum(1 for _ in rows.sort([("ticket.created_at", 1), ("_id", 1)]).hint(CAME)) == tickets
    return time.monotonic() - begun


def _fill(database: Documents, tickets: int) -> None:
    chance, rows = random.Random(1), database["clocks"]
    with pymongo.timeout(300):
        for first in range(0, tickets, STEP):
            some = [_row(chance, f"t{number:07}") for number in range(first, min(first + STEP, tickets))]
            rows.insert_many(some, ordered=False)


def _row(chance: random.Random, ticket_id: str) -> Document:
    """A ticket that is answered, asked about again, waits, and is most often solved: seven facts."""
    at = NOW - timedelta(
        seconds=chance.randrange(int(YEAR.total_seconds())), milliseconds=chance.randrange(1_000)
    )
    snapshot = Snapshot(
        ticket_id,
        7,
        at,
        "solved",
        chance.choice(("low", "medium", "high", "urgent")),
        channel=f"channel-{chance.randrange(8)}",
        lane="email",
        group=f"group-{chance.randrange(12)}",
        tags=tuple(chance.sample(_TAGS, 2)),
        about=(
            "email",
            "support@shop.example",
            "Where is my parcel?",
            "c1",
            "ana@mail.example",
            "Ana Ribeiro",
        ),
    )
    opening = tuple(
        Change(one.field, "", "new" if one.field == "status" else one.new) for one in snapshot.opening
    )
    entries = [Entry(1, 0, at, REQUESTER, opening, True)]
    course = (
        (AGENT, "new", "open"),
        ("", "open", "pending"),
        (REQUESTER, "pending", "open"),
        ("", "open", "on_hold"),
        (AGENT, "on_hold", "open"),
        ("", "open", "solved"),
    )
    for version, (wrote, old, new) in enumerate(course, 2):
        at += timedelta(seconds=chance.expovariate(1 / 14_400))
        at = at.replace(microsecond=at.microsecond // 1_000 * 1_000)
        entries.append(Entry(version, 0, at, wrote, (Change("status", old, new),)))
    history = History(snapshot, at, entries, seen_to=7)
    return {"_id": ticket_id, **clock_to_row(ClockRecord(history)), "edition": 1}
